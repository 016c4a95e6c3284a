//! The tree of a log in its sequencer's memory: the edge, and the tiles that became full lately, so
//! that what was just appended is proven without reading it back.

use std::collections::BTreeMap;
use std::sync::Arc;
use tlog::merkle::Hash;
use tlog::tile::TileId;
use tlog::{Edge, proof::ProofError};

/// Full tiles that are kept of the lowest level: those of the last 16 thousand entries.
const KEPT: u64 = 64;
/// Full tiles that are kept of each level above.
const KEPT_ABOVE: u64 = 2;

type Tile = Arc<Vec<Hash>>;

/// The tree as it grows, with its edge and its recent tiles.
#[derive(Clone, Default)]
pub(crate) struct Tree {
    pub(crate) edge: Edge,
    recent: Arc<BTreeMap<TileId, Tile>>,
}

impl Tree {
    /// A tree at an edge that was read.
    pub(crate) fn at(edge: Edge) -> Self {
        Self { edge, recent: Arc::default() }
    }

    /// Appends leaves; gives the tiles that became full.
    pub(crate) fn append(&mut self, leaves: impl Iterator<Item = Hash>) -> Vec<(TileId, Tile)> {
        let mut filled = Vec::new();
        for leaf in leaves {
            let full = self.edge.append(leaf);
            filled.extend(full.into_iter().map(|full| (full.id, Arc::new(full.hashes))));
        }
        if !filled.is_empty() {
            let mut recent = (*self.recent).clone();
            recent.extend(filled.iter().cloned());
            for (id, _) in &filled {
                let kept = if id.level == 0 { KEPT } else { KEPT_ABOVE };
                if let Some(index) = id.index.checked_sub(kept) {
                    recent.remove(&TileId { index, ..*id });
                }
            }
            self.recent = Arc::new(recent);
        }
        filled
    }

    /// The tree as it is now, for proofs.
    pub(crate) fn view(&self, checkpoint: Arc<str>) -> TreeView {
        let partial = self.edge.partial().map(|(id, hashes)| (id, Arc::new(hashes.to_vec())));
        TreeView {
            size: self.edge.size(),
            checkpoint,
            partial: partial.collect(),
            recent: self.recent.clone(),
        }
    }
}

/// A committed tree with its signed checkpoint.
#[derive(Clone)]
pub struct TreeView {
    /// The tree has so many entries.
    pub size: u64,
    /// The checkpoint of this tree, as the log's key signed it.
    pub checkpoint: Arc<str>,
    partial: Vec<(TileId, Tile)>,
    recent: Arc<BTreeMap<TileId, Tile>>,
}

impl TreeView {
    fn tile(&self, id: TileId) -> Option<&[Hash]> {
        let partial = self.partial.iter().find(|(have, _)| *have == id).map(|(_, tile)| tile);
        partial.or_else(|| self.recent.get(&id)).map(|tile| tile.as_slice())
    }

    /// The proof of entries side by side; an error if it needs tiles that are older than what is
    /// kept.
    pub fn range(&self, first: u64, end: u64) -> Result<Vec<Hash>, ProofError> {
        tlog::range::prove((first, end), self.size, &|id| self.tile(id))
    }

    /// The proof that the tree continues the one of `old` entries, with the same limit.
    pub fn consistency(&self, old: u64) -> Result<Vec<Hash>, ProofError> {
        tlog::proof::consistency(old, self.size, &|id| self.tile(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlog::merkle::leaf_hash;

    #[test]
    fn what_was_appended_lately_is_proven_from_memory() {
        let mut tree = Tree::default();
        let entry = |i: u64| leaf_hash(&i.to_be_bytes());
        let mut at = 0;
        while at < 90_000 {
            tree.append((at..at + 500).map(|i| leaf_hash(&entry(i))));
            at += 500;
        }
        let view = tree.view("".into());
        let entries: Vec<_> = (89_000..89_500).map(entry).collect();
        let proof = view.range(89_000, 89_500).unwrap();
        let root = tree.edge.root();
        tlog::range::verify(&entries, 89_000, (view.size, &root), &proof).unwrap();
        assert!(view.consistency(89_500).is_ok());
        assert!(matches!(view.range(5, 6), Err(ProofError::Missing(_))));
    }
}
