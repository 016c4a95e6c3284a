//! Checkpoints of SQLite's write-ahead log, beside those who write and best while they pause:
//! otherwise every thousandth page makes one commit wait until all of them are carried over and
//! synced, which takes long in a large database.

use crate::embedded::Database;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often the log is looked at, where anything was committed.
const LOOK: Duration = Duration::from_secs(1);
/// Fewer pages need no checkpoint yet, more wait for a pause no longer.
const FEW: u64 = 256;
const MANY: u64 = 8_192;

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
            let touched = touched(&path);
            let pauses = touched == seen;
            seen = touched;
            if touched.is_none() || touched == done {
                continue;
            }
            // What fails here fails again where a commit has to do it, and is told there.
            let waiting = database.uncarried().await.unwrap_or(0);
            if pauses || waiting >= MANY {
                done = touched;
            }
            if waiting >= MANY || (pauses && waiting >= FEW) {
                // Another process may be at it: then there is nothing to do here.
                let _ = database.checkpoint().await;
            }
        }
    });
}

/// When the log was last written.
fn touched(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}
