//! What gets its numbers together, as rows and leaves.

use records::term::Key;
use store::many::Value;
use tlog::merkle::Hash;

/// Records that get their numbers together.
pub(super) struct Numbered {
    pub(super) rows: Vec<Vec<Value>>,
    pub(super) leaves: Vec<Hash>,
    pub(super) openings: Vec<Vec<Value>>,
    /// Of the records of runs, which come last.
    pub(super) keys: Vec<Vec<Key>>,
    pub(super) next: u64,
}

impl Numbered {
    pub(super) fn from(size: u64) -> Self {
        Self {
            rows: Vec::new(),
            leaves: Vec::new(),
            openings: Vec::new(),
            keys: Vec::new(),
            next: size,
        }
    }

    /// What opens the commitments of the record that comes next.
    pub(super) fn open(&mut self, log: &str, openings: String) -> anyhow::Result<()> {
        let index = i64::try_from(self.next)?;
        self.openings.push(vec![log.into(), index.into(), openings.into()]);
        Ok(())
    }

    pub(super) fn push(
        &mut self,
        log: &str,
        leaf: Hash,
        id: Option<Vec<u8>>,
        (record, salt, entry): (Vec<u8>, Vec<u8>, Vec<u8>),
    ) -> anyhow::Result<()> {
        let index = i64::try_from(self.next)?;
        self.rows.push(vec![
            log.into(),
            index.into(),
            id.into(),
            record.into(),
            salt.into(),
            entry.into(),
        ]);
        self.leaves.push(leaf);
        self.next += 1;
        Ok(())
    }
}
