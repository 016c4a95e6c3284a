//! A cheap look whether anything was committed, so that idle loops cost nothing.

use crate::open::Store;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

/// Without a sign a watcher looks this often all the same. So late at most is seen what leaves no
/// sign: a commit within one tick of the file's clock that does not make the file longer.
const LOOK_ANYWAY: Duration = Duration::from_millis(250);

/// Watches one database.
pub struct Watch {
    /// SQLite's write-ahead log, which grows or is touched with every commit of any process.
    wal: Option<PathBuf>,
    seen: Option<(SystemTime, u64)>,
    looked: Instant,
}

impl Store {
    /// Begins to watch; the first look says that something changed.
    pub fn watch(&self) -> Watch {
        let wal = match self {
            Self::Sqlite(sqlite) => {
                let options = sqlite.reading.connect_options();
                Some(PathBuf::from(format!("{}-wal", options.get_filename().display())))
            }
            Self::Postgres(_) => None,
        };
        Watch { wal, seen: None, looked: Instant::now() }
    }
}

impl Watch {
    /// Whether something may have been committed since the last look.
    pub fn changed(&mut self) -> bool {
        let Some(wal) = &self.wal else { return true };
        let state = std::fs::metadata(wal).ok().and_then(|m| Some((m.modified().ok()?, m.len())));
        if state == self.seen && state.is_some() && self.looked.elapsed() < LOOK_ANYWAY {
            return false;
        }
        self.seen = state;
        self.looked = Instant::now();
        true
    }
}
