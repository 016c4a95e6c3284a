//! What a role keeps of the log in a directory of its own: the floor below which the log never
//! goes, and authority at a head, so that a start replays only what follows.
//!
//! Both carry a MAC under a key that only this role has. Authority that is missing or damaged only
//! means replaying from leaf 0; a floor that is missing beside it, or says what the key did not
//! say, is an error: a floor of nothing would take any history.

mod floor;
mod journal;
mod snapshot;

pub use floor::FloorFile;
pub use journal::Journal;
pub use snapshot::Snapshot;

use crate::replay::{Floor, Followed};
use anyhow::{Context, ensure};
use aws_lc_rs::hmac;
use std::path::Path;

/// The directory of one role.
pub struct Keep {
    floor: FloorFile,
    snapshot: Snapshot,
}

impl Keep {
    /// Opens the directory, or makes it; `secret` is drawn once for it.
    pub fn open(folder: &Path, secret: &[u8]) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let key = mac_key(secret);
        let snapshot = Snapshot::open(folder, &key);
        let path = folder.join("floor");
        ensure!(
            path.exists() || !snapshot.is_there(),
            "{} is missing beside what was kept; restore it",
            path.display()
        );
        let mut floor = FloorFile::open(&path, &key)?;
        // A snapshot is authenticated as well: whoever kept it had followed the log that far.
        if let Some(kept) = snapshot.floor().filter(|kept| kept.size > floor.floor().size) {
            floor.raise(kept)?;
        }
        Ok(Self { floor, snapshot })
    }

    /// The floor.
    pub fn floor(&self) -> Floor {
        self.floor.floor()
    }

    /// Raises the floor; it is durable when this returns.
    pub fn raise(&mut self, floor: Floor) -> anyhow::Result<()> {
        self.floor.raise(floor)
    }

    /// Takes up authority as it was kept.
    pub fn load(&self, founding: &[u8; 32]) -> Option<Followed> {
        self.snapshot.load(founding)
    }

    /// Keeps authority at its head, and the head as the floor.
    pub fn save(&mut self, followed: &Followed) -> anyhow::Result<()> {
        self.snapshot.save(followed)?;
        match followed.edge.size() > self.floor().size {
            true => self.raise(followed.floor()),
            false => Ok(()),
        }
    }

    /// What keeps authority, for a thread of its own: floors are raised while it works.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.clone()
    }
}

/// The key of everything that a role keeps.
pub fn mac_key(secret: &[u8]) -> hmac::Key {
    let label = [b"yinxin-kept-v1\0".as_slice(), secret].concat();
    hmac::Key::new(hmac::HMAC_SHA256, &label)
}
