//! Tells how much room the disk has left, bytes and files, before nothing can be written any more.

use crate::{Metrics, Stop};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(10);
/// Less than this is told as "nearly full", in bytes.
const LITTLE: u64 = 1 << 30;
/// With less than this a process is not ready: what is recorded first may not be for long.
const NONE: u64 = 128 << 20;
/// The same of files, which can run out while bytes are left.
const FEW_FILES: u64 = 100_000;
const NO_FILES: u64 = 10_000;

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

/// What a disk has left for whoever is not root.
#[derive(Clone, Copy)]
struct Free {
    bytes: u64,
    /// None where a file system does not count them.
    files: Option<u64>,
}

fn free(folder: &Path) -> Option<Free> {
    let found = rustix::fs::statvfs(folder).ok()?;
    let bytes = found.f_bavail.checked_mul(found.f_frsize)?;
    Some(Free { bytes, files: (found.f_files > 0).then_some(found.f_favail) })
}

/// What is a condition, and what a notice.
fn told(free: Free) -> (&'static str, &'static str) {
    match (free.bytes, free.files) {
        (..NONE, _) => ("full: less than 128 MiB are left", ""),
        (_, Some(..NO_FILES)) => ("full: less than 10,000 files are left (inodes)", ""),
        (NONE..LITTLE, _) => ("", "nearly full: less than 1 GiB is left"),
        (_, Some(NO_FILES..FEW_FILES)) => {
            ("", "nearly full: less than 100,000 files are left (inodes)")
        }
        _ => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_nearly_full_before_it_is_full() {
        let told = |bytes| told(Free { bytes, files: None });
        assert_eq!(told(LITTLE), ("", ""));
        assert!(told(LITTLE - 1).1.starts_with("nearly full"));
        assert_eq!(told(NONE).0, "");
        assert!(told(NONE - 1).0.starts_with("full"));
        assert!(free(Path::new("/")).is_some());
        assert!(free(Path::new("/nothing/there")).is_none());
    }

    /// A disk has no room for a file though it has bytes.
    #[test]
    fn files_run_out_while_bytes_are_left() {
        let told = |files| told(Free { bytes: LITTLE, files: Some(files) });
        assert_eq!(told(FEW_FILES), ("", ""));
        let nearly = told(FEW_FILES - 1);
        assert!(nearly.0.is_empty() && nearly.1.starts_with("nearly full"), "{nearly:?}");
        assert!(nearly.1.contains("inodes") && told(NO_FILES).0.is_empty());
        let full = told(NO_FILES - 1);
        assert!(full.0.starts_with("full") && full.0.contains("inodes"), "{full:?}");
        let both = super::told(Free { bytes: NONE - 1, files: Some(FEW_FILES - 1) });
        assert!(both.0.contains("128 MiB"), "what is worse is told");
        let both = super::told(Free { bytes: LITTLE - 1, files: Some(NO_FILES - 1) });
        assert!(both.0.contains("inodes"), "what is worse is told");
    }
}
