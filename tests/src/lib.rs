//! An office for tests: a sample city of its own, its processes started and ended by their ids, and
//! the people who act in it. Everything runs as built; only clients that have to misbehave are made
//! here.

pub mod authenticator;
pub mod browser;
pub mod captured;
mod city;
pub mod gate;
pub mod invariants;
pub mod matrix;
pub mod people;
pub mod postgres;
pub mod processes;
pub mod running;
pub mod vectors;
pub mod web;

pub use people::{Officer, Official};
pub use processes::Office;
pub use running::Running;

use std::path::{Path, PathBuf};

/// A binary of this workspace, as `cargo build --workspace` made it.
pub fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let target = own.ancestors().find(|folder| folder.ends_with("deps")).unwrap();
    let path = target.parent().unwrap().join(name);
    assert!(path.exists(), "{name} is not built; next: cargo build --workspace");
    path
}

/// A folder that outlives a test, below the workspace's target folder.
pub fn target() -> PathBuf {
    let folder = binary("xtask").with_file_name("tests-keep");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What this machine's clock says, in Unix seconds: for what has to be fresh.
pub fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "tests drive real processes, which read a clock")]
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// Random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}
