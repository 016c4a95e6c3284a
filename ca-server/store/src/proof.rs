//! Proofs from the log's tiles: that a record stands under the newest checkpoint, that entries
//! stand side by side, that one tree continues another.

use crate::entry::by_id;
use crate::intake::LedgerError;
use crate::sequenced::head;
use records::Bytes;
use records::export::InclusionEvidence;
use std::collections::HashMap;
use store::{Tx, row};
use tlog::Checkpoint;
use tlog::merkle::{Hash, leaf_hash, verify_inclusion};
use tlog::tile::{TileId, read_tile};

/// The proof that a record stands under the newest checkpoint; `None` while it is not sequenced.
pub async fn evidence(
    tx: &mut Tx,
    log: &str,
    record_id: &[u8],
) -> Result<Option<InclusionEvidence>, LedgerError> {
    let found = row!(
        tx,
        (i64, Vec<u8>, Vec<u8>),
        "select idx, record, salt from log_entry where log_id = $1 and record_id = $2",
        log,
        record_id
    )?;
    let Some((index, record, salt)) = found else { return Ok(None) };
    let index = u64::try_from(index).map_err(|_| LedgerError::Damaged("index"))?;
    let (size, _, checkpoint) = head(tx, log).await?.ok_or(LedgerError::Damaged("head"))?;
    let hashes = Tiles::default().inclusion(tx, log, index, size).await?;
    Ok(Some(InclusionEvidence {
        record: Bytes(record),
        salt: Bytes(salt),
        index,
        hashes: hashes.into_iter().map(Bytes::from).collect(),
        checkpoint,
    }))
}

/// The proof that a log of so many records goes on from those that whoever asks knows of it (RFC
/// 6962 2.1.2). Where it has no more there is none to give: whoever asks judges what was signed.
pub async fn continuation(
    tx: &mut Tx,
    log: &str,
    (known, size): (u64, u64),
) -> Result<Vec<Bytes>, LedgerError> {
    if known >= size {
        return Ok(Vec::new());
    }
    let hashes = Tiles::default().consistency(tx, log, known, size).await?;
    Ok(hashes.into_iter().map(Bytes::from).collect())
}

/// What a tree has under the id of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeStanding {
    /// The tree has just this entry there.
    Itself,
    /// Something else, or nothing that can be proven.
    Another,
}

/// What the tree has, under a head that was verified, under the ids of records with their entries;
/// nothing is said of those that have no place. No row says alone that an entry is there: each is
/// proven.
pub async fn sequenced(
    tx: &mut Tx,
    log: &str,
    entries: Vec<(Bytes, Hash)>,
    head: &Checkpoint,
) -> Result<Vec<(Bytes, TreeStanding)>, LedgerError> {
    let (mut tiles, mut found) = (Tiles::default(), Vec::new());
    for (id, entry) in entries {
        let Some((index, _)) = by_id(tx, &id.0).await? else { continue };
        if index >= head.size {
            return Err(LedgerError::Damaged("rows beyond the head"));
        }
        let path = tiles.inclusion(tx, log, index, head.size).await?;
        let proven = verify_inclusion(&leaf_hash(&entry), index, head.size, &path, &head.root);
        let standing = if proven.is_ok() { TreeStanding::Itself } else { TreeStanding::Another };
        found.push((id, standing));
    }
    Ok(found)
}

/// Whether a tree holds an entry at a place. What its rows do not prove is not held.
pub(crate) async fn holds(
    tx: &mut Tx,
    log: &str,
    (index, entry): (u64, &Hash),
    (size, root): (u64, &Hash),
) -> Result<bool, LedgerError> {
    match Tiles::default().inclusion(tx, log, index, size).await {
        Ok(path) => Ok(verify_inclusion(&leaf_hash(entry), index, size, &path, root).is_ok()),
        Err(LedgerError::Damaged(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Tiles that were read, for making more than one proof.
#[derive(Default)]
pub struct Tiles(HashMap<TileId, Vec<Hash>>);

impl Tiles {
    /// The audit path of an entry; tiles are fetched as the proof asks for them.
    pub async fn inclusion(
        &mut self,
        tx: &mut Tx,
        log: &str,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, LedgerError> {
        self.prove(tx, log, |tiles| tlog::proof::inclusion(index, size, tiles)).await
    }

    /// The proof of entries side by side.
    pub async fn range(
        &mut self,
        tx: &mut Tx,
        log: &str,
        range: (u64, u64),
        size: u64,
    ) -> Result<Vec<Hash>, LedgerError> {
        self.prove(tx, log, |tiles| tlog::range::prove(range, size, tiles)).await
    }

    /// The consistency proof between two sizes.
    pub async fn consistency(
        &mut self,
        tx: &mut Tx,
        log: &str,
        old: u64,
        size: u64,
    ) -> Result<Vec<Hash>, LedgerError> {
        self.prove(tx, log, |tiles| tlog::proof::consistency(old, size, tiles)).await
    }

    async fn prove(
        &mut self,
        tx: &mut Tx,
        log: &str,
        make: impl for<'a> Fn(
            &dyn Fn(TileId) -> Option<&'a [Hash]>,
        ) -> Result<Vec<Hash>, tlog::proof::ProofError>,
    ) -> Result<Vec<Hash>, LedgerError> {
        loop {
            let made = {
                let have = |id: TileId| self.0.get(&id).map(Vec::as_slice);
                make(&have)
            };
            match made {
                Ok(hashes) => return Ok(hashes),
                Err(tlog::proof::ProofError::Missing(id)) if !self.0.contains_key(&id) => {
                    let hashes = tile(tx, log, id).await?.ok_or(LedgerError::Damaged("tile"))?;
                    self.0.insert(id, hashes);
                }
                Err(_) => return Err(LedgerError::Damaged("tiles")),
            }
        }
    }
}

/// One tile, full or partial.
pub async fn tile(tx: &mut Tx, log: &str, id: TileId) -> Result<Option<Vec<Hash>>, LedgerError> {
    let found = row!(
        tx,
        (Vec<u8>,),
        "select hashes from log_tile where log_id = $1 and level = $2 and idx = $3",
        log,
        i64::from(id.level),
        i64::try_from(id.index).unwrap_or(i64::MAX)
    )?;
    found.map(|(bytes,)| read_tile(&bytes).ok_or(LedgerError::Damaged("tile"))).transpose()
}
