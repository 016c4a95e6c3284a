//! A lineage: the records of the `control` log from which some authority follows, each proven to
//! stand in the log, from leaf 0 on. Whoever knows the founding digest and the log's key replays it
//! and believes nobody.

use crate::bytes::Bytes;
use crate::code::Code;
use crate::record::{self, Record};
use serde::{Deserialize, Serialize};
use tlog::merkle;
use tlog::{Checkpoint, VerifierKey};

/// A record, its place and its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proven {
    /// The record is its exact bytes, canonical JSON.
    pub record: Bytes,
    /// The salt of its entry.
    pub salt: Bytes,
    /// The record stands at this index of the log.
    pub index: u64,
    /// The audit path leads from the record's leaf to the root (RFC 6962 2.1.1).
    pub hashes: Vec<Bytes>,
}

/// Records in the order of the log, under one checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {
    /// The log's key signed this checkpoint of `control`, a C2SP note.
    pub checkpoint: String,
    /// The records in the order of the log, each with its proof.
    pub records: Vec<Proven>,
}

/// Why a lineage proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineageError {
    /// The checkpoint is not the log's.
    #[error("the checkpoint is not signed by the log's key")]
    Checkpoint,
    /// A record is not where it should be.
    #[error("record {0} does not stand in the log as it is shown")]
    Record(u64),
    /// It does not begin with the founding that is known from outside.
    #[error("it does not begin with the founding statement")]
    Founding,
    /// A record claims what nobody entitled to it signed.
    #[error("record {index} has no effect: {code}")]
    Unsigned {
        /// The record stands at this index.
        index: u64,
        /// The record has no effect for this reason.
        code: Code,
    },
}

impl Proven {
    /// The record, if it stands under this head.
    pub fn open(&self, head: &Checkpoint) -> Option<Record> {
        let entry = self.entry()?;
        let hashes: Option<Vec<_>> = self.hashes.iter().map(Bytes::digest).collect();
        let leaf = merkle::leaf_hash(&entry);
        merkle::verify_inclusion(&leaf, self.index, head.size, &hashes?, &head.root).ok()?;
        Record::read(&self.record.0).ok()
    }

    /// The entry of the record in the tree, if its salt is 32 bytes.
    pub fn entry(&self) -> Option<[u8; 32]> {
        Some(record::entry(&self.salt.digest()?, &self.record.0))
    }
}

impl Lineage {
    /// Every record with its index, if all stand in the log in this order.
    pub fn open(
        &self,
        key: &VerifierKey,
    ) -> Result<(Checkpoint, Vec<(u64, Record)>), LineageError> {
        let head = Checkpoint::open(&self.checkpoint, key, crate::label::verify_ed25519)
            .map_err(|_| LineageError::Checkpoint)?;
        let mut records: Vec<(u64, Record)> = Vec::with_capacity(self.records.len());
        for proven in &self.records {
            let index = proven.index;
            let later = records.last().is_none_or(|(last, _)| *last < index);
            let record = proven.open(&head).filter(|record| later && record.log == "control");
            records.push((index, record.ok_or(LineageError::Record(index))?));
        }
        Ok((head, records))
    }
}
