//! Checkpoints of SQLite's write-ahead log, beside those who write and best while they pause:
//! otherwise every thousandth page makes one commit wait until all of them are carried over and
//! synced, which takes long in a large database.

use sqlx::SqlitePool;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How often the log is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// A shorter log needs no checkpoint yet, a longer one waits for a pause no more; in bytes.
const SHORT: u64 = 1024 * 1024;
const LONG: u64 = 32 * 1024 * 1024;
/// To what the file shrinks when all of it is carried over: its length tells how much waits.
pub(crate) const KEPT_BYTES: &str = "1048576";
/// Pages at which a commit carries them over by itself, if nobody came to it before.
pub(crate) const PAGES_MAX: &str = "16000";

/// Carries pages over until the pool is closed or its process ends. A crash on the way costs
/// nothing: the log stays until all of it is in its place.
pub(crate) fn keep(pool: SqlitePool) {
    let path = format!("{}-wal", pool.connect_options().get_filename().display());
    tokio::spawn(async move {
        let (mut seen, mut done) = (None, None);
        while !pool.is_closed() {
            tokio::time::sleep(LOOK).await;
            let state = state(Path::new(&path));
            let pauses = state == seen;
            seen = state;
            let Some((_, length)) = state else { continue };
            if state == done || length < SHORT || (!pauses && length < LONG) {
                continue;
            }
            done = state;
            // Another process may be at it: then there is nothing to do here. What fails here fails
            // again where a commit has to do it, and is told there.
            let _ = sqlx::query("pragma wal_checkpoint(passive)").execute(&pool).await;
        }
    });
}

fn state(path: &Path) -> Option<(SystemTime, u64)> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}
