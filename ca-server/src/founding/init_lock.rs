//! One `init` at a time: for a directory by a file beside it, for a database that outlives it by a
//! lock there. Both end with the process, however it ends.

use anyhow::Context;
use ca_host::CaConfig;
use std::fs::File;
use std::path::{Path, PathBuf};
use store::Store;

/// Another `init` is under way.
#[derive(Debug, thiserror::Error)]
#[error(
    "另一个 init 正在建立此城市；下一步：等其结束后 ca-server doctor / another init is under way for \
     this city; next: wait for it, then ca-server doctor"
)]
pub struct FoundingInProgress;

/// Held while a city is founded.
pub(super) struct InitLock {
    path: PathBuf,
    _file: File,
    _database: Option<store::DatabaseLock>,
}

impl InitLock {
    /// Takes both places, or says that they are taken.
    pub(super) async fn hold(parent: &Path, name: &str, config: &CaConfig) -> anyhow::Result<Self> {
        let path = parent.join(format!(".{name}.lock"));
        let file = system::file::open_lock(&path).with_context(|| path.display().to_string())?;
        if file.try_lock().is_err() {
            return Err(FoundingInProgress.into());
        }
        let database = match config.database.strip_prefix("sqlite:") {
            Some(_) => None,
            None => {
                let store = Store::open(&config.database).await?;
                Some(store.alone().await?.ok_or(FoundingInProgress)?)
            }
        };
        Ok(Self { path, _file: file, _database: database })
    }
}

impl Drop for InitLock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
