//! Records that were read: the bytes of one come to a process again and again – on their way into
//! the tree, in it, into the index – and say the same each time.

use quick_cache::sync::Cache;
use records::json::JsonError;
use records::record::Record;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Records that are kept: some rounds of a busy log.
const KEPT_MAX: usize = 4_096;
/// Longer records are read again each time, so that nobody fills the memory by long ones: what
/// people and services do makes shorter ones.
const BYTES_MAX: usize = 16 * 1_024;

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
        self.insert(name, bytes, &record);
        Ok(record)
    }

    /// The record of these bytes, which may have come before.
    pub fn find(&self, bytes: &[u8]) -> Result<Arc<Record>, JsonError> {
        self.0.get(&name(bytes)).map_or_else(|| Record::read(bytes).map(Arc::new), Ok)
    }

    /// Keeps a record whose bytes were made here.
    pub fn keep(&self, bytes: &[u8], record: Record) {
        self.insert(name(bytes), bytes, &Arc::new(record));
    }

    fn insert(&self, name: [u8; 32], bytes: &[u8], record: &Arc<Record>) {
        if bytes.len() <= BYTES_MAX {
            self.0.insert(name, record.clone());
        }
    }
}

fn name(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::record::Event;

    fn record(length: usize) -> Record {
        let event = Event::Read {
            by: "portal".into(),
            person: "p".repeat(length),
            act: "find".into(),
            count: 1,
        };
        Record {
            v: 1,
            id: vec![7; 16].into(),
            log: "access".into(),
            maker: "issuer".into(),
            time: "2026-01-01T00:00:00.000000Z".into(),
            link: None,
            event,
        }
    }

    /// What is kept is what was read of just these bytes; however long records are, those that are
    /// kept stay small.
    #[test]
    fn what_is_kept_is_bounded_by_bytes() {
        let known = KnownRecords::default();
        for (length, is_kept) in [(100, true), (BYTES_MAX, false)] {
            let bytes = record(length).write().unwrap();
            let first = known.read(&bytes).unwrap();
            assert_eq!(Arc::ptr_eq(&first, &known.find(&bytes).unwrap()), is_kept, "{length}");
            known.keep(&bytes, record(length));
            assert_eq!(known.0.get(&name(&bytes)).is_some(), is_kept, "{length}");
            let mut other = bytes.clone();
            *other.last_mut().unwrap() = b' ';
            assert!(known.find(&other).is_err(), "other bytes are another record");
        }
    }
}
