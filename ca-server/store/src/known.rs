//! Records that were read: the bytes of one come to a process again and again – on their way into
//! the tree, in it, into the index – and say the same each time.

use quick_cache::sync::Cache;
use records::json::JsonError;
use records::record::Record;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Records that are kept: some rounds of a busy log.
const KEPT_MAX: usize = 4_096;

/// Records by the SHA-256 of their bytes; clones share them.
#[derive(Clone)]
pub struct KnownRecords(Arc<Cache<[u8; 32], Arc<Record>>>);

impl Default for KnownRecords {
    fn default() -> Self {
        Self(Arc::new(Cache::new(KEPT_MAX)))
    }
}

impl KnownRecords {
    /// The record of these bytes, which are expected to come again.
    pub fn read(&self, bytes: &[u8]) -> Result<Arc<Record>, JsonError> {
        let name = name(bytes);
        if let Some(known) = self.0.get(&name) {
            return Ok(known);
        }
        let record = Arc::new(Record::read(bytes)?);
        self.0.insert(name, record.clone());
        Ok(record)
    }

    /// The record of these bytes, which may have come before.
    pub fn find(&self, bytes: &[u8]) -> Result<Arc<Record>, JsonError> {
        self.0.get(&name(bytes)).map_or_else(|| Record::read(bytes).map(Arc::new), Ok)
    }

    /// Keeps a record whose bytes were made here.
    pub fn keep(&self, bytes: &[u8], record: Record) {
        self.0.insert(name(bytes), Arc::new(record));
    }
}

fn name(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
