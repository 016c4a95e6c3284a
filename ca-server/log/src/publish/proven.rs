//! Entries that lead to a root that was signed: what is to be published, before any of it is
//! written. Of lowest tiles only a hash is held where there are many, so that a log of any length
//! can be published anew; of fewer what was proven is held, and written as it was read.

use anyhow::ensure;
use ca_store::sequenced;
use std::collections::BTreeMap;
use store::Tx;
use tlog::Edge;
use tlog::merkle::{Hash, leaf_hash};
use tlog::tile::{TILE_WIDTH, TileId, tile_bytes};

/// So many entries are read at a time.
const READ: u64 = 64 * TILE_WIDTH;

/// Entries of one checkpoint that are held until they are written; more of them are read again.
const HELD_MAX: u64 = 65_536;

/// A tree whose root was signed, with what an older one lacks of it.
pub(super) struct Proven {
    edge: Edge,
    /// The entries from here on, each with its hash, as they were proven; none where many are new.
    held: (u64, Vec<(Vec<u8>, Hash)>),
    /// Hashes of the lowest tiles that became full, where not all of their entries are held.
    lowest: BTreeMap<u64, Hash>,
    /// Tiles above them that became full.
    above: Vec<(TileId, Vec<Hash>)>,
}

impl Proven {
    /// Reads the entries behind an edge; whatever does not lead to the root is an error.
    pub(super) async fn read(
        tx: &mut Tx,
        log: &str,
        mut edge: Edge,
        (size, root): (u64, Hash),
    ) -> anyhow::Result<Self> {
        let (mut lowest, mut above) = (BTreeMap::new(), Vec::new());
        let (from, mut held) = (edge.size(), Vec::new());
        let is_held = size.saturating_sub(from) <= HELD_MAX;
        while edge.size() < size {
            let range = (edge.size(), size.min(edge.size() + READ));
            let entries = sequenced::commitments(tx, log, range).await?;
            ensure!(entries.len() as u64 == range.1 - range.0, "entries are missing");
            for entry in entries {
                let leaf = leaf_hash(&entry);
                for full in edge.append(leaf) {
                    if full.id.level > 0 {
                        above.push((full.id, full.hashes));
                    } else if !is_held || full.id.index * TILE_WIDTH < from {
                        lowest.insert(full.id.index, sum(&full.hashes));
                    }
                }
                if is_held {
                    held.push((entry, leaf));
                }
            }
        }
        let is_signed = (edge.size(), edge.root()) == (size, root);
        ensure!(is_signed, "entries or tiles are not what the log signed; nothing is published");
        Ok(Self { edge, held: (from, held), lowest, above })
    }

    /// The tiles above the lowest that are new: the full ones, and at the edge those that are not
    /// the same in the tree of `known` entries, whose files are there.
    pub(super) fn above(&self, known: Option<u64>) -> impl Iterator<Item = (TileId, &[Hash])> {
        let size = self.edge.size();
        let is_new =
            move |level: u8| known.is_none_or(|known| known >> (8 * level) != size >> (8 * level));
        let full = self.above.iter().map(|(id, hashes)| (*id, hashes.as_slice()));
        full.chain(self.edge.partial().filter(move |(id, _)| id.level > 0 && is_new(id.level)))
    }

    /// Which entries stand in a bundle.
    pub(super) fn bundle(&self, index: u64) -> (u64, u64) {
        let first = index * TILE_WIDTH;
        (first, self.edge.size().min(first + TILE_WIDTH))
    }

    /// Entries with their hashes, if all of them were held as they were proven.
    pub(super) fn held(&self, (first, end): (u64, u64)) -> Option<&[(Vec<u8>, Hash)]> {
        let (from, held) = &self.held;
        let place = |index: u64| usize::try_from(index.checked_sub(*from)?).ok();
        held.get(place(first)?..place(end)?)
    }

    /// Whether these are the hashes of a lowest tile.
    pub(super) fn has(&self, index: u64, hashes: &[Hash]) -> bool {
        let mut partial = self.edge.partial();
        match self.lowest.get(&index) {
            Some(full) => *full == sum(hashes),
            None => partial.any(|(id, held)| (id.level, id.index, held) == (0, index, hashes)),
        }
    }

    /// Gives the edge of the tree that was proven.
    pub(super) fn into_edge(self) -> Edge {
        self.edge
    }
}

/// What names the hashes of a tile.
fn sum(hashes: &[Hash]) -> Hash {
    leaf_hash(&tile_bytes(hashes))
}
