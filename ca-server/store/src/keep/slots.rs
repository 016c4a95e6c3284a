//! A small file with two slots that are written in turn, so that a change is one write and one
//! fdatasync, and a write that a loss of power cut short leaves what was there before it. Each slot
//! carries a MAC: what the role did not write is an error, never nothing. Where another file takes
//! its place while the role runs, the next write puts it back.

use super::identity::FileIdentity;
use anyhow::{Context, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A slot is whole blocks: what is cut short spoils no other.
const BLOCK: usize = 4_096;
/// A slot begins with its kind, its turn and its length.
const HEAD: usize = 8 + 8 + 4;
const MAC: usize = 32;
const CHECK: usize = 8;

/// What kind of file it is: one of another kind under the same key is none of it.
pub(super) type Kind = &'static [u8; 8];

/// The file of slots, in which each is written anew in its place.
pub(super) struct Slots {
    file: File,
    identity: FileIdentity,
    path: PathBuf,
    key: hmac::Key,
    kind: Kind,
    turn: u64,
    slot_bytes: usize,
}

/// What stands in one slot.
enum Slot {
    /// What the key wrote, with its turn.
    Whole(u64, Vec<u8>),
    /// A write that was cut short.
    Torn,
    /// Whole, and not what the key wrote.
    Altered,
}

impl Slots {
    /// Makes the file: once, at the founding. One that is missing later was taken away.
    pub(super) fn found(
        path: &Path,
        (key, kind): (&hmac::Key, Kind),
        body: &[u8],
        blocks: usize,
    ) -> anyhow::Result<()> {
        let bytes = both(&written((key, kind), 0, body)?, blocks * BLOCK);
        system::file::create_private(path, &bytes).with_context(|| path.display().to_string())
    }

    /// Opens the file and gives what it holds: one that is missing, emptied, altered or open to
    /// others is an error.
    pub(super) fn open(
        path: &Path,
        key: &hmac::Key,
        kind: Kind,
    ) -> anyhow::Result<(Self, Vec<u8>)> {
        let damaged = || format!("{} is missing or damaged; restore it", path.display());
        system::file::check_private(path).with_context(damaged)?;
        let file = OpenOptions::new().read(true).write(true).open(path).with_context(damaged)?;
        let bytes = usize::try_from(file.metadata()?.len())?;
        ensure!(bytes > 0 && bytes.is_multiple_of(2 * BLOCK), damaged());
        let slot_bytes = bytes / 2;
        let mut newest: Option<(u64, Vec<u8>)> = None;
        for index in 0..2 {
            let mut slot = vec![0; slot_bytes];
            file.read_exact_at(&mut slot, index * slot_bytes as u64).with_context(damaged)?;
            match read((key, kind), &slot) {
                Slot::Whole(turn, body) => {
                    if newest.as_ref().is_none_or(|(known, _)| turn > *known) {
                        newest = Some((turn, body));
                    }
                }
                Slot::Torn => {}
                Slot::Altered => anyhow::bail!(damaged()),
            }
        }
        let (turn, body) = newest.with_context(damaged)?;
        let (path, key, identity) = (path.to_owned(), key.clone(), FileIdentity::of(&file)?);
        Ok((Self { file, identity, path, key, kind, turn, slot_bytes }, body))
    }

    /// Has it written elsewhere from now on; gives where it was written.
    #[cfg(test)]
    pub(super) fn writes_to(&mut self, file: File) -> File {
        std::mem::replace(&mut self.file, file)
    }

    /// The file lies at this path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file that is written still lies in its place.
    pub(super) fn is_in_place(&self) -> bool {
        self.identity.lies_at(&self.path)
    }

    /// Writes what it holds from now on; durable when this returns. What does not fit makes the
    /// file larger, in one step; where another file lies in its place it is written whole.
    pub(super) fn write(&mut self, body: &[u8]) -> anyhow::Result<()> {
        let turn = self.turn + 1;
        let slot = written((&self.key, self.kind), turn, body)?;
        let is_larger = slot.len() > self.slot_bytes;
        if is_larger || !self.is_in_place() {
            let larger = slot.len().next_multiple_of(BLOCK) * 2;
            let bytes = both(&slot, if is_larger { larger } else { self.slot_bytes });
            ca_host::durable::replace_private(&self.path, &bytes)?;
            *self = Self::open(&self.path, &self.key, self.kind)?.0;
            return Ok(());
        }
        self.file.write_all_at(&slot, turn % 2 * self.slot_bytes as u64)?;
        self.file.sync_data()?;
        self.turn = turn;
        Ok(())
    }
}

/// Both slots with the same in them.
fn both(slot: &[u8], slot_bytes: usize) -> Vec<u8> {
    let mut bytes = vec![0; 2 * slot_bytes];
    for half in bytes.chunks_mut(slot_bytes) {
        half.iter_mut().zip(slot).for_each(|(to, from)| *to = *from);
    }
    bytes
}

fn written((key, kind): (&hmac::Key, Kind), turn: u64, body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let length = u32::try_from(body.len())?.to_be_bytes();
    let mut bytes = [kind.as_slice(), &turn.to_be_bytes(), &length, body].concat();
    bytes.extend(hmac::sign(key, &bytes).as_ref());
    bytes.extend(check(&bytes));
    Ok(bytes)
}

fn check(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().iter().take(CHECK).copied().collect()
}

fn read((key, kind): (&hmac::Key, Kind), slot: &[u8]) -> Slot {
    let whole = || {
        let length = u32::from_be_bytes(slot.get(16..HEAD)?.try_into().ok()?);
        let body = HEAD.checked_add(usize::try_from(length).ok()?)?;
        let said = slot.get(..body.checked_add(MAC)?)?;
        let known = slot.get(body + MAC..body + MAC + CHECK)?;
        (check(said) == known).then(|| said.split_at(body))
    };
    let Some((said, mac)) = whole() else { return Slot::Torn };
    let turn = said.get(8..16).and_then(|turn| turn.try_into().ok()).map(u64::from_be_bytes);
    match (hmac::verify(key, said, mac), turn, said.get(HEAD..)) {
        (Ok(()), Some(turn), Some(body)) if said.starts_with(kind) => {
            Slot::Whole(turn, body.to_owned())
        }
        _ => Slot::Altered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const KIND: Kind = b"YXTESTS1";

    fn key(secret: &[u8]) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, secret)
    }

    fn open(path: &Path) -> anyhow::Result<(Slots, Vec<u8>)> {
        Slots::open(path, &key(b"secret"), KIND)
    }

    /// A write survives; one that was cut short, wherever, leaves what was there before it.
    #[test]
    fn a_torn_write_leaves_what_was_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slots");
        Slots::found(&path, (&key(b"secret"), KIND), b"", 2).unwrap();
        let (mut slots, body) = open(&path).unwrap();
        assert_eq!(body, b"");
        for turn in 1..=7_u8 {
            slots.write(&vec![turn; 5_000]).unwrap();
        }
        assert!(open(&path).unwrap().1 == [7; 5_000]);
        let whole = std::fs::read(&path).unwrap();
        for at in [3, 12, 18, 4_100, 5_055] {
            let mut torn = whole.clone();
            torn[2 * BLOCK + at] ^= 1;
            std::fs::write(&path, &torn).unwrap();
            assert!(open(&path).unwrap().1 == [6; 5_000], "{at}");
        }
    }

    /// A file of before that takes its place while it is open, or none: what is written next is
    /// there for who opens it again.
    #[test]
    fn what_is_written_stands_where_another_file_was_put() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slots");
        Slots::found(&path, (&key(b"secret"), KIND), b"one", 1).unwrap();
        let (mut slots, _) = open(&path).unwrap();
        let before = std::fs::read(&path).unwrap();
        for (body, is_put_back) in [(b"two", true), (b"six", false)] {
            slots.write(b"between").unwrap();
            assert!(slots.is_in_place());
            std::fs::remove_file(&path).unwrap();
            if is_put_back {
                system::file::create_private(&path, &before).unwrap();
            }
            assert!(!slots.is_in_place());
            slots.write(body).unwrap();
            assert_eq!(open(&path).unwrap().1, body);
        }
        slots.write(b"last").unwrap();
        assert_eq!(open(&path).unwrap().1, b"last");
    }

    #[test]
    fn what_does_not_fit_makes_the_file_larger() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slots");
        Slots::found(&path, (&key(b"secret"), KIND), b"small", 1).unwrap();
        let (mut slots, _) = open(&path).unwrap();
        for length in [4_000, 4_097, 9_000, 100_000, 5] {
            slots.write(&vec![b'x'; length]).unwrap();
            assert_eq!(open(&path).unwrap().1.len(), length);
        }
    }

    /// Missing, emptied, cut, of another key or kind, written by somebody who knows the form, or
    /// open to others: an error each time.
    #[test]
    fn what_the_key_did_not_write_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slots");
        assert!(open(&path).is_err());
        Slots::found(&path, (&key(b"secret"), KIND), b"one", 1).unwrap();
        let again = Slots::found(&path, (&key(b"secret"), KIND), b"two", 1);
        assert!(again.is_err(), "there is one already");
        let whole = std::fs::read(&path).unwrap();
        assert!(Slots::open(&path, &key(b"other"), KIND).is_err());
        assert!(Slots::open(&path, &key(b"secret"), b"YXOTHER1").is_err());
        let mut forged = whole.clone();
        let slot = written((&key(b"other"), KIND), 40, b"two").unwrap();
        forged[..slot.len()].copy_from_slice(&slot);
        let added = [whole.as_slice(), b"\n"].concat();
        let emptied = vec![0; whole.len()];
        for bytes in [Vec::new(), whole[..5_000].to_vec(), added, emptied, forged] {
            std::fs::write(&path, bytes).unwrap();
            assert!(open(&path).is_err());
        }
        std::fs::write(&path, whole).unwrap();
        assert_eq!(open(&path).unwrap().1, b"one");
        for mode in [0o640, 0o604, 0o660] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(open(&path).is_err(), "{mode:o}");
        }
    }
}
