//! Which file a process has open: another one that takes its place, put back from before by
//! whoever restores files, is not it, and what is written into the open one would be gone with it.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A file by its device and inode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    /// That of a file that is open.
    pub(super) fn of(file: &File) -> std::io::Result<Self> {
        Ok(Self::read(&file.metadata()?))
    }

    /// Whether this file lies at a path.
    pub(super) fn lies_at(&self, path: &Path) -> bool {
        std::fs::metadata(path).is_ok_and(|found| Self::read(&found) == *self)
    }

    fn read(found: &Metadata) -> Self {
        Self { device: found.dev(), inode: found.ino() }
    }
}
