//! What the log has already and a gate keeps for a while all the same, so that its owner can ask
//! what other rules would have said of it. Nothing rests on it: it goes before anything else does.

use super::segment;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const DAY_SECONDS: u64 = 86_400;

/// How much is kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct KeptSegments {
    /// Bytes of segments; nothing is kept where it is 0.
    pub bytes: u64,
    /// Days.
    pub days: u64,
}

/// The folder of what is kept, in a spool's.
pub fn folder(spool: &Path) -> PathBuf {
    spool.join("kept")
}

impl KeptSegments {
    /// Takes a segment out of the spool: it is moved to what is kept, or removed where it cannot
    /// be. A disk with less room than all that may be kept keeps nothing.
    pub(super) fn take(self, spool: &Path, number: u64, now: u64) -> io::Result<()> {
        let path = segment::path(spool, number);
        let moved = self.has_room(spool).then(|| {
            let kept = folder(spool);
            std::fs::create_dir_all(&kept)?;
            std::fs::rename(&path, segment::path(&kept, number))
        });
        if !matches!(moved, Some(Ok(()))) {
            std::fs::remove_file(&path)?;
        }
        if let Err(error) = self.prune(spool, now) {
            tracing::warn!(%error, "what is kept of the spool cannot be looked at");
        }
        Ok(())
    }

    fn has_room(self, spool: &Path) -> bool {
        let free = rustix::fs::statvfs(spool).ok();
        let free = free.and_then(|found| found.f_bavail.checked_mul(found.f_frsize));
        self.bytes > 0 && free.is_some_and(|free| free > self.bytes)
    }

    /// Removes what is too old or too much, oldest first.
    fn prune(self, spool: &Path, now: u64) -> io::Result<()> {
        let kept = folder(spool);
        if !kept.exists() {
            return Ok(());
        }
        let most = if self.has_room(spool) { self.bytes } else { 0 };
        let oldest = now.saturating_sub(self.days.saturating_mul(DAY_SECONDS));
        let mut bytes = 0;
        for number in segment::list(&kept)?.into_iter().rev() {
            let path = segment::path(&kept, number);
            let found = std::fs::metadata(&path)?;
            bytes += found.len();
            let is_old = u64::try_from(found.mtime()).is_ok_and(|at| at < oldest);
            if bytes > most || is_old {
                std::fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(spool: &Path) -> Vec<u64> {
        segment::list(&folder(spool)).unwrap_or_default()
    }

    /// What was handed in stays for its owner up to a bound, oldest first to go, and not at all
    /// where nothing is to be kept.
    #[test]
    fn what_is_kept_has_a_bound_and_an_age() {
        let spool = tempfile::tempdir().unwrap();
        let put = |number: u64| {
            std::fs::write(segment::path(spool.path(), number), [7; 100]).unwrap();
        };
        let (few, now) = (KeptSegments { bytes: 250, days: 7 }, service::Clock::system().seconds());
        for number in 1..=4 {
            put(number);
            few.take(spool.path(), number, now).unwrap();
            assert!(!segment::path(spool.path(), number).exists());
        }
        assert_eq!(numbers(spool.path()), [3, 4]);
        put(5);
        few.take(spool.path(), 5, now + 8 * DAY_SECONDS).unwrap();
        assert!(numbers(spool.path()).is_empty(), "too old");
        put(6);
        KeptSegments { bytes: 0, ..few }.take(spool.path(), 6, now).unwrap();
        assert!(!segment::path(spool.path(), 6).exists() && numbers(spool.path()).is_empty());
    }
}
