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

#[cfg(test)]
mod tests {
    use super::super::{FloorFile, Journal};
    use aws_lc_rs::hmac;

    /// Files of before take the place of a journal and its floor while it is open, or both are
    /// taken away: with the next entry all is there that was confirmed.
    #[test]
    fn what_was_confirmed_takes_its_place_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("losses");
        let (key, floor) =
            (hmac::Key::new(hmac::HMAC_SHA256, b"secret"), path.with_extension("floor"));
        FloorFile::found(&floor, &key).unwrap();
        let (mut journal, _) = Journal::open(&path, &key).unwrap();
        journal.append(b"first").unwrap();
        let before = [&path, &floor].map(|path| (path.clone(), std::fs::read(path).unwrap()));
        journal.append(b"second").unwrap();
        for (count, is_put_back) in [(3, true), (4, false)] {
            for (path, bytes) in &before {
                std::fs::remove_file(path).unwrap();
                if is_put_back {
                    system::file::create_private(path, bytes).unwrap();
                }
            }
            journal.append(b"next").unwrap();
            assert_eq!(Journal::open(&path, &key).unwrap().1.len(), count, "{is_put_back}");
        }
        std::fs::remove_file(&floor).unwrap();
        assert!(Journal::open(&path, &key).is_err(), "before the next one nobody begins without");
    }
}
