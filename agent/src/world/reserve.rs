//! Room on the disk that is taken while there is some, for what takes away, for the marks, and for
//! what frees a spool: a disk that filled up since keeps none of them back.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// As much as marks and what stands beside a list take, twice.
const RESERVED_BYTES: u64 = 4 << 20;

/// A file that holds nothing, and its room.
pub(crate) struct Reserve(PathBuf);

impl Reserve {
    /// The file at a path.
    pub(crate) fn of(path: PathBuf) -> Self {
        Self(path)
    }

    /// Takes the room, if it is not taken; without it the gate goes on.
    pub(crate) fn take(&self) {
        if self.0.metadata().is_ok_and(|held| held.len() >= RESERVED_BYTES) {
            return;
        }
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false).mode(0o600);
        let taken = options.open(&self.0).and_then(|file| {
            system::file::reserve(&file, 0, RESERVED_BYTES)?;
            file.set_len(RESERVED_BYTES)
        });
        if let Err(error) = taken {
            tracing::warn!(%error, "no room is taken for what is told next");
        }
    }

    /// Gives it up to whoever writes next.
    pub(crate) fn release(&self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(%error, "the room for what is told is gone");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn room_is_taken_beforehand_and_given_up_when_it_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(folder.path().join("reserve"));
        reserve.take();
        let held = folder.path().join("reserve").metadata().unwrap();
        assert!(held.len() >= RESERVED_BYTES && held.blocks() * 512 >= RESERVED_BYTES);
        reserve.release();
        assert!(!folder.path().join("reserve").exists());
        reserve.take();
        assert!(folder.path().join("reserve").exists());
    }
}
