//! Files that somebody hands in, on a command line or in a setting: none is read further than what
//! it is read as may be long, whatever stands for its name.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// So many bytes a file has at most that somebody hands in, unless its kind has less: a document, a
/// certificate, a configuration.
pub const GIVEN_BYTES_MAX: u64 = 32 << 20;

/// Why a file is not read: it is longer than what it is read as, or has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("文件过大，至多 {most} 字节 / the file is too large: {most} bytes at most")]
pub struct TooLarge {
    /// So many bytes would be read.
    pub most: u64,
}

impl TooLarge {
    /// What `error` says of that, if it is the reason.
    pub fn of(error: &Error) -> Option<Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()).copied()
    }
}

/// Reads a file that somebody hands in.
pub fn read_given(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, GIVEN_BYTES_MAX)
}

/// Reads a text that somebody hands in.
pub fn read_given_text(path: &Path) -> Result<String> {
    read_text_at_most(path, GIVEN_BYTES_MAX)
}

/// Reads a file of so many bytes at most; of a longer one nothing more is in memory before it is
/// refused.
pub fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>> {
    read_open(&File::open(path)?, most)
}

/// Reads a text of so many bytes at most.
pub fn read_text_at_most(path: &Path, most: u64) -> Result<String> {
    let not_utf8 = "不是 UTF-8 文字 / no text in UTF-8";
    let text = String::from_utf8(read_at_most(path, most)?);
    text.map_err(|_| Error::new(ErrorKind::InvalidData, not_utf8))
}

/// Reads what was opened, likewise.
pub(super) fn read_open(file: &File, most: u64) -> Result<Vec<u8>> {
    // Room for all of it at once: what holds a secret leaves no shorter copies behind.
    let length = file.metadata()?.len().min(most);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0).saturating_add(1));
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > most {
        return Err(Error::new(ErrorKind::FileTooLarge, TooLarge { most }));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is as long as it may be is read whole; one byte more is refused, and so is what has no
    /// end, with how much it may be.
    #[test]
    fn a_file_is_read_no_further_than_it_may_be_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("given");
        for (length, most) in [(0, 0), (0, 9), (8, 9), (9, 9)] {
            std::fs::write(&path, vec![b'a'; length]).unwrap();
            assert_eq!(read_at_most(&path, most).unwrap().len(), length);
            assert_eq!(read_text_at_most(&path, most).unwrap(), "a".repeat(length));
        }
        std::fs::write(&path, [b'a'; 10]).unwrap();
        for path in [path.as_path(), Path::new("/dev/zero")] {
            let error = read_at_most(path, 9).unwrap_err();
            assert_eq!(TooLarge::of(&error), Some(TooLarge { most: 9 }));
            let both = "文件过大，至多 9 字节 / the file is too large: 9 bytes at most";
            assert_eq!(error.to_string(), both);
        }
        assert!(TooLarge::of(&read_given(Path::new("/dev/zero")).unwrap_err()).is_some());
        std::fs::write(&path, [0xff]).unwrap();
        let error = read_given_text(&path).unwrap_err();
        assert_eq!((error.kind(), TooLarge::of(&error)), (ErrorKind::InvalidData, None));
    }
}
