//! Tells how much room the disk has left, before nothing can be written any more.

use crate::{Metrics, Stop};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(10);
/// Less than this is told as "nearly full", in bytes.
const LITTLE: u64 = 1 << 30;
/// With less than this a process is not ready: what is recorded first may not be for long.
const NONE: u64 = 128 << 20;

/// Looks at the disk on which a folder lies, until the stop.
pub async fn watch(folder: PathBuf, metrics: Metrics, stop: Stop) {
    loop {
        if let Some(free) = free(&folder) {
            let (full, nearly) = told(free);
            metrics.condition("disk", full);
            metrics.notice("disk", nearly);
        }
        if !stop.pause(LOOK).await {
            return;
        }
    }
}

fn free(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

/// What is a condition, and what a notice.
fn told(free: u64) -> (&'static str, &'static str) {
    match free {
        ..NONE => ("full: less than 128 MiB are left", ""),
        NONE..LITTLE => ("", "nearly full: less than 1 GiB is left"),
        _ => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_nearly_full_before_it_is_full() {
        assert_eq!(told(LITTLE), ("", ""));
        assert!(told(LITTLE - 1).1.starts_with("nearly full"));
        assert_eq!(told(NONE).0, "");
        assert!(told(NONE - 1).0.starts_with("full"));
        assert!(free(Path::new("/")).is_some());
        assert!(free(Path::new("/nothing/there")).is_none());
    }
}
