//! A journal of what a role confirmed to somebody: entries are only added, and each is durable
//! before [`Journal::append`] returns. Every entry carries a MAC over itself and the one before it,
//! and a floor beside the file counts them: neither one entry nor the end of all can be taken away.
//! What a loss of power cut short was never confirmed, and the next entry stands in its place; what
//! a floor may name is never written over.
//!
//! What nothing rests on any more is left out by [`Journal::retain`]: the file is written anew, and
//! begins with how far the one before it went.

use super::floor::FloorFile;
use super::identity::FileIdentity;
use crate::replay::Floor;
use anyhow::{Context, ensure};
use aws_lc_rs::hmac;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Longest entry, in bytes.
const ENTRY_BYTES_MAX: usize = 1 << 20;
/// Room on the disk that is taken before it is needed, in bytes: a disk that is full refuses no
/// brake before it is used up.
const RESERVED_BYTES: u64 = 4 << 20;
/// An entry begins with its length and its MAC.
const HEAD: usize = 4 + 32;
/// What stands in place of a length where a file begins behind another one; then a MAC, how many
/// entries came before, and the MAC of the last of them.
const BEHIND: [u8; 4] = [0xff; 4];
const BEHIND_BYTES: usize = HEAD + 8 + 32;

/// A journal is a file that is only appended to, each entry under a MAC.
pub struct Journal {
    file: File,
    identity: FileIdentity,
    path: PathBuf,
    key: hmac::Key,
    floor: FloorFile,
    reach: Reach,
    /// Up to where the disk has room.
    reserved: u64,
    /// Whether another file than the open one may lie there.
    is_replaced: bool,
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
        let bytes = std::fs::read(path).with_context(damaged)?;
        let mut reach = Reach::begin(key, &bytes).with_context(damaged)?;
        let mut entries = Vec::new();
        let counted = floor.floor();
        let mut agrees = counted.size == 0 || reach.is(&counted);
        while let Some((next, entry)) = reach.next(key, &bytes) {
            reach = next;
            agrees |= reach.is(&counted);
            entries.push(entry);
        }
        ensure!(agrees, damaged());
        let (path, key, identity) = (path.to_owned(), key.clone(), FileIdentity::of(&file)?);
        let (reserved, is_replaced) = (0, false);
        let mut own = Self { file, identity, path, key, floor, reach, reserved, is_replaced };
        own.reserve();
        Ok((own, entries))
    }

    /// Adds an entry; it is durable when this returns.
    pub fn append(&mut self, entry: &[u8]) -> anyhow::Result<()> {
        self.append_all(&[entry])
    }

    /// Adds entries; all of them are durable when this returns.
    pub fn append_all(&mut self, entries: &[impl AsRef<[u8]>]) -> anyhow::Result<()> {
        self.look_again()?;
        // A raise that failed may have reached the disk: what it names is counted first.
        self.raise()?;
        let (mut bytes, mut next) = (Vec::new(), self.reach);
        for entry in entries {
            let entry = entry.as_ref();
            ensure!(entry.len() <= ENTRY_BYTES_MAX, "the entry is too long");
            let (framed, behind) = next.behind(&self.key, entry)?;
            bytes.extend(framed);
            next = behind;
        }
        self.file.write_all_at(&bytes, self.reach.end)?;
        self.file.sync_data()?;
        self.reach = next;
        self.raise()?;
        self.reserve();
        Ok(())
    }

    /// Leaves out every entry that does not stay. Whoever is killed meanwhile finds the file as it
    /// was or as it is to be, each whole: the new one begins at the floor of the old one, and once
    /// the floor is raised above that, nobody puts the old one back.
    pub fn retain(&mut self, stays: impl Fn(&[u8]) -> bool) -> anyhow::Result<()> {
        self.look_again()?;
        self.raise()?;
        let damaged = || format!("{} is damaged; restore it", self.path.display());
        let bytes = std::fs::read(&self.path).with_context(damaged)?;
        let mut read = Reach::begin(&self.key, &bytes).with_context(damaged)?;
        let mut text = self.reach.beginning(&self.key);
        let mut written = Reach { end: text.len() as u64, ..self.reach };
        while let Some((next, entry)) = read.next(&self.key, &bytes) {
            read = next;
            if stays(&entry) {
                let (bytes, next) = written.behind(&self.key, &entry)?;
                text.extend(bytes);
                written = next;
            }
        }
        ensure!((read.count, read.last) == (self.reach.count, self.reach.last), damaged());
        self.is_replaced = true;
        let replaced = ca_host::durable::replace_private(&self.path, &text);
        self.look_again()?;
        replaced?;
        self.raise()
    }

    /// The journal's file has so many bytes.
    pub fn size(&self) -> u64 {
        self.reach.end
    }

    /// Whether a full disk would take the next entries all the same.
    pub fn has_room(&self) -> bool {
        self.reserved >= self.reach.end + RESERVED_BYTES / 2
    }

    /// Opens the file that lies there, where it may be another one: what is added to one that was
    /// replaced is in no journal. Where somebody else put one there, what was confirmed takes its
    /// place again: all of it stands in the file that is open.
    fn look_again(&mut self) -> anyhow::Result<()> {
        self.floor.stay()?;
        if !self.is_replaced && !self.identity.lies_at(&self.path) {
            tracing::error!(path = %self.path.display(), "another file lies there; put right");
            let mut bytes = vec![0; usize::try_from(self.reach.end)?];
            self.file.read_exact_at(&mut bytes, 0)?;
            ca_host::durable::replace_private(&self.path, &bytes)?;
            self.is_replaced = true;
        }
        if self.is_replaced {
            *self = Self::open(&self.path, &self.key)?.0;
        }
        Ok(())
    }

    /// Raises the floor to what stands in the file, if it is not there.
    fn raise(&mut self) -> anyhow::Result<()> {
        match self.reach.count > self.floor.floor().size {
            true => self.floor.raise(Floor { size: self.reach.count, root: self.reach.last }),
            false => Ok(()),
        }
    }

    /// Takes room for what comes, as far as there is some.
    fn reserve(&mut self) {
        if self.has_room() {
            return;
        }
        let from = self.reach.end;
        match system::file::reserve(&self.file, from, RESERVED_BYTES) {
            Ok(()) => self.reserved = from + RESERVED_BYTES,
            Err(error) => tracing::warn!(%error, "no room is taken for a journal"),
        }
    }
}

