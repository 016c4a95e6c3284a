//! Secrets that are over: written over first, all of them made durable at once, and only then
//! removed, so that a crash between leaves names and no secrets. A disk that keeps old blocks keeps
//! what was in them; a loss of power may bring a name back, with nothing in it.

use super::names::{beside_of, folder_of};
use super::staged::SYNCED_SINGLY;
use rustix::fs::{OFlags, syncfs};
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file whose secret is gone for good, and whose name can go.
#[derive(Debug)]
pub struct Blanked(PathBuf);

impl Blanked {
    /// Removes the name; one that is gone is gone.
    pub fn remove(self) -> Result<()> {
        match std::fs::remove_file(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// The file lies at this path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Writes over files that are secrets and over; what a name links to is left alone. With each goes
/// what a crash left beside it. One that is gone is gone; one that cannot be written over keeps no
/// other back, and is given with its error.
pub fn blank(paths: &[PathBuf]) -> (Vec<Blanked>, Vec<(PathBuf, Error)>) {
    let (mut written, mut failed) = (Vec::new(), Vec::new());
    for path in paths {
        for path in [beside_of(path), Ok(path.clone())].into_iter().flatten() {
            match write_over(&path) {
                Ok(file) => written.push((Blanked(path), file)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => failed.push((path, error)),
            }
        }
    }
    let mut blanked = Vec::new();
    let many = written.len() > SYNCED_SINGLY;
    let mut synced = Vec::new();
    for (one, file) in written {
        let folder = folder_of(one.path()).to_owned();
        let durable = match file {
            None => Ok(()),
            Some(_) if synced.contains(&folder) => Ok(()),
            Some(file) if many => syncfs(&file).map_err(Error::from).map(|()| synced.push(folder)),
            Some(file) => file.sync_data(),
        };
        match durable {
            Ok(()) => blanked.push(one),
            Err(error) => failed.push((one.0, error)),
        }
    }
    (blanked, failed)
}

/// What has no content of its own, as a link, has nothing to write over.
fn write_over(path: &Path) -> Result<Option<File>> {
    let found = std::fs::symlink_metadata(path)?;
    if found.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !found.is_file() {
        return Ok(None);
    }
    let no_links = OFlags::NOFOLLOW.bits().cast_signed();
    let mut file = OpenOptions::new().write(true).custom_flags(no_links).open(path)?;
    let length = file.metadata()?.len();
    std::io::copy(&mut std::io::repeat(0).take(length), &mut file)?;
    Ok(Some(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shred(path: &Path) -> Result<()> {
        let (blanked, failed) = blank(&[path.to_owned()]);
        for one in blanked {
            one.remove()?;
        }
        failed.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
    }

    #[test]
    fn what_is_shredded_is_written_over_before_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("letter.json"), folder.path().join("other"));
        std::fs::write(&path, b"the code").unwrap();
        std::fs::write(folder.path().join(".letter.json.new"), "half of the co").unwrap();
        // Another name shows what became of the bytes.
        std::fs::hard_link(&path, &other).unwrap();
        shred(&path).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(std::fs::read(&other).unwrap(), [0; 8]);
        shred(&path).unwrap();
    }

    #[test]
    fn what_a_link_leads_to_is_not_shredded() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        std::fs::write(&elsewhere, "untouched").unwrap();
        let path = folder.path().join("letter.json");
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        shred(&path).unwrap();
        assert!(!path.is_symlink());
        assert_eq!(std::fs::read(&elsewhere).unwrap(), b"untouched");
        std::fs::create_dir(&path).unwrap();
        assert!(shred(&path).is_err(), "a folder is no letter");
    }

    /// Many at once are all written over before the first name goes.
    #[test]
    fn many_are_blank_before_one_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..9).map(|n| folder.path().join(format!("{n}.json"))).collect();
        for path in &paths[1..] {
            std::fs::write(path, b"the code").unwrap();
        }
        std::fs::create_dir(&paths[0]).unwrap();
        let (blanked, failed) = blank(&paths);
        assert_eq!(failed.len(), 1, "a folder keeps no file back");
        let at: Vec<&Path> = blanked.iter().map(Blanked::path).collect();
        assert_eq!(at, paths[1..].iter().map(PathBuf::as_path).collect::<Vec<_>>());
        for one in blanked {
            assert_eq!(std::fs::read(one.path()).unwrap(), [0; 8]);
            one.remove().unwrap();
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
