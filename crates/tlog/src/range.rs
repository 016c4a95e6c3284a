//! Proofs for entries that stand side by side: one proof for all of them, which is hardly longer
//! than the audit path of one.
//!
//! The proof holds the roots of the subtrees beside the range, from left to right, as the tree of
//! RFC 6962 splits. For a range of one entry it is its audit path in that order.

use crate::merkle::{Hash, leaf_hash, node_hash};
use crate::proof::{ProofError, range, split};
use crate::tile::TileId;

/// The entries do not stand where the proof says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the range proof does not lead to the root")]
pub struct RangeNotProven;

/// The proof for the leaves from `first` to before `end` in the tree of `size`.
pub fn prove<'a>(
    (first, end): (u64, u64),
    size: u64,
    tiles: &dyn Fn(TileId) -> Option<&'a [Hash]>,
) -> Result<Vec<Hash>, ProofError> {
    if first >= end || end > size {
        return Err(ProofError::OutOfRange);
    }
    let mut proof = Vec::new();
    beside((0, size), (first, end), tiles, &mut proof)?;
    Ok(proof)
}

fn beside<'a>(
    (low, high): (u64, u64),
    (first, end): (u64, u64),
    tiles: &dyn Fn(TileId) -> Option<&'a [Hash]>,
    proof: &mut Vec<Hash>,
) -> Result<(), ProofError> {
    if first <= low && high <= end {
        return Ok(());
    }
    if high <= first || end <= low {
        proof.push(range(low, high, tiles)?);
        return Ok(());
    }
    let middle = low + split(high - low);
    beside((low, middle), (first, end), tiles, proof)?;
    beside((middle, high), (first, end), tiles, proof)
}

/// Checks that `entries` stand from `first` on in the tree of `size` with this root.
pub fn verify(
    entries: &[[u8; 32]],
    first: u64,
    (size, root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), RangeNotProven> {
    let count = u64::try_from(entries.len()).map_err(|_| RangeNotProven)?;
    let end = first.checked_add(count).filter(|end| *end <= size).ok_or(RangeNotProven)?;
    if count == 0 {
        return Err(RangeNotProven);
    }
    let mut walk = Walk { entries: entries.iter(), proof: proof.iter(), first, end };
    let reached = walk.root(0, size)?;
    if reached == *root && walk.proof.next().is_none() { Ok(()) } else { Err(RangeNotProven) }
}

struct Walk<'a> {
    entries: std::slice::Iter<'a, [u8; 32]>,
    proof: std::slice::Iter<'a, Hash>,
    first: u64,
    end: u64,
}

impl Walk<'_> {
    fn root(&mut self, low: u64, high: u64) -> Result<Hash, RangeNotProven> {
        if high <= self.first || self.end <= low {
            return self.proof.next().copied().ok_or(RangeNotProven);
        }
        if high - low == 1 {
            return self.entries.next().map(|entry| leaf_hash(entry)).ok_or(RangeNotProven);
        }
        let middle = low + split(high - low);
        Ok(node_hash(&self.root(low, middle)?, &self.root(middle, high)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Edge;
    use std::collections::HashMap;

    fn entry(i: u64) -> [u8; 32] {
        leaf_hash(&i.to_be_bytes())
    }

    #[test]
    fn every_range_is_proven_and_no_other_one() {
        for size in [1, 2, 3, 7, 255, 256, 257, 600] {
            let (mut edge, mut tiles) = (Edge::default(), HashMap::new());
            for i in 0..size {
                for full in edge.append(leaf_hash(&entry(i))) {
                    tiles.insert(full.id, full.hashes);
                }
            }
            tiles.extend(edge.partial().map(|(id, hashes)| (id, hashes.to_vec())));
            let have = |id| tiles.get(&id).map(Vec::as_slice);
            let root = edge.root();
            for first in (0..size).step_by(1 + size as usize / 9) {
                for end in (first + 1..=size).step_by(1 + size as usize / 7) {
                    let entries: Vec<_> = (first..end).map(entry).collect();
                    let proof = prove((first, end), size, &have).unwrap();
                    verify(&entries, first, (size, &root), &proof).unwrap();
                    let wrong = first.wrapping_add(1);
                    assert!(verify(&entries, wrong, (size, &root), &proof).is_err() || size == 1);
                    assert!(verify(&entries[1..], first, (size, &root), &proof).is_err());
                    let longer = [proof.as_slice(), &[[0; 32]]].concat();
                    assert!(verify(&entries, first, (size, &root), &longer).is_err());
                    let mut other = entries.clone();
                    other[0][0] ^= 1;
                    assert!(verify(&other, first, (size, &root), &proof).is_err());
                }
            }
            assert_eq!(prove((0, size + 1), size, &have), Err(ProofError::OutOfRange));
            assert_eq!(prove((0, 0), size, &have), Err(ProofError::OutOfRange));
        }
        assert!(verify(&[[0; 32]], u64::MAX, (u64::MAX, &[0; 32]), &[]).is_err());
    }
}