/// How far a journal was read or written: bytes, entries, and the MAC of the last one.
#[derive(Clone, Copy, Default)]
struct Reach {
    end: u64,
    count: u64,
    last: [u8; 32],
}

impl Reach {
    /// Where the entries of a file begin, if that is as the role wrote it.
    fn begin(key: &hmac::Key, bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(&BEHIND) {
            return Some(Self::default());
        }
        let (_, said) = bytes.get(..BEHIND_BYTES)?.split_at_checked(HEAD)?;
        let (count, last) = said.split_first_chunk()?;
        let (count, last) = (u64::from_be_bytes(*count), last.try_into().ok()?);
        let own = Self { end: BEHIND_BYTES as u64, count, last };
        bytes.starts_with(&own.beginning(key)).then_some(own)
    }

    /// How a file begins that goes on from here.
    fn beginning(&self, key: &hmac::Key) -> Vec<u8> {
        let said = [self.count.to_be_bytes().as_slice(), &self.last].concat();
        let signed = [b"behind\0".as_slice(), &said].concat();
        [BEHIND.as_slice(), hmac::sign(key, &signed).as_ref(), &said].concat()
    }

    fn is(&self, floor: &Floor) -> bool {
        (self.count, self.last) == (floor.size, floor.root)
    }

    /// The entry behind those that were read, if it is whole.
    fn next(&self, key: &hmac::Key, bytes: &[u8]) -> Option<(Self, Vec<u8>)> {
        let rest = bytes.get(usize::try_from(self.end).ok()?..)?;
        let (head, rest) = rest.split_at_checked(HEAD)?;
        let length = u32::from_be_bytes(head.get(..4)?.try_into().ok()?);
        let entry = rest.get(..usize::try_from(length).ok()?)?;
        let (written, next) = self.behind(key, entry).ok()?;
        written.starts_with(head).then(|| (next, entry.to_vec()))
    }

    /// An entry as it stands in the file, and how far that goes then.
    fn behind(&self, key: &hmac::Key, entry: &[u8]) -> anyhow::Result<(Vec<u8>, Self)> {
        let signed = [b"entry\0".as_slice(), &self.last, entry].concat();
        let mut last = [0; 32];
        last.copy_from_slice(hmac::sign(key, &signed).as_ref());
        let length = u32::try_from(entry.len())?.to_be_bytes();
        let bytes = [length.as_slice(), &last, entry].concat();
        let next = Self { end: self.end + bytes.len() as u64, count: self.count + 1, last };
        Ok((bytes, next))
    }
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

