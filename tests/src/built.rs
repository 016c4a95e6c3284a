//! What is built and where it lies; the clock and the randomness of this machine.

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
    system::random::bytes().unwrap()
}

/// Writes a passphrase that is long enough where nobody else reads it.
pub fn write_passphrase(path: &Path) {
    system::file::replace_private(path, b"a passphrase of some length\n").unwrap();
}
