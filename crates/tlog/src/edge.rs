//! The right edge of a tree: all that is needed to append, at most 255 hashes a level.

use crate::merkle::{Hash, empty_root, node_hash};
use crate::tile::{TILE_WIDTH, TileId};
use std::sync::{Arc, OnceLock};

/// The growing edge: for each level the hashes of the tile that is not yet full. A copy shares them
/// until one of the two grows.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    size: u64,
    levels: Vec<Arc<Vec<Hash>>>,
    /// Asked for many times, and the same until the next append.
    root: OnceLock<Hash>,
}

impl PartialEq for Edge {
    fn eq(&self, other: &Self) -> bool {
        (self.size, &self.levels) == (other.size, &other.levels)
    }
}

impl Eq for Edge {}

/// A tile that an append filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTile {
    /// Which.
    pub id: TileId,
    /// 256 hashes.
    pub hashes: Vec<Hash>,
}

/// The stored levels do not belong to a tree of this size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored edge does not fit a tree of size {0}")]
pub struct WrongEdge(pub u64);

impl Edge {
    /// Takes the partial tiles of a tree of `size`, lowest level first.
    pub fn from_levels(size: u64, levels: Vec<Vec<Hash>>) -> Result<Self, WrongEdge> {
        let fits = |(level, hashes): (usize, &Vec<Hash>)| hashes.len() as u64 == width(size, level);
        if levels.len() != level_count(size) || !levels.iter().enumerate().all(fits) {
            return Err(WrongEdge(size));
        }
        let levels = levels.into_iter().map(Arc::new).collect();
        Ok(Self { size, levels, root: OnceLock::new() })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf hash; gives back the tiles that became full, lowest first.
    pub fn append(&mut self, leaf: Hash) -> Vec<FullTile> {
        let mut full = Vec::new();
        let mut carry = leaf;
        let mut level = 0usize;
        loop {
            if self.levels.len() == level {
                self.levels.push(Arc::default());
            }
            let Some(tile) = self.levels.get_mut(level) else { break };
            let tile = Arc::make_mut(tile);
            tile.push(carry);
            if (tile.len() as u64) < TILE_WIDTH {
                break;
            }
            let hashes = std::mem::take(tile);
            carry = perfect_root(&hashes);
            let index = (self.size >> (8 * level)) / TILE_WIDTH;
            let id = TileId { level: u8::try_from(level).unwrap_or(u8::MAX), index };
            full.push(FullTile { id, hashes });
            level += 1;
        }
        self.size += 1;
        self.root = OnceLock::new();
        full
    }

    /// The tiles that are not full, lowest level first; empty ones are left out.
    pub fn partial(&self) -> impl Iterator<Item = (TileId, &[Hash])> {
        self.levels.iter().enumerate().filter(|(_, hashes)| !hashes.is_empty()).map(
            |(level, hashes)| {
                let index = (self.size >> (8 * level)) / TILE_WIDTH;
                let level = u8::try_from(level).unwrap_or(u8::MAX);
                (TileId { level, index }, hashes.as_slice())
            },
        )
    }

    /// The root hash.
    pub fn root(&self) -> Hash {
        *self.root.get_or_init(|| self.hash())
    }

    fn hash(&self) -> Hash {
        let mut perfect: Vec<Hash> = Vec::new();
        for hashes in self.levels.iter().rev() {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (head, tail) = rest.split_at(1 << rest.len().ilog2());
                perfect.push(perfect_root(head));
                rest = tail;
            }
        }
        let Some(last) = perfect.pop() else { return empty_root() };
        perfect.iter().rev().fold(last, |right, left| node_hash(left, &right))
    }
}

/// How many levels a tree of `size` keeps at its edge.
pub fn level_count(size: u64) -> usize {
    let mut count = 0;
    while size >> (8 * count) > 0 {
        count += 1;
        if count == 8 {
            break;
        }
    }
    count
}

/// How many hashes the partial tile of `level` has in a tree of `size`.
pub fn width(size: u64, level: usize) -> u64 {
    (size >> (8 * level)) % TILE_WIDTH
}

/// Root of a perfect subtree; the number of hashes is a power of two.
pub(crate) fn perfect_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [one] => *one,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            node_hash(&perfect_root(left), &perfect_root(right))
        }
    }
}
