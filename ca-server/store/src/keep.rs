//! What a role keeps of the log in a directory of its own: the floor below which the log never
//! goes, and authority at a head, so that a start replays only what follows. Both carry a MAC under
//! a key that only this directory has; a missing copy of authority only means replaying from leaf
//! 0.

use crate::replay::{Floor, Followed};
use anyhow::{Context, ensure};
use authority::{Authority, Parts};
use aws_lc_rs::hmac;
use ca_host::durable::replace_private;
use records::Bytes;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tlog::Edge;

/// The directory of one role.
pub struct Keep {
    folder: PathBuf,
    key: hmac::Key,
    floor: Floor,
}

#[derive(Serialize, Deserialize)]
struct KeptFloor {
    size: u64,
    root: Bytes,
}

#[derive(Serialize, Deserialize)]
struct KeptAuthority {
    size: u64,
    levels: Vec<Vec<[u8; 32]>>,
    last_time: u64,
    parts: Vec<(String, Vec<u8>)>,
}

impl Keep {
    /// Opens the directory; `secret` is drawn once for it. A floor that was altered is an error,
    /// never a floor of nothing.
    pub fn open(folder: &Path, secret: &[u8]) -> anyhow::Result<Self> {
        let label = [b"yinxin-kept-v1\0".as_slice(), secret].concat();
        let mut keep = Self {
            folder: folder.to_owned(),
            key: hmac::Key::new(hmac::HMAC_SHA256, &label),
            floor: Floor::default(),
        };
        let path = keep.folder.join("floor");
        if path.exists() {
            let kept: KeptFloor = keep
                .read("floor")
                .and_then(|bytes| postcard::from_bytes(&bytes).ok())
                .with_context(|| format!("{} is damaged; restore it", path.display()))?;
            let root = kept.root.digest().context("kept floor")?;
            keep.floor = Floor { size: kept.size, root };
        }
        Ok(keep)
    }

    /// The floor.
    pub fn floor(&self) -> Floor {
        self.floor
    }

    /// Raises the floor; it is durable when this returns.
    pub fn raise(&mut self, floor: Floor) -> anyhow::Result<()> {
        ensure!(floor.size >= self.floor.size, "the log went back");
        if floor == self.floor {
            return Ok(());
        }
        let kept = KeptFloor { size: floor.size, root: floor.root.into() };
        self.write("floor", &postcard::to_stdvec(&kept)?)?;
        self.floor = floor;
        Ok(())
    }

    /// Takes up authority as it was kept.
    pub fn load(&self, founding: &[u8; 32]) -> Option<Followed> {
        let kept: KeptAuthority = postcard::from_bytes(&self.read("authority")?).ok()?;
        let mut parts = Parts::new();
        for (name, part) in kept.parts {
            parts.insert(name.parse().ok()?, part);
        }
        let authority = Authority::from_parts(founding, &parts).ok()?;
        let edge = Edge::from_levels(kept.size, kept.levels).ok()?;
        Some(Followed { authority, edge, last_time: kept.last_time })
    }

    /// Keeps authority at its head, and the head as the floor.
    pub fn save(&mut self, followed: &Followed) -> anyhow::Result<()> {
        let mut levels = vec![Vec::new(); tlog::edge::level_count(followed.edge.size())];
        for (id, hashes) in followed.edge.partial() {
            if let Some(level) = levels.get_mut(usize::from(id.level)) {
                *level = hashes.to_vec();
            }
        }
        let parts = followed.authority.parts();
        let kept = KeptAuthority {
            size: followed.edge.size(),
            levels,
            last_time: followed.last_time,
            parts: parts.into_iter().map(|(name, part)| (name.to_string(), part)).collect(),
        };
        self.write("authority", &postcard::to_stdvec(&kept)?)?;
        self.raise(followed.floor())
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let bytes = std::fs::read(self.folder.join(name)).ok()?;
        let (tag, body) = bytes.split_at_checked(32)?;
        hmac::verify(&self.key, body, tag).ok()?;
        Some(body.to_vec())
    }

    fn write(&self, name: &str, body: &[u8]) -> anyhow::Result<()> {
        let tag = hmac::sign(&self.key, body);
        replace_private(&self.folder.join(name), &[tag.as_ref(), body].concat())
    }
}
