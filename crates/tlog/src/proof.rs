//! Proofs from tiles. The caller brings tiles; a missing one is named, fetched, and asked again.

use crate::edge::perfect_root;
use crate::merkle::{Hash, node_hash};
use crate::tile::{TILE_WIDTH, TileId};

/// Why a proof cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The tree does not have this leaf, or sizes are the wrong way round.
    #[error("the tree does not reach this far")]
    OutOfRange,
    /// This tile is needed first.
    #[error("tile {0:?} is missing")]
    Missing(TileId),
}

/// The audit path of leaf `index` in the tree of `size` (RFC 6962 2.1.1).
pub fn inclusion<'a>(
    index: u64,
    size: u64,
    tiles: &dyn Fn(TileId) -> Option<&'a [Hash]>,
) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let (mut low, mut high) = (0, size);
    let mut siblings = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            siblings.push((middle, high));
            high = middle;
        } else {
            siblings.push((low, middle));
            low = middle;
        }
    }
    ranges(siblings, tiles)
}

/// The consistency proof between two sizes (RFC 6962 2.1.2).
pub fn consistency<'a>(
    old: u64,
    size: u64,
    tiles: &dyn Fn(TileId) -> Option<&'a [Hash]>,
) -> Result<Vec<Hash>, ProofError> {
    if old > size {
        return Err(ProofError::OutOfRange);
    }
    if old == 0 || old == size {
        return Ok(Vec::new());
    }
    let mut parts = Vec::new();
    let (mut low, mut high, mut whole) = (0, size, true);
    while high != old {
        let middle = low + split(high - low);
        if old <= middle {
            parts.push((middle, high));
            high = middle;
        } else {
            parts.push((low, middle));
            low = middle;
            whole = false;
        }
    }
    if !whole {
        parts.push((low, high));
    }
    ranges(parts, tiles)
}

/// The hashes of some ranges, last one first. Whether every tile is there is seen before anything
/// is hashed: whoever fetches one after the other asks again for each.
fn ranges<'a>(
    parts: Vec<(u64, u64)>,
    tiles: &dyn Fn(TileId) -> Option<&'a [Hash]>,
) -> Result<Vec<Hash>, ProofError> {
    let parts = || parts.iter().rev();
    parts().try_for_each(|(low, high)| present(*low, *high, tiles))?;
    parts().map(|(low, high)| range(*low, *high, tiles)).collect()
}

/// Whether the tiles of the leaves `low..high` are there.
fn present<'a>(
    low: u64,
    high: u64,
    tiles: &dyn Fn(TileId) -> Option<&'a [Hash]>,
) -> Result<(), ProofError> {
    let width = high - low;
    if width.is_power_of_two() && low.is_multiple_of(width) {
        return below(width.ilog2(), low / width, tiles).map(|_| ());
    }
    let middle = low + split(width);
    present(low, middle, tiles)?;
    present(middle, high, tiles)
}

/// Largest power of two below `n`, for n ≥ 2.
pub(crate) fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// The hash of the leaves `low..high`, which is a subtree of the tree.
pub(crate) fn range<'a>(
    low: u64,
    high: u64,
    tiles: &dyn Fn(TileId) -> Option<&'a [Hash]>,
) -> Result<Hash, ProofError> {
    let width = high - low;
    if width.is_power_of_two() && low.is_multiple_of(width) {
        return perfect(width.ilog2(), low / width, tiles);
    }
    let middle = low + split(width);
    Ok(node_hash(&range(low, middle, tiles)?, &range(middle, high, tiles)?))
}

/// The root of the perfect subtree of this height at this index.
fn perfect<'a>(
    height: u32,
    index: u64,
    tiles: &dyn Fn(TileId) -> Option<&'a [Hash]>,
) -> Result<Hash, ProofError> {
    below(height, index, tiles).map(perfect_root)
}

/// The hashes of one tile that are below it.
fn below<'a>(
    height: u32,
    index: u64,
    tiles: &dyn Fn(TileId) -> Option<&'a [Hash]>,
) -> Result<&'a [Hash], ProofError> {
    let (level, inside) = (height / 8, height % 8);
    let first = index << inside;
    let id = TileId { level: u8::try_from(level).unwrap_or(u8::MAX), index: first / TILE_WIDTH };
    let offset = usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX);
    let hashes = tiles(id).and_then(|tile| tile.get(offset..offset + (1 << inside)));
    hashes.ok_or(ProofError::Missing(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Edge;
    use crate::merkle::{leaf_hash, verify_consistency, verify_inclusion};
    use std::collections::HashMap;

    struct Grown {
        edge: Edge,
        tiles: HashMap<TileId, Vec<Hash>>,
        roots: Vec<Hash>,
    }

    fn grow(size: u64) -> Grown {
        let mut grown = Grown { edge: Edge::default(), tiles: HashMap::new(), roots: Vec::new() };
        grown.roots.push(grown.edge.root());
        for i in 0..size {
            for full in grown.edge.append(leaf_hash(&i.to_be_bytes())) {
                grown.tiles.insert(full.id, full.hashes);
            }
            grown.roots.push(grown.edge.root());
        }
        let partial: Vec<_> =
            grown.edge.partial().map(|(id, hashes)| (id, hashes.to_vec())).collect();
        grown.tiles.extend(partial);
        grown
    }

    /// RFC 6962's definition, written down directly.
    fn definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => crate::merkle::empty_root(),
            [one] => *one,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                node_hash(&definition(left), &definition(right))
            }
        }
    }

    #[test]
    fn roots_follow_the_definition() {
        let grown = grow(700);
        let leaves: Vec<Hash> = (0..700u64).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        for size in [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 700] {
            assert_eq!(grown.roots[size], definition(&leaves[..size]), "size {size}");
        }
    }

    #[test]
    fn every_proof_verifies_and_none_for_a_neighbour() {
        let grown = grow(600);
        let tiles = |id| grown.tiles.get(&id).map(Vec::as_slice);
        let root = grown.roots[600];
        for index in (0..600).step_by(7).chain([255, 256, 511, 512, 599]) {
            let proof = inclusion(index, 600, &tiles).unwrap();
            let leaf = leaf_hash(&index.to_be_bytes());
            verify_inclusion(&leaf, index, 600, &proof, &root).unwrap();
            assert!(verify_inclusion(&leaf, index ^ 1, 600, &proof, &root).is_err());
        }
        for old in (1..600).step_by(5).chain([256, 512]) {
            let proof = consistency(old, 600, &tiles).unwrap();
            let old_root = grown.roots[old as usize];
            verify_consistency((old, &old_root), (600, &root), &proof).unwrap();
            assert!(verify_consistency((old, &root), (600, &root), &proof).is_err());
        }
        assert_eq!(inclusion(600, 600, &tiles), Err(ProofError::OutOfRange));
    }

    #[test]
    fn an_edge_comes_back_from_its_levels() {
        for size in [0, 1, 255, 256, 65_536, 65_793] {
            let mut edge = Edge::default();
            for i in 0..size {
                edge.append(leaf_hash(&u64::to_be_bytes(i)));
            }
            let mut levels = vec![Vec::new(); crate::edge::level_count(size)];
            for (id, hashes) in edge.partial() {
                levels[usize::from(id.level)] = hashes.to_vec();
            }
            assert_eq!(Edge::from_levels(size, levels).unwrap(), edge);
        }
        assert!(Edge::from_levels(3, vec![vec![[0; 32]; 2]]).is_err());
    }
}
