//! A floor in a file of two slots: a raise is one write and one fdatasync.

use super::slots::{Kind, Slots};
use crate::replay::Floor;
use anyhow::{Context, ensure};
use aws_lc_rs::hmac;
use std::path::Path;

const KIND: Kind = b"YXFLOOR2";

/// A floor that only goes up; it also serves for whatever else is a number with a digest.
pub struct FloorFile {
    slots: Slots,
    floor: Floor,
}

impl FloorFile {
    /// Makes the file with a floor of nothing: once, at the founding. A floor that is missing later
    /// was taken away.
    pub fn found(path: &Path, key: &hmac::Key) -> anyhow::Result<()> {
        Slots::found(path, (key, KIND), &write(&Floor::default()), 1)
    }

    /// Opens the file: one that is missing, emptied, altered or open to others is an error.
    pub fn open(path: &Path, key: &hmac::Key) -> anyhow::Result<Self> {
        let (slots, body) = Slots::open(path, key, KIND)?;
        let floor = read(&body).with_context(|| format!("{} is no floor", path.display()))?;
        Ok(Self { slots, floor })
    }

    /// Has it written elsewhere from now on; gives where it was written.
    #[cfg(test)]
    pub(crate) fn writes_to(&mut self, file: std::fs::File) -> std::fs::File {
        self.slots.writes_to(file)
    }

    /// The floor as it was written last, or read at the start.
    pub fn floor(&self) -> Floor {
        self.floor
    }

    /// Raises the floor; it is durable when this returns.
    pub fn raise(&mut self, floor: Floor) -> anyhow::Result<()> {
        if floor == self.floor {
            return Ok(());
        }
        let path = self.slots.path();
        ensure!(floor.size > self.floor.size, "{}: it went back", path.display());
        self.slots.write(&write(&floor))?;
        self.floor = floor;
        Ok(())
    }

    /// Writes the file again where another one, or none, lies in its place: whoever starts next
    /// finds the floor as it was raised.
    pub(super) fn stay(&mut self) -> anyhow::Result<()> {
        match self.slots.is_in_place() {
            true => Ok(()),
            false => self.slots.write(&write(&self.floor)),
        }
    }
}

/// Writes a floor as its size and root.
fn write(floor: &Floor) -> Vec<u8> {
    [floor.size.to_be_bytes().as_slice(), &floor.root].concat()
}

fn read(body: &[u8]) -> Option<Floor> {
    let (size, root) = body.split_first_chunk()?;
    Some(Floor { size: u64::from_be_bytes(*size), root: root.try_into().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac_key(secret: &[u8]) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, secret)
    }

    fn floor(size: u64) -> Floor {
        Floor { size, root: [size.to_be_bytes()[7]; 32] }
    }

    /// A raise survives, nothing lowers it, and what another key wrote is no floor.
    #[test]
    fn what_the_key_did_not_write_is_no_floor() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("floor"), mac_key(b"secret"));
        assert!(FloorFile::open(&path, &key).is_err());
        FloorFile::found(&path, &key).unwrap();
        assert!(FloorFile::found(&path, &key).is_err(), "there is one already");
        let mut file = FloorFile::open(&path, &key).unwrap();
        assert_eq!(file.floor(), Floor::default());
        for size in 1..=7 {
            file.raise(floor(size)).unwrap();
        }
        assert!(file.raise(floor(6)).is_err(), "it never goes back");
        assert!(file.raise(Floor { size: 7, root: [0; 32] }).is_err(), "nor aside");
        assert_eq!(FloorFile::open(&path, &key).unwrap().floor(), floor(7));
        assert!(FloorFile::open(&path, &mac_key(b"other")).is_err());
        std::fs::write(&path, vec![0; std::fs::read(&path).unwrap().len()]).unwrap();
        assert!(FloorFile::open(&path, &key).is_err(), "an emptied floor is none of nothing");
    }
}
