//! What a role keeps of the log in a directory of its own: the floor below which the log never
//! goes, and authority at a head, so that a start replays only what follows.
//!
//! Both carry a MAC under a key that only this role has. Authority that is missing or damaged only
//! means replaying from leaf 0. Floors are made at the founding: one that is missing, or says what
//! the key did not say, is an error, since a floor of nothing would take any history.

mod floor;
mod identity;
mod journal;
mod slots;
mod snapshot;
#[cfg(test)]
mod tests;
mod text;

pub use floor::FloorFile;
pub use journal::Journal;
pub use snapshot::Snapshot;
pub use text::KeptText;

use crate::replay::{Floor, Followed};
use anyhow::Context;
use aws_lc_rs::hmac;
use ca_host::CaConfig;
use ca_host::clock_guard::ClockGuard;
use service::Clock;
use std::path::Path;

/// The directory of one role.
pub struct Keep {
    floor: FloorFile,
    snapshot: Snapshot,
}

impl Keep {
    /// Makes the directory with a floor of nothing, at the founding; `secret` is drawn once for it.
    pub fn found(folder: &Path, secret: &[u8]) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        FloorFile::found(&folder.join("floor"), &mac_key(secret))
    }

    /// Opens the directory with the role's secret, which authenticates what is kept there.
    pub fn open(folder: &Path, secret: &[u8]) -> anyhow::Result<Self> {
        let key = mac_key(secret);
        let snapshot = Snapshot::open(folder, &key);
        let mut floor = FloorFile::open(&folder.join("floor"), &key)?;
        // A snapshot is authenticated as well: whoever kept it had followed the log that far.
        if let Some(kept) = snapshot.floor().filter(|kept| kept.size > floor.floor().size) {
            floor.raise(kept)?;
        }
        Ok(Self { floor, snapshot })
    }

    /// Authority as it was kept, with the floor, for whoever only looks: nothing is written beside
    /// a role that runs.
    pub(crate) fn read(
        folder: &Path,
        secret: &[u8],
        founding: &[u8; 32],
    ) -> anyhow::Result<(Option<Followed>, Floor)> {
        let key = mac_key(secret);
        let followed = Snapshot::open(folder, &key).load(founding);
        let floor = FloorFile::open(&folder.join("floor"), &key)?.floor();
        let reached = followed.as_ref().map(Followed::floor).unwrap_or_default();
        Ok((followed, if reached.size > floor.size { reached } else { floor }))
    }

    /// The floor alone, for whoever only looks.
    pub fn look(folder: &Path, secret: &[u8]) -> anyhow::Result<Floor> {
        let key = mac_key(secret);
        let kept = Snapshot::open(folder, &key).floor().unwrap_or_default();
        let floor = FloorFile::open(&folder.join("floor"), &key)?.floor();
        Ok(if kept.size > floor.size { kept } else { floor })
    }

    /// The floor is the size and the root below which this role follows no log again.
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

/// The name of the floor of what is signed of a log, in the directory of the role `log`.
pub fn signed(log: &str) -> &'static str {
    if log == "control" { "signed-control" } else { "signed-access" }
}

/// The key of everything that a role keeps.
pub fn mac_key(secret: &[u8]) -> hmac::Key {
    let label = [b"yinxin-kept-v1\0".as_slice(), secret].concat();
    hmac::Key::new(hmac::HMAC_SHA256, &label)
}

/// The key of the time that the issuer believed.
pub fn time_key(secret: &[u8]) -> hmac::Key {
    mac_key(&[secret, b"time"].concat())
}

/// The guard of the clock of a role that keeps there what it believes.
pub fn clock_guard(
    config: &CaConfig,
    clock: Clock,
    (path, key): (&Path, &hmac::Key),
) -> anyhow::Result<ClockGuard> {
    let (kept, text) = KeptText::open(path, key)?;
    let guard = ClockGuard::keeping(config, clock, (Box::new(kept), &text));
    guard.with_context(|| path.display().to_string())
}

/// The key of the numbers of snapshots, which lie beside what the issuer marks.
pub fn numbers_key(secret: &[u8]) -> hmac::Key {
    mac_key(&[secret, b"numbers"].concat())
}
