//! A file that is written beside its place, and then moved there in one step.

use super::names::{beside_of, folder_of};
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
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
pub(super) struct StagedFile {
    pub(super) path: PathBuf,
    pub(super) file: File,
}

impl StagedFile {
    pub(super) fn fill(&self, bytes: &[u8]) -> Result<()> {
        self.file.set_len(0)?;
        (&self.file).write_all(bytes)
    }
}

pub(super) fn write_beside(path: &Path, bytes: &[u8], mode: u32) -> Result<StagedFile> {
    let beside = take_beside(path, mode)?;
    beside.fill(bytes)?;
    beside.file.sync_all()?;
    Ok(beside)
}

/// Makes the file beside and locks it. One that lies there already is what a crash left, or what
/// somebody else put there who may still have it open or under another name: it is waited for,
/// since a writer may be at work on it, and then taken away, and neither its text nor its mode is
/// changed. Only one that still stands there once the lock is had, and nowhere else, is ours:
/// another writer may have moved or removed it before.
pub(super) fn take_beside(path: &Path, mode: u32) -> Result<StagedFile> {
    let beside = beside_of(path)?;
    loop {
        let (file, is_made) = match make(&beside, mode) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match left(&beside)? {
                Some(file) => (file, false),
                None => continue,
            },
            made => (made?, true),
        };
        file.lock()?;
        let held = file.metadata()?;
        if !is_named(&beside, &held)? {
            continue;
        }
        if held.nlink() == 1 && (is_made || is_fresh(&held, mode)) {
            return Ok(StagedFile { path: beside, file });
        }
        std::fs::remove_file(&beside)?;
    }
}

/// A new one is asked for no other mode: a stick without modes says for all of its files who reads
/// them.
fn make(beside: &Path, mode: u32) -> Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(beside)
}

/// The file that lies there; nothing if it is gone by now. What is no file, as a link or a pipe,
/// is removed.
fn left(beside: &Path) -> Result<Option<File>> {
    let gone = |error: Error| match error.kind() {
        ErrorKind::NotFound => Ok(None),
        _ => Err(error),
    };
    match std::fs::symlink_metadata(beside) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return std::fs::remove_file(beside).map(|()| None).or_else(gone),
        Err(error) => return gone(error),
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = OpenOptions::new().write(true).custom_flags(flags).open(beside);
    opened.map(Some).or_else(gone)
}

fn is_named(beside: &Path, held: &Metadata) -> Result<bool> {
    match std::fs::symlink_metadata(beside) {
        Ok(named) => Ok((named.dev(), named.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether another writer of ours made it just now and has not come to its lock: whoever takes such
/// a one away keeps that writer from ever getting there.
fn is_fresh(held: &Metadata, mode: u32) -> bool {
    let own = rustix::process::geteuid().as_raw();
    held.len() == 0 && held.uid() == own && held.mode() & 0o7777 == mode
}

pub(super) fn move_over(beside: &StagedFile, path: &Path) -> Result<()> {
    std::fs::rename(&beside.path, path)?;
    sync_folder(folder_of(path))
}

/// A new name for it, where there is none.
pub(super) fn move_new(beside: &StagedFile, path: &Path) -> Result<()> {
    name_new(beside, path)?;
    sync_folder(folder_of(path))
}

/// The same, before the folder is synced: a move that refuses to replace. File systems that cannot
/// refuse have second names, which fail where there is a file; only then is the first one taken
/// away.
pub(super) fn name_new(beside: &StagedFile, path: &Path) -> Result<()> {
    let named = match renameat_with(CWD, &beside.path, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => return Ok(()),
        Err(Errno::EXIST) => Err(Error::from(Errno::EXIST)),
        Err(_) => std::fs::hard_link(&beside.path, path),
    };
    match named {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        named => std::fs::remove_file(&beside.path).and(named),
    }
}
