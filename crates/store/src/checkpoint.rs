//! Checkpoints of SQLite's write-ahead log, beside those who write and best while they pause:
//! otherwise every thousandth page makes one commit wait until all of them are carried over and
//! synced, which takes long in a large database.

use crate::embedded::Database;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often the log is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// A shorter log needs no checkpoint yet, a longer one waits for a pause no more; in bytes.
const SHORT: u64 = 1024 * 1024;
const LONG: u64 = 32 * 1024 * 1024;

/// Carries pages over until the database is closed or its process ends. A crash on the way costs
/// nothing: the log stays until all of it is in its place.
pub(crate) fn keep(database: &Arc<Database>) {
    let path = PathBuf::from(format!("{}-wal", database.path().display()));
    let database = Arc::downgrade(database);
    tokio::spawn(async move {
        let (mut seen, mut done) = (None, None);
        loop {
            tokio::time::sleep(LOOK).await;
            let open = database.upgrade().filter(|database| !database.is_closed());
            let Some(database) = open else { return };
            let state = state(&path);
            let pauses = state == seen;
            seen = state;
            let Some((_, length)) = state else { continue };
            if state == done || length < SHORT || (!pauses && length < LONG) {
                continue;
            }
            done = state;
            // Another process may be at it: then there is nothing to do here. What fails here fails
            // again where a commit has to do it, and is told there.
            let _ = database.checkpoint().await;
        }
    });
}

fn state(path: &Path) -> Option<(SystemTime, u64)> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}
