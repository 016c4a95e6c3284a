//! The floor of a signer of a history: size and root of what it signed last, in a file of its own
//! directory that no user of the database reaches. A database that was rolled back below it gets no
//! second history.
//!
//! Two slots are written in turn, each with a MAC, so that a crash in the middle leaves the older
//! one. The file is durable soon after each signature and before the next one: a crash forgets one
//! at most.

use crate::replay::Floor;
use anyhow::{Context, ensure};
use aws_lc_rs::hmac;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const LABEL: &[u8] = b"yinxin-signed-floor-v1\0";
const MAC: usize = 32;
/// Counter, size, root.
const BODY: usize = 48;
/// Slots stand so far apart that no write touches both.
const SLOT: u64 = 4096;

/// The floor of one log's signer.
pub struct SignedFloor {
    file: File,
    key: hmac::Key,
    log: &'static str,
    /// How many times it was written.
    counter: u64,
    floor: Floor,
}

impl SignedFloor {
    /// Opens the floor of a log in a directory; the first start makes it, with its key. A file in
    /// which no slot is whole is an error, never a floor of nothing.
    pub fn open(folder: &Path, log: &'static str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[LABEL, &secret(folder)?].concat());
        let path = folder.join(format!("{log}.floor"));
        if !path.exists() {
            // Whole or not there: a crash here leaves nothing that looks damaged.
            let mut slots = vec![0; 2 * usize::try_from(SLOT)?];
            let first = slot(&key, log, 0, &Floor::default());
            slots.iter_mut().zip(first).for_each(|(to, from)| *to = from);
            ca_host::durable::replace_private(&path, &slots)?;
        }
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = file.with_context(|| path.display().to_string())?;
        let mut own = Self { file, key, log, counter: 0, floor: Floor::default() };
        let newest = [own.slot(0), own.slot(1)].into_iter().flatten().max_by_key(|slot| slot.0);
        (own.counter, own.floor) =
            newest.with_context(|| format!("{} is damaged; restore it", path.display()))?;
        Ok(own)
    }

    /// The floor.
    pub fn floor(&self) -> Floor {
        self.floor
    }

    /// Raises the floor; it is durable when this returns.
    pub fn raise(&mut self, floor: Floor) -> anyhow::Result<()> {
        ensure!(floor.size >= self.floor.size, "the log went back");
        if floor != self.floor {
            self.write(floor)?;
        }
        Ok(())
    }

    fn write(&mut self, floor: Floor) -> anyhow::Result<()> {
        let counter = self.counter + 1;
        let slot = slot(&self.key, self.log, counter, &floor);
        self.file.write_all_at(&slot, counter % 2 * SLOT)?;
        self.file.sync_data()?;
        (self.counter, self.floor) = (counter, floor);
        Ok(())
    }

    fn slot(&self, number: u64) -> Option<(u64, Floor)> {
        let mut bytes = [0; MAC + BODY];
        self.file.read_exact_at(&mut bytes, number * SLOT).ok()?;
        let (tag, body) = bytes.split_at_checked(MAC)?;
        hmac::verify(&self.key, &bound(self.log, body), tag).ok()?;
        let (counter, rest) = body.split_first_chunk()?;
        let (size, root) = rest.split_first_chunk()?;
        let floor = Floor { size: u64::from_be_bytes(*size), root: root.try_into().ok()? };
        Some((u64::from_be_bytes(*counter), floor))
    }
}

/// A slot's bytes.
fn slot(key: &hmac::Key, log: &str, counter: u64, floor: &Floor) -> Vec<u8> {
    let body = [&counter.to_be_bytes()[..], &floor.size.to_be_bytes(), &floor.root].concat();
    let tag = hmac::sign(key, &bound(log, &body));
    [tag.as_ref(), &body].concat()
}

/// The floor of one log is no floor of another one.
fn bound(log: &str, body: &[u8]) -> Vec<u8> {
    [log.as_bytes(), &[0], body].concat()
}

/// The key file of the directory, drawn once.
fn secret(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let path: PathBuf = folder.join("floor.key");
    if !path.exists() {
        let drawn = ca_host::random::bytes::<32>()?;
        ca_host::durable::replace_private(&path, &drawn)?;
    }
    let secret = std::fs::read(&path).with_context(|| path.display().to_string())?;
    ensure!(secret.len() == 32, "{} is damaged; restore it", path.display());
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floor(size: u64) -> Floor {
        Floor { size, root: [7; 32] }
    }

    #[test]
    fn a_floor_comes_back_and_never_goes_down() {
        let folder = std::env::temp_dir().join(format!("floor-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let mut first = SignedFloor::open(&folder, "access").unwrap();
        for size in [1, 2, 9] {
            first.raise(floor(size)).unwrap();
            assert_eq!(SignedFloor::open(&folder, "access").unwrap().floor(), floor(size));
        }
        assert!(first.raise(floor(8)).is_err());
        // A torn slot leaves the one before.
        let path = folder.join("access.floor");
        let mut bytes = std::fs::read(&path).unwrap();
        let newest = (first.counter % 2 * SLOT) as usize;
        bytes[newest + 40] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(SignedFloor::open(&folder, "access").unwrap().floor(), floor(2));
        std::fs::copy(&path, folder.join("control.floor")).unwrap();
        assert!(SignedFloor::open(&folder, "control").is_err(), "it is another log's");
        std::fs::write(&path, []).unwrap();
        assert!(SignedFloor::open(&folder, "access").is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
