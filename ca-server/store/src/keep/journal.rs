//! A journal of what a role confirmed to somebody: entries are only added, and each is durable
//! before [`Journal::append`] returns. Every entry carries a MAC over itself and the one before it,
//! and a floor beside the file counts them: neither one entry nor the end of all can be taken away.
//! What a loss of power cut short was never confirmed, and the next entry stands in its place.
//!
//! A journal of which nothing is needed any more begins anew: its first entry says how many there
//! were before and what the last of them was, so that the floor goes on.

use super::floor::FloorFile;
use crate::replay::Floor;
use anyhow::{Context, ensure};
use aws_lc_rs::hmac;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Longest entry, in bytes.
const ENTRY_BYTES_MAX: usize = 1 << 20;
/// Length and MAC.
const HEAD: usize = 4 + 32;
/// How the first entry of a journal that began anew begins; behind it stand the count before and
/// the MAC of the last one.
const ANEW: &[u8; 12] = b"begins anew\0";

/// An open journal.
pub struct Journal {
    file: File,
    path: PathBuf,
    key: hmac::Key,
    floor: FloorFile,
    end: u64,
    count: u64,
    last: [u8; 32],
}

impl Journal {
    /// Makes the floor of a journal that is empty: once, at the founding.
    pub fn found(path: &Path, key: &hmac::Key) -> anyhow::Result<()> {
        FloorFile::found(&path.with_extension("floor"), key)
    }

    /// Opens a journal whose floor was made at the founding; gives what it holds.
    pub fn open(path: &Path, key: &hmac::Key) -> anyhow::Result<(Self, Vec<Vec<u8>>)> {
        let damaged = || format!("{} is damaged; restore it", path.display());
        let floor = FloorFile::open(&path.with_extension("floor"), key)?;
        ensure!(
            floor.floor().size == 0 || path.exists(),
            "{} is missing; restore it",
            path.display()
        );
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path).with_context(|| path.display().to_string())?;
        file.sync_all()?;
        system::file::sync_folder(path.parent().context("no folder")?)?;
        let mut own = Self {
            file,
            path: path.to_owned(),
            key: key.clone(),
            floor,
            end: 0,
            count: 0,
            last: [0; 32],
        };
        let bytes = std::fs::read(path).with_context(damaged)?;
        let mut entries = Vec::new();
        let counted = own.floor.floor();
        let mut agrees = counted.size == 0;
        while let Some(entry) = own.next(&bytes) {
            own.end += (HEAD + entry.len()) as u64;
            own.last = own.mac(&entry);
            let before = (own.count == 0).then(|| anew(&entry)).flatten();
            // A kill between the new file and its floor leaves the floor of the old one.
            agrees |= before == Some(counted);
            own.count = before.map_or(own.count, |before| before.size) + 1;
            agrees |= (own.count, own.last) == (counted.size, counted.root);
            if before.is_none() {
                entries.push(entry);
            }
        }
        ensure!(agrees, damaged());
        Ok((own, entries))
    }

    /// Adds an entry; it is durable when this returns.
    pub fn append(&mut self, entry: &[u8]) -> anyhow::Result<()> {
        self.append_all(&[entry])
    }

    /// Adds entries; all of them are durable when this returns.
    pub fn append_all(&mut self, entries: &[impl AsRef<[u8]>]) -> anyhow::Result<()> {
        let (mut bytes, mut last) = (Vec::new(), self.last);
        for entry in entries {
            let entry = entry.as_ref();
            ensure!(entry.len() <= ENTRY_BYTES_MAX, "the entry is too long");
            last = mac(&self.key, &last, entry);
            bytes.extend(framed(entry, &last)?);
        }
        let count = self.count + entries.len() as u64;
        self.file.set_len(self.end)?;
        self.file.write_all_at(&bytes, self.end)?;
        self.file.sync_data()?;
        self.floor.raise(Floor { size: count, root: last })?;
        self.end += bytes.len() as u64;
        (self.count, self.last) = (count, last);
        Ok(())
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.end
    }

    /// Begins anew: nothing of what it holds is needed any more. The new file is durable before the
    /// floor names it, and says itself what the floor named before.
    pub fn begin_anew(&mut self) -> anyhow::Result<()> {
        let entry = [ANEW.as_slice(), &self.count.to_be_bytes(), &self.last].concat();
        let last = mac(&self.key, &[0; 32], &entry);
        let bytes = framed(&entry, &last)?;
        system::file::replace_private(&self.path, &bytes)?;
        let mut options = OpenOptions::new();
        self.file = options.read(true).write(true).open(&self.path)?;
        self.end = bytes.len() as u64;
        (self.count, self.last) = (self.count + 1, last);
        self.floor.raise(Floor { size: self.count, root: last })
    }

    fn mac(&self, entry: &[u8]) -> [u8; 32] {
        mac(&self.key, &self.last, entry)
    }

    /// The entry behind those that were read, if it is whole.
    fn next(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let rest = bytes.get(usize::try_from(self.end).ok()?..)?;
        let (head, rest) = rest.split_at_checked(HEAD)?;
        let (length, mac) = head.split_at_checked(4)?;
        let length = u32::from_be_bytes(length.try_into().ok()?);
        let entry = rest.get(..usize::try_from(length).ok()?)?;
        (self.mac(entry) == mac).then(|| entry.to_vec())
    }
}

