//! A floor as a file of fixed size: two places that are written in turn, so that a raise is one
//! write and one fdatasync, and a write that a loss of power cut short leaves the floor before it.

use crate::replay::Floor;
use anyhow::{Context, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Each place has a block of its own: what is cut short spoils no other.
const BLOCK: u64 = 4_096;
const MAGIC: &[u8; 8] = b"YXFLOOR1";
/// Magic, turn, size, root.
const BODY: usize = 8 + 8 + 8 + 32;
const MAC: usize = 32;
const CHECK: usize = 8;
const PLACE: usize = BODY + MAC + CHECK;

/// A floor that only goes up; it also serves for whatever else is a number with a digest.
pub struct FloorFile {
    file: File,
    path: PathBuf,
    key: hmac::Key,
    turn: u64,
    floor: Floor,
}

/// What stands in one place.
enum Place {
    /// What the key wrote, with its turn.
    Whole(u64, Floor),
    /// A write that was cut short.
    Torn,
    /// Whole, and not what the key wrote.
    Altered,
}

impl FloorFile {
    /// Makes the file with a floor of nothing: once, at the founding. A floor that is missing later
    /// was taken away.
    pub fn found(path: &Path, key: &hmac::Key) -> anyhow::Result<()> {
        let place = write(key, 0, &Floor::default());
        let mut bytes = vec![0; 2 * BLOCK as usize];
        for block in bytes.chunks_mut(BLOCK as usize) {
            block.iter_mut().zip(&place).for_each(|(to, from)| *to = *from);
        }
        system::file::create_private(path, &bytes).with_context(|| path.display().to_string())
    }

    /// Opens the file: one that is missing, emptied, altered or open to others is an error.
    pub fn open(path: &Path, key: &hmac::Key) -> anyhow::Result<Self> {
        let damaged = || format!("{} is missing or damaged; restore it", path.display());
        system::file::check_private(path).with_context(damaged)?;
        let file = OpenOptions::new().read(true).write(true).open(path).with_context(damaged)?;
        ensure!(file.metadata()?.len() == 2 * BLOCK, damaged());
        let mut newest = None;
        for index in 0..2 {
            let mut bytes = [0; PLACE];
            file.read_exact_at(&mut bytes, index * BLOCK).with_context(damaged)?;
            match read(key, &bytes) {
                Place::Whole(turn, floor) if newest.is_none_or(|(known, _)| turn > known) => {
                    newest = Some((turn, floor));
                }
                Place::Whole(..) | Place::Torn => {}
                Place::Altered => anyhow::bail!(damaged()),
            }
        }
        let (turn, floor) = newest.with_context(damaged)?;
        Ok(Self { file, path: path.to_owned(), key: key.clone(), turn, floor })
    }

    /// The floor.
    pub fn floor(&self) -> Floor {
        self.floor
    }

    /// Raises the floor; it is durable when this returns.
    pub fn raise(&mut self, floor: Floor) -> anyhow::Result<()> {
        if floor == self.floor {
            return Ok(());
        }
        ensure!(floor.size > self.floor.size, "{}: it went back", self.path.display());
        let turn = self.turn + 1;
        let place = write(&self.key, turn, &floor);
        self.file.write_all_at(&place, turn % 2 * BLOCK)?;
        self.file.sync_data()?;
        (self.turn, self.floor) = (turn, floor);
        Ok(())
    }
}

fn write(key: &hmac::Key, turn: u64, floor: &Floor) -> Vec<u8> {
    let size = floor.size.to_be_bytes();
    let mut bytes = [MAGIC.as_slice(), &turn.to_be_bytes(), &size, &floor.root].concat();
    bytes.extend(hmac::sign(key, &bytes).as_ref());
    bytes.extend(check(&bytes));
    bytes
}

fn check(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().iter().take(CHECK).copied().collect()
}

fn read(key: &hmac::Key, bytes: &[u8; PLACE]) -> Place {
    let (said, known) = bytes.split_at(BODY + MAC);
    if check(said) != known {
        return Place::Torn;
    }
    let (body, mac) = said.split_at(BODY);
    let number = |at: usize| {
        let bytes = body.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u64::from_be_bytes)
    };
    let root = body.get(24..).and_then(|root| root.try_into().ok());
    match (hmac::verify(key, body, mac), number(8), number(16), root) {
        (Ok(()), Some(turn), Some(size), Some(root)) if body.starts_with(MAGIC) => {
            Place::Whole(turn, Floor { size, root })
        }
        _ => Place::Altered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mac_key(secret: &[u8]) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, secret)
    }

    fn floor(size: u64) -> Floor {
        Floor { size, root: [size.to_be_bytes()[7]; 32] }
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    /// A raise survives; a write that was cut short leaves the floor before it.
    #[test]
    fn a_torn_write_leaves_the_floor_before_it() {
        let (folder, key) = (folder(), mac_key(b"secret"));
        let path = folder.path().join("floor");
        FloorFile::found(&path, &key).unwrap();
        let mut file = FloorFile::open(&path, &key).unwrap();
        for size in 1..=7 {
            file.raise(floor(size)).unwrap();
        }
        assert!(file.raise(floor(6)).is_err(), "it never goes back");
        assert_eq!(FloorFile::open(&path, &key).unwrap().floor(), floor(7));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[BLOCK as usize + 30] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(FloorFile::open(&path, &key).unwrap().floor(), floor(6));
    }

    /// Missing, emptied, cut, of another key, written by somebody who knows the form, or open to
    /// others: an error each time.
    #[test]
    fn what_the_key_did_not_write_is_no_floor() {
        let (folder, key) = (folder(), mac_key(b"secret"));
        let path = folder.path().join("floor");
        assert!(FloorFile::open(&path, &key).is_err());
        FloorFile::found(&path, &key).unwrap();
        assert!(FloorFile::found(&path, &key).is_err(), "there is one already");
        FloorFile::open(&path, &key).unwrap().raise(floor(9)).unwrap();
        let whole = std::fs::read(&path).unwrap();
        assert!(FloorFile::open(&path, &mac_key(b"other")).is_err());
        let mut forged = whole.clone();
        let place = write(&mac_key(b"other"), 40, &floor(1));
        forged[..PLACE].copy_from_slice(&place);
        for bytes in [Vec::new(), whole[..5_000].to_vec(), vec![0; whole.len()], forged] {
            std::fs::write(&path, bytes).unwrap();
            assert!(FloorFile::open(&path, &key).is_err());
        }
        std::fs::write(&path, whole).unwrap();
        assert_eq!(FloorFile::open(&path, &key).unwrap().floor(), floor(9));
        for mode in [0o640, 0o604, 0o660] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(FloorFile::open(&path, &key).is_err(), "{mode:o}");
        }
    }
}
