//! What was answered as done and only takes away. It is felt from then on: a record of it that
//! vanishes before the tree has it, since a database lost it or somebody took it away, is put on
//! its way again as it was. Each stands in a journal of its own before anybody is answered, so that
//! a process that starts knows it too.

use anyhow::Context;
use ca_store::keep::{Journal, mac_key};
use ca_store::record::NewRecord;
use imbl::{OrdMap, OrdSet};
use records::{Bytes, Record};
use std::path::Path;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// A journal of which the tree has all begins anew beyond this, in bytes.
const JOURNAL_BYTES_MAX: u64 = 4 << 20;

/// What was told and is not in the tree, in the order in which it was.
#[derive(Clone, Default)]
pub(crate) struct Told {
    records: OrdMap<u64, Arc<NewRecord>>,
    places: OrdMap<Bytes, u64>,
    /// Those that the queue holds.
    waiting: OrdSet<Bytes>,
    /// Those that it does not hold and that are felt all the same.
    felt: OrdSet<Bytes>,
}

impl Told {
    /// What a journal holds.
    pub(crate) fn of(records: Vec<NewRecord>) -> Self {
        let mut told = Self::default();
        records.into_iter().for_each(|one| told.add(one));
        told
    }

    fn add(&mut self, one: NewRecord) {
        let place = self.records.get_max().map_or(0, |(place, _)| place + 1);
        self.places.insert(one.record.id.clone(), place);
        self.records.insert(place, Arc::new(one));
    }

    /// Adds what is on its way now. What opens its commitments stays with the database: a brake
    /// needs none of it, and it is about people.
    pub(crate) fn tell(&mut self, one: &NewRecord) {
        self.waiting.insert(one.record.id.clone());
        self.add(NewRecord { disclosures: Vec::new(), ..one.clone() });
    }

    /// All of it.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<NewRecord>> {
        self.records.values()
    }

    /// Ids of its records, with their entries.
    pub(crate) fn entries(&self) -> Vec<(Bytes, [u8; 32])> {
        let entry = |one: &Arc<NewRecord>| {
            (one.record.id.clone(), records::record::entry(&one.salt, &one.bytes))
        };
        self.records.values().map(entry).collect()
    }

    /// Whether nothing is open.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether a record was told and is not in the tree.
    pub(crate) fn has(&self, id: &Bytes) -> bool {
        self.places.contains_key(id)
    }

    /// The tree has a record.
    pub(crate) fn sequenced(&mut self, id: &Bytes) {
        if let Some(place) = self.places.remove(id) {
            self.records.remove(&place);
            self.waiting.remove(id);
            self.felt.remove(id);
        }
    }

    /// The queue holds a record.
    pub(crate) fn waits(&mut self, id: &Bytes) {
        if self.has(id) {
            self.waiting.insert(id.clone());
        }
    }

    /// What waits is looked at anew.
    pub(crate) fn forget(&mut self) {
        (self.waiting, self.felt) = (OrdSet::new(), OrdSet::new());
    }

    /// What neither the tree nor the queue has.
    pub(crate) fn gone(&self) -> Vec<Arc<NewRecord>> {
        let gone = |one: &&Arc<NewRecord>| !self.waiting.contains(&one.record.id);
        match self.waiting.len() == self.records.len() {
            true => Vec::new(),
            false => self.records.values().filter(gone).cloned().collect(),
        }
    }

    /// Of these, what is not felt yet; it is from now on.
    pub(crate) fn unfelt(&mut self) -> Vec<Arc<NewRecord>> {
        let mut gone = self.gone();
        gone.retain(|one| self.felt.insert(one.record.id.clone()).is_none());
        gone
    }
}

/// The journal.
pub(crate) struct ToldJournal(Journal);

impl ToldJournal {
    /// Reads what a former process told; `secret` is the seal key.
    pub(crate) fn open(path: &Path, secret: &[u8]) -> anyhow::Result<(Self, Vec<NewRecord>)> {
        let (journal, entries) = Journal::open(path, &mac_key(secret))?;
        let read = |entry: Vec<u8>| {
            read(&entry).with_context(|| format!("an entry of {}", path.display()))
        };
        Ok((Self(journal), entries.into_iter().map(read).collect::<anyhow::Result<_>>()?))
    }

    /// Keeps what is told now; it is durable when this returns. Where the tree has all that was
    /// told before, a long journal begins anew.
    pub(crate) fn keep(&mut self, new: &[NewRecord], told: &Told) -> anyhow::Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        if new.len() == told.records.len() && self.0.size() >= JOURNAL_BYTES_MAX {
            self.0.retain(|_| false)?;
        }
        let write = |one: &NewRecord| [one.salt.as_slice(), &one.bytes].concat();
        self.0.append_all(&new.iter().map(write).collect::<Vec<_>>())
    }
}

fn read(entry: &[u8]) -> anyhow::Result<NewRecord> {
    let (salt, bytes) = entry.split_first_chunk().context("it is too short")?;
    let record = Record::read(bytes)?;
    Ok(NewRecord { record, bytes: bytes.to_vec(), salt: *salt, disclosures: Vec::new() })
}
