//! A folder of plain texts, as a bundle of rules lies in one.

use crate::file::{TooLarge, read_text_at_most};
use std::io;
use std::path::{Path, PathBuf};

/// All files of a folder together have so many bytes at most: more no operator hands to a CA.
const TEXTS_BYTES_MAX: u64 = 16 << 20;

/// Why a folder is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The file system says no, or a file is no text.
    #[error("{path}: {error}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What it says.
        error: io::Error,
    },
    /// A link or a folder lies there.
    #[error("{0}: 文件夹中只能有普通文件 / the folder holds plain files only")]
    NotPlain(PathBuf),
    /// Its files together are longer than any bundle.
    #[error(
        "{0}: 文件夹中的文件合计至多 {most} 字节 / the files of the folder have {most} bytes at \
         most together",
        most = TEXTS_BYTES_MAX
    )]
    TooLarge(PathBuf),
}

/// The files of a folder with their contents, by name. Hidden ones are none of it; a link or a
/// folder is refused, so that what is read is what lies there; more than so many bytes are, too.
pub fn plain_texts(folder: &Path) -> Result<Vec<(String, String)>, FolderError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |error| FolderError::Io { path, error }
    };
    let (mut files, mut left) = (Vec::new(), TEXTS_BYTES_MAX);
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if !std::fs::symlink_metadata(&path).map_err(failed(&path))?.is_file() {
            return Err(FolderError::NotPlain(path));
        }
        let text = match read_text_at_most(&path, left) {
            Err(error) if TooLarge::of(&error).is_some() => {
                return Err(FolderError::TooLarge(folder.to_owned()));
            }
            read => read.map_err(failed(&path))?,
        };
        left = left.saturating_sub(text.len() as u64);
        files.push((name, text));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_texts_holds_plain_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("b.toml"), "x").unwrap();
        std::fs::write(at("a.toml"), "y").unwrap();
        std::fs::write(at(".b.toml.new"), "half").unwrap();
        let names = || plain_texts(folder.path()).unwrap().into_iter().map(|(name, _)| name);
        assert_eq!(names().collect::<Vec<_>>(), ["a.toml", "b.toml"]);
        std::os::unix::fs::symlink(at("b.toml"), at("link.toml")).unwrap();
        let refused = plain_texts(folder.path()).unwrap_err();
        assert!(refused.to_string().contains("plain files"), "{refused}");
    }

    /// Many files are no more than one that is as long.
    #[test]
    fn a_folder_of_texts_holds_so_many_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let text = "x".repeat(4 << 20);
        for name in ["a", "b", "c", "d"] {
            std::fs::write(folder.path().join(name), &text).unwrap();
        }
        assert_eq!(plain_texts(folder.path()).unwrap().len(), 4);
        std::fs::write(folder.path().join("e"), "").unwrap();
        assert_eq!(plain_texts(folder.path()).unwrap().len(), 5);
        std::fs::write(folder.path().join("e"), "x").unwrap();
        let refused = plain_texts(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("16777216 bytes at most together"), "{refused}");
    }
}
