//! The right edge of a tree: all that is needed to append, at most 255 hashes a level.

use crate::merkle::{Hash, empty_root, node_hash};
use crate::tile::{TILE_WIDTH, TileId};
use std::sync::{Arc, OnceLock};

/// The growing edge: for each level the hashes of the tile that is not yet full. A copy shares them
/// until one of the two grows.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    size: u64,
    levels: Vec<Level>,
    /// Asked for many times, and the same until the next append.
    root: OnceLock<Hash>,
}

/// The hashes of a tile that is not full, and the roots of the perfect subtrees over them, the
/// largest first: a root of the whole tree is made of these alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Level {
    hashes: Arc<Vec<Hash>>,
    peaks: Vec<Hash>,
}

impl Level {
    fn of(hashes: Vec<Hash>) -> Self {
        let mut level = Self::default();
        hashes.into_iter().for_each(|hash| level.push(hash));
        level
    }

    fn push(&mut self, hash: Hash) {
        let (mut count, mut peak) = (self.hashes.len(), hash);
        while count & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            peak = node_hash(&left, &peak);
            count >>= 1;
        }
        self.peaks.push(peak);
        Arc::make_mut(&mut self.hashes).push(hash);
    }

    /// The hashes and the root over them, once the tile is full; it is empty then.
    fn take_full(&mut self) -> Option<(Vec<Hash>, Hash)> {
        if (self.hashes.len() as u64) < TILE_WIDTH {
            return None;
        }
        let root = self.peaks.pop()?;
        Some((std::mem::take(Arc::make_mut(&mut self.hashes)), root))
    }
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
    /// The tile is named by its level and its index (C2SP tlog-tiles).
    pub id: TileId,
    /// The tile has 256 hashes, from left to right.
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
        let levels = levels.into_iter().map(Level::of).collect();
        Ok(Self { size, levels, root: OnceLock::new() })
    }

    /// The tree has so many leaves.
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
                self.levels.push(Level::default());
            }
            let Some(tile) = self.levels.get_mut(level) else { break };
            tile.push(carry);
            let Some((hashes, root)) = tile.take_full() else { break };
            carry = root;
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
        let tiles = self.levels.iter().map(|level| level.hashes.as_slice()).enumerate();
        tiles.filter(|(_, hashes)| !hashes.is_empty()).map(|(level, hashes)| {
            let index = (self.size >> (8 * level)) / TILE_WIDTH;
            let level = u8::try_from(level).unwrap_or(u8::MAX);
            (TileId { level, index }, hashes)
        })
    }

    /// The root hash of the tree (RFC 6962 2.1).
    pub fn root(&self) -> Hash {
        *self.root.get_or_init(|| self.hash())
    }

    fn hash(&self) -> Hash {
        let mut peaks = self.levels.iter().flat_map(|level| level.peaks.iter().rev());
        let Some(last) = peaks.next() else { return empty_root() };
        peaks.fold(*last, |right, left| node_hash(left, &right))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::leaf_hash;

    /// The root by its definition (RFC 6962 2.1).
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node_hash(&root(&leaves[..split]), &root(&leaves[split..]))
            }
        }
    }

    #[test]
    fn roots_are_those_of_the_definition_however_the_edge_was_made() {
        let leaves: Vec<Hash> = (0..70_000_u32).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        let mut edge = Edge::default();
        let looked = |size: usize| {
            let around = |what: usize| size.abs_diff(what) < 3;
            size < 600
                || size.is_multiple_of(7_919)
                || around(65_536)
                || around(4_096)
                || around(70_000)
        };
        for (at, leaf) in leaves.iter().enumerate() {
            if looked(at) {
                assert_eq!(edge.root(), root(&leaves[..at]), "{at}");
                let levels = edge.levels.iter().map(|level| level.hashes.to_vec()).collect();
                let again = Edge::from_levels(at as u64, levels).unwrap();
                assert_eq!((again.root(), &again), (edge.root(), &edge), "{at}");
            }
            edge.append(*leaf);
        }
        assert_eq!(edge.root(), root(&leaves));
    }
}
