//! A folder of plain texts, as a bundle of rules lies in one.

use std::io;
use std::path::{Path, PathBuf};

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
}

/// The files of a folder with their contents, by name. Hidden ones are none of it; a link or a
/// folder is refused, so that what is read is what lies there.
pub fn plain_texts(folder: &Path) -> Result<Vec<(String, String)>, FolderError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |error| FolderError::Io { path, error }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if !std::fs::symlink_metadata(&path).map_err(failed(&path))?.is_file() {
            return Err(FolderError::NotPlain(path));
        }
        files.push((name, std::fs::read_to_string(&path).map_err(failed(&path))?));
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
}
