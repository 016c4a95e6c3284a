//! A file that is written beside its place, and then moved there in one step.

use super::names::{beside_of, folder_of};
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Read by its owner only: keys, letters, what names people.
pub(super) const PRIVATE: u32 = 0o600;
/// Up to so many files are synced one by one; of more, their whole file system is, once.
pub(super) const SYNCED_SINGLY: usize = 4;

/// Makes the names in a folder durable: what was moved, made or removed there stays so.
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()
}

/// A synced file beside its place; locked until it is dropped.
pub(super) struct Beside {
    pub(super) path: PathBuf,
    pub(super) file: File,
}

impl Beside {
    pub(super) fn fill(&self, bytes: &[u8]) -> Result<()> {
        self.file.set_len(0)?;
        (&self.file).write_all(bytes)
    }
}

pub(super) fn write_beside(path: &Path, bytes: &[u8], mode: u32) -> Result<Beside> {
    let beside = take_beside(path, mode)?;
    beside.fill(bytes)?;
    beside.file.sync_all()?;
    Ok(beside)
}

/// Opens the file beside and locks it; only one that still stands there then, and nowhere else, is
/// ours: before the lock was had, another writer may have moved it to its place.
pub(super) fn take_beside(path: &Path, mode: u32) -> Result<Beside> {
    let beside = beside_of(path)?;
    loop {
        if beside.is_symlink() {
            std::fs::remove_file(&beside)?;
        }
        let file = open(&beside, mode)?;
        file.lock()?;
        let held = file.metadata()?;
        match std::fs::symlink_metadata(&beside) {
            Ok(named) if (named.dev(), named.ino()) == (held.dev(), held.ino()) => {
                if held.nlink() == 1 {
                    return Ok(Beside { path: beside, file });
                }
                // A crash between the two steps of `move_new`: the text is in its place already.
                std::fs::remove_file(&beside)?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

/// Makes the file, or opens the one that is there, which must take the mode. A new one is not asked
/// again: a stick without modes says for all of its files who reads them.
fn open(beside: &Path, mode: u32) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).mode(mode).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    match options.clone().create_new(true).open(beside) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let file = options.create(true).truncate(false).open(beside)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(file)
}

pub(super) fn move_over(beside: &Beside, path: &Path) -> Result<()> {
    std::fs::rename(&beside.path, path)?;
    sync_folder(folder_of(path))
}

/// A second name fails where there is a file, in one step; only then is the first one taken away.
/// File systems without second names can refuse to replace.
pub(super) fn move_new(beside: &Beside, path: &Path) -> Result<()> {
    name_new(beside, path)?;
    sync_folder(folder_of(path))
}

/// The same, before the folder is synced.
pub(super) fn name_new(beside: &Beside, path: &Path) -> Result<()> {
    match std::fs::hard_link(&beside.path, path) {
        Ok(()) => std::fs::remove_file(&beside.path)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(&beside.path)?;
            return Err(error);
        }
        Err(_) => {
            renameat_with(CWD, &beside.path, CWD, path, RenameFlags::NOREPLACE)?;
        }
    }
    Ok(())
}
