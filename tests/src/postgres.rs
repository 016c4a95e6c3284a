//! A PostgreSQL server of the test's own, ended with the test.

use crate::{binary, target};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A server that runs.
pub struct Postgres {
    home: TempDir,
    address: String,
}

impl Postgres {
    /// Starts one, with empty databases.
    pub fn start() -> Self {
        // Its socket's path must be short.
        let home = tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp").unwrap();
        let like = target().join("postgres");
        let words = ["start", "--like", like.to_str().unwrap()];
        let address = asked(home.path(), &words).trim().to_owned();
        Self { home, address }
    }

    /// Address with `{user}` and `{name}` left open.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// Ends every connection and starts it again, with what it knew.
    pub fn restart(&self) {
        asked(self.home.path(), &["restart"]);
    }

    /// Writes what the CA's database holds now to a file.
    pub fn dump(&self, to: &Path) {
        asked(self.home.path(), &["dump", to.to_str().unwrap()]);
    }

    /// Puts back what a file holds; nobody may be connected.
    pub fn restore(&self, from: &Path) {
        asked(self.home.path(), &["restore", from.to_str().unwrap()]);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        asked(self.home.path(), &["stop"]);
    }
}

fn asked(folder: &Path, words: &[&str]) -> String {
    let done =
        Command::new(binary("xtask")).arg("postgres").arg(folder).args(words).output().unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}