    /// What was left out is gone, what stays is there, also for who is killed on the way; and what
    /// was there before is not put back.
    #[test]
    fn what_is_settled_is_left_out_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("losses"), mac_key(b"secret"));
        FloorFile::found(&path.with_extension("floor"), &key).unwrap();
        let (mut journal, _) = Journal::open(&path, &key).unwrap();
        for entry in [b"first", b"other", b"third"] {
            journal.append(entry).unwrap();
        }
        let before = std::fs::read(&path).unwrap();
        let floor_before = std::fs::read(path.with_extension("floor")).unwrap();
        journal.retain(|entry| entry != b"other").unwrap();
        let after = std::fs::read(&path).unwrap();
        let held = || Journal::open(&path, &key).map(|(_, entries)| entries);
        assert_eq!(held().unwrap(), [b"first".to_vec(), b"third".to_vec()]);
        journal.append(b"fourth").unwrap();
        assert_eq!(held().unwrap().len(), 3);
        std::fs::write(&path, &before).unwrap();
        assert!(held().is_err(), "the old file is not put back");
        std::fs::write(&path, &after).unwrap();
        assert!(held().is_err(), "nor the new one without what came since");
        // Killed after the file was replaced and before its floor was raised.
        std::fs::write(path.with_extension("floor"), floor_before).unwrap();
        let (mut journal, entries) = Journal::open(&path, &key).unwrap();
        assert_eq!(entries, [b"first".to_vec(), b"third".to_vec()]);
        // A second time, down to nothing.
        journal.retain(|_| false).unwrap();
        assert!(held().unwrap().is_empty());
        journal.append(b"fifth").unwrap();
        assert_eq!(held().unwrap(), [b"fifth".to_vec()]);
        // Whoever reads the floor writes a file that begins there, with nothing in it.
        let forged = journal.reach.beginning(&mac_key(b"other"));
        std::fs::write(&path, forged).unwrap();
        assert!(held().is_err(), "nobody else says where it begins");
    }

    /// A file that cannot be replaced stays as it is, and takes what comes.
    #[test]
    fn a_journal_that_cannot_be_written_anew_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("losses"), mac_key(b"secret"));
        FloorFile::found(&path.with_extension("floor"), &key).unwrap();
        let (mut journal, _) = Journal::open(&path, &key).unwrap();
        journal.append(b"first").unwrap();
        let beside = folder.path().join(".losses.new");
        std::fs::create_dir(&beside).unwrap();
        assert!(journal.retain(|_| false).is_err());
        journal.append(b"second").unwrap();
        assert_eq!(Journal::open(&path, &key).unwrap().1.len(), 2);
    }

    /// A raise fails after its slot was written: the entry that it names is written over by none,
    /// however often the next one is tried.
    #[test]
    fn what_a_floor_may_name_is_written_over_by_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("losses"), mac_key(b"secret"));
        FloorFile::found(&path.with_extension("floor"), &key).unwrap();
        let (mut journal, _) = Journal::open(&path, &key).unwrap();
        journal.append(b"first").unwrap();
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let own = journal.floor.writes_to(full);
        assert!(journal.append(b"second").is_err());
        let named = Floor { size: 2, root: journal.reach.last };
        FloorFile::open(&path.with_extension("floor"), &key).unwrap().raise(named).unwrap();
        assert!(journal.append(b"third").is_err());
        let held = || Journal::open(&path, &key).map(|(_, entries)| entries);
        assert_eq!(held().unwrap(), [b"first".to_vec(), b"second".to_vec()]);
        journal.floor.writes_to(own);
        journal.append(b"third").unwrap();
        assert_eq!(held().unwrap().len(), 3);
    }

    /// Room is there before it is needed, and goes with the end.
    #[test]
    fn a_journal_has_room_before_the_disk_is_full() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("losses"), mac_key(b"secret"));
        FloorFile::found(&path.with_extension("floor"), &key).unwrap();
        let (mut journal, _) = Journal::open(&path, &key).unwrap();
        for _ in 0..5 {
            journal.append(&vec![7; ENTRY_BYTES_MAX]).unwrap();
            let found = path.metadata().unwrap();
            assert!(journal.has_room() && found.len() == journal.reach.end);
            let taken = found.blocks() * 512;
            assert!(taken >= found.len() + RESERVED_BYTES / 2, "{taken} of {}", found.len());
        }
    }
}