fn mac(key: &hmac::Key, last: &[u8; 32], entry: &[u8]) -> [u8; 32] {
    let mut mac = [0; 32];
    let signed = [b"entry\0".as_slice(), last, entry].concat();
    mac.copy_from_slice(hmac::sign(key, &signed).as_ref());
    mac
}

fn framed(entry: &[u8], mac: &[u8; 32]) -> anyhow::Result<Vec<u8>> {
    Ok([u32::try_from(entry.len())?.to_be_bytes().as_slice(), mac, entry].concat())
}

/// What stood before a journal that began anew, if this is its first entry.
fn anew(entry: &[u8]) -> Option<Floor> {
    let (size, root) = entry.strip_prefix(ANEW)?.split_first_chunk()?;
    Some(Floor { size: u64::from_be_bytes(*size), root: root.try_into().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac_key(secret: &[u8]) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, secret)
    }

    /// What was confirmed is there again; what was cut short is written over.
    #[test]
    fn what_was_confirmed_stays_and_what_was_cut_short_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("losses"), mac_key(b"secret"));
        FloorFile::found(&path.with_extension("floor"), &key).unwrap();
        let (mut journal, entries) = Journal::open(&path, &key).unwrap();
        assert!(entries.is_empty());
        journal.append(b"first").unwrap();
        journal.append(b"second").unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [whole.as_slice(), &[0, 0, 0, 9, 1, 2]].concat()).unwrap();
        let (mut journal, entries) = Journal::open(&path, &key).unwrap();
        assert_eq!(entries, [b"first".to_vec(), b"second".to_vec()]);
        journal.append(b"third").unwrap();
        assert_eq!(Journal::open(&path, &key).unwrap().1.len(), 3);
    }

    /// A journal that began anew holds what came since, and neither the old file nor an older new
    /// one takes its place; a kill between file and floor leaves it usable.
    #[test]
    fn a_journal_that_begins_anew_goes_on_from_its_floor() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("told"), mac_key(b"secret"));
        Journal::found(&path, &key).unwrap();
        let (mut journal, _) = Journal::open(&path, &key).unwrap();
        journal.append_all(&[b"first", b"other"]).unwrap();
        let (old, floor) = (path.with_extension("old"), path.with_extension("floor"));
        std::fs::copy(&path, &old).unwrap();
        let before = std::fs::read(&floor).unwrap();
        journal.begin_anew().unwrap();
        let after = std::fs::read(&floor).unwrap();
        std::fs::write(&floor, before).unwrap();
        assert_eq!(Journal::open(&path, &key).unwrap().1.len(), 0, "killed before the floor");
        std::fs::write(&floor, after).unwrap();
        let anew = std::fs::read(&path).unwrap();
        let (mut journal, entries) = Journal::open(&path, &key).unwrap();
        assert!(entries.is_empty());
        journal.append(b"third").unwrap();
        let (journal, entries) = Journal::open(&path, &key).unwrap();
        assert_eq!((entries, journal.size()), (vec![b"third".to_vec()], journal.end));
        let whole = std::fs::read(&path).unwrap();
        for other in [std::fs::read(&old).unwrap(), anew] {
            std::fs::write(&path, other).unwrap();
            assert!(Journal::open(&path, &key).is_err());
        }
        std::fs::write(&path, whole).unwrap();
        assert!(Journal::open(&path, &key).is_ok());
    }

    /// Nobody takes an entry away: not one, not the last, not all of them with the file.
    #[test]
    fn nobody_takes_an_entry_away() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("losses"), mac_key(b"secret"));
        FloorFile::found(&path.with_extension("floor"), &key).unwrap();
        let (mut journal, _) = Journal::open(&path, &key).unwrap();
        for entry in [b"first", b"other", b"third"] {
            journal.append(entry).unwrap();
        }
        let whole = std::fs::read(&path).unwrap();
        let one = HEAD + 5;
        let without_second = [&whole[..one], &whole[2 * one..]].concat();
        let mut changed = whole.clone();
        changed[one + HEAD] ^= 1;
        for bytes in [without_second, whole[..2 * one].to_vec(), Vec::new(), changed] {
            std::fs::write(&path, bytes).unwrap();
            assert!(Journal::open(&path, &key).is_err());
        }
        std::fs::remove_file(&path).unwrap();
        assert!(Journal::open(&path, &key).is_err());
        std::fs::write(&path, &whole).unwrap();
        assert!(Journal::open(&path, &key).is_ok());
        std::fs::remove_file(path.with_extension("floor")).unwrap();
        assert!(Journal::open(&path, &key).is_err());
    }
}
