//! A log as questions read it: by the index, and of what the index finds only what stands in the
//! tree, under a head that the log's key signed, and is found by just what was asked. Of everything
//! else that rows say nothing is told.

#[cfg(test)]
mod tests;

use crate::intake::LedgerError;
use crate::proof::Tiles;
use crate::{entry, index, sequenced};
use records::record::Record;
use records::term;
use records::trust::Trust;
use store::{StoreError, Tx};
use tlog::Checkpoint;
use tlog::merkle::{leaf_hash, verify_inclusion};

/// A log under its head.
pub struct ProvenLog {
    log: &'static str,
    head: Option<Checkpoint>,
    tiles: Tiles,
}

impl ProvenLog {
    /// The log as far as its key signed the head that the row has.
    pub async fn open(tx: &mut Tx, trust: &Trust, log: &'static str) -> Result<Self, StoreError> {
        let row = told(sequenced::head(tx, log).await)?.flatten();
        let is_empty = row.is_none();
        let head = row.zip(trust.log_key(log)).and_then(|((.., note), key)| {
            Checkpoint::open(&note, &key, records::label::verify_ed25519).ok()
        });
        if head.is_none() && !is_empty {
            tracing::error!(log, "the head is not signed by the log's key");
        }
        Ok(Self { log, head, tiles: Tiles::default() })
    }

    /// How many entries it has.
    pub fn size(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.size)
    }

    /// Where the index has the newest records with a term, newest first.
    pub async fn places(
        &self,
        tx: &mut Tx,
        term: &str,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let found = index::newest(tx, self.log, term, (self.size(), limit)).await;
        Ok(told(found)?.unwrap_or_default())
    }

    /// The record that the tree has at a place, if it is one with this term.
    pub async fn record(
        &mut self,
        tx: &mut Tx,
        index: u64,
        term: &str,
    ) -> Result<Option<Record>, StoreError> {
        let stands = self.stands(tx, index).await?;
        let found = stands.filter(|record| term::terms(record).iter().any(|one| one == term));
        if found.is_none() {
            tracing::error!(log = self.log, index, "what the index finds there is not in the tree");
        }
        Ok(found)
    }

    /// What is told of the first record of which something is told, of so many of the newest with a
    /// term.
    pub async fn newest<T>(
        &mut self,
        tx: &mut Tx,
        (term, limit): (&str, usize),
        told: impl Fn(&Record) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        for index in self.places(tx, term, limit).await? {
            let record = self.record(tx, index, term).await?;
            if let Some(found) = record.as_ref().and_then(&told) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn stands(&mut self, tx: &mut Tx, index: u64) -> Result<Option<Record>, StoreError> {
        let Some(head) = self.head.as_ref().filter(|head| index < head.size) else {
            return Ok(None);
        };
        let Some((bytes, salt)) = entry::at(tx, self.log, index).await? else { return Ok(None) };
        let path = told(self.tiles.inclusion(tx, self.log, index, head.size).await)?;
        let (Some(path), Ok(salt)) = (path, <[u8; 32]>::try_from(salt)) else { return Ok(None) };
        let leaf = leaf_hash(&records::record::entry(&salt, &bytes));
        let proven = verify_inclusion(&leaf, index, head.size, &path, &head.root);
        Ok(proven.ok().and_then(|()| Record::read(&bytes).ok()))
    }
}

/// What rows tell; nothing, where they do not hold together.
fn told<T>(found: Result<T, LedgerError>) -> Result<Option<T>, StoreError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(LedgerError::Store(error)) => Err(error),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "rows of a log do not hold together");
            Ok(None)
        }
    }
}
