//! What was answered as done and only takes away. It is felt from then on: a record of it that
//! vanishes before the tree has it, since a database lost it or somebody took it away, is put on
//! its way again as it was; under another id, where the tree has something else under its own. Each
//! stands in a journal of its own before anybody is answered, so that a process that starts knows
//! it too.

use anyhow::Context;
use authority::OrderDigest;
use ca_store::keep::{Journal, mac_key};
use ca_store::proof::TreeStanding;
use ca_store::record::NewRecord;
use imbl::{OrdMap, OrdSet};
use records::record::Event;
use records::{Bytes, Record};
use std::path::Path;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// A journal is written anew beyond this, in bytes, or when it is twice as long as it then was.
const JOURNAL_BYTES_MAX: u64 = 4 << 20;

/// What was told and is not in the tree, in the order in which it was.
#[derive(Clone, Default)]
pub(crate) struct AnsweredBrakes {
    records: OrdMap<u64, Arc<NewRecord>>,
    places: OrdMap<Bytes, u64>,
    /// Those that the queue holds.
    waiting: OrdSet<Bytes>,
    /// Those that it does not hold and that are felt all the same.
    felt: OrdSet<Bytes>,
    /// Those under whose ids the tree has something else.
    taken: OrdSet<Bytes>,
    /// Approvals that came into the tree without effect, and how often.
    in_vain: OrdMap<Bytes, u8>,
    /// Whether any got another id in this round.
    renewed: bool,
}

/// An approval that came into the tree without effect, since a hand had it come before its order,
/// is put on its way so often.
const TRIES_MAX: u8 = 3;

impl AnsweredBrakes {
    /// What a journal holds.
    fn of(records: Vec<NewRecord>) -> Self {
        let mut told = Self::default();
        records.into_iter().for_each(|one| told.add(one));
        told
    }

    /// One that is there already has its place.
    fn add(&mut self, one: NewRecord) {
        if self.has(&one.record.id) {
            return;
        }
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

    /// Every record that was answered and is not in the tree, in its order.
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

    /// Every order that was told itself, as somebody who asked for it was.
    pub(crate) fn orders(&self) -> impl Iterator<Item = OrderDigest> {
        self.records.values().filter_map(|one| match &one.record.event {
            Event::Order { order, .. } => Some(OrderDigest::of(&order.0)),
            _ => None,
        })
    }

    /// Every order that was told as declined or taken back.
    pub(crate) fn ended(&self) -> impl Iterator<Item = OrderDigest> {
        self.records.values().filter_map(|one| crate::state::ended(&one.record.event))
    }

    /// Every revocation that was told.
    pub(crate) fn revocations(&self) -> impl Iterator<Item = &Arc<NewRecord>> {
        let is_one = |one: &&Arc<NewRecord>| matches!(one.record.event, Event::Revoked { .. });
        self.records.values().filter(is_one)
    }

    fn get(&self, id: &Bytes) -> Option<&Arc<NewRecord>> {
        self.places.get(id).and_then(|place| self.records.get(place))
    }

    fn remove(&mut self, id: &Bytes) {
        if let Some(place) = self.places.remove(id) {
            self.records.remove(&place);
            self.waiting.remove(id);
            self.felt.remove(id);
            self.taken.remove(id);
            self.in_vain.remove(id);
        }
    }

    /// The tree has a record: one that was told, or another one under its id; whether it was told.
    pub(crate) fn sequenced(&mut self, record: &Record, has_effect: bool) -> bool {
        let is_told = self.get(&record.id).map(|one| one.record == *record);
        match is_told {
            Some(true) if has_effect => self.remove(&record.id),
            Some(true) => self.came_in_vain(&record.id),
            Some(false) => self.taken(&record.id),
            None => {}
        }
        is_told == Some(true)
    }

    /// The tree has a record that was told and gives it no effect, or may have given it none: of an
    /// approval it is seen what it is good for behind all that the tree has.
    fn came_in_vain(&mut self, id: &Bytes) {
        let tries = self.in_vain.get(id).copied().unwrap_or(0);
        let is_approval =
            self.get(id).is_some_and(|one| matches!(one.record.event, Event::Approval { .. }));
        if !is_approval || tries >= TRIES_MAX {
            return self.remove(id);
        }
        self.in_vain.insert(id.clone(), tries + 1);
        self.taken(id);
    }

    /// Every approval that came into the tree without effect and is not on its way again.
    pub(crate) fn in_vain(&self) -> Vec<Arc<NewRecord>> {
        let again = self.in_vain.keys().filter(|id| self.taken.contains(*id));
        again.filter_map(|id| self.get(id).cloned()).collect()
    }

    /// It was told, and has nothing more to do.
    pub(crate) fn let_go(&mut self, id: &Bytes) {
        self.remove(id);
    }

    /// What a former process told stands in the tree, proven by its entry; or something else does.
    pub(crate) fn proven(&mut self, id: &Bytes, standing: TreeStanding) {
        match standing {
            TreeStanding::Itself => self.came_in_vain(id),
            TreeStanding::Another => self.taken(id),
        }
    }

    fn taken(&mut self, id: &Bytes) {
        if self.has(id) {
            self.waiting.remove(id);
            self.taken.insert(id.clone());
        }
    }

    /// The queue holds a record: one that was told, or another one under its id, which is not it.
    pub(crate) fn waits(&mut self, record: &Record) {
        let id = &record.id;
        if !self.taken.contains(id) && self.get(id).is_some_and(|one| one.record == *record) {
            self.waiting.insert(id.clone());
        }
    }

    /// Begins a round, in which no record got another id yet.
    pub(crate) fn at_round(&mut self) {
        self.renewed = false;
    }

    /// Whether the tree has something else under a record's id.
    pub(crate) fn is_taken(&self, id: &Bytes) -> bool {
        self.taken.contains(id)
    }

    /// One takes the place of a record under whose id the tree has something else.
    pub(crate) fn renewed(&mut self, old: &Bytes, new: &NewRecord) {
        let tries = self.in_vain.get(old).copied();
        self.remove(old);
        self.tell(new);
        self.in_vain.extend(tries.map(|tries| (new.record.id.clone(), tries)));
        self.renewed = true;
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

/// The journal of what was answered, in the issuer's own directory.
pub(crate) struct AnswerJournal {
    journal: Journal,
    /// Bytes of it when it was last written anew.
    compacted: u64,
    /// Whether something in it has another id since.
    renewed: bool,
}

impl AnswerJournal {
    /// Reads what a former process told; `secret` is the seal key.
    pub(crate) fn open(path: &Path, secret: &[u8]) -> anyhow::Result<(Self, AnsweredBrakes)> {
        let (journal, entries) = Journal::open(path, &mac_key(secret))?;
        let read = |entry: Vec<u8>| {
            read(&entry).with_context(|| format!("an entry of {}", path.display()))
        };
        let told = entries.into_iter().map(read).collect::<anyhow::Result<_>>()?;
        Ok((Self { journal, compacted: 0, renewed: false }, AnsweredBrakes::of(told)))
    }

    /// Keeps what is told now; it is durable when this returns. A journal that grew long is then
    /// written anew without what the tree has, and so is one of which something has another id now.
    /// That it cannot be holds nobody up: there is room for what is told next, and it is tried
    /// again.
    pub(crate) fn keep(&mut self, new: &[NewRecord], told: &AnsweredBrakes) -> anyhow::Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        let write = |one: &NewRecord| [one.salt.as_slice(), &one.bytes].concat();
        self.journal.append_all(&new.iter().map(write).collect::<Vec<_>>())?;
        self.renewed |= told.renewed;
        if self.renewed || self.journal.size() >= JOURNAL_BYTES_MAX.max(2 * self.compacted) {
            let stays = |entry: &[u8]| read(entry).is_ok_and(|one| told.has(&one.record.id));
            match self.journal.retain(stays) {
                Ok(()) => (self.renewed, self.compacted) = (false, self.journal.size()),
                Err(error) => tracing::warn!(%error, "the journal of what was told stays long"),
            }
        }
        Ok(())
    }

    /// Whether a full disk would take what is told next all the same.
    pub(crate) fn has_room(&self) -> bool {
        self.journal.has_room()
    }
}

fn read(entry: &[u8]) -> anyhow::Result<NewRecord> {
    let (salt, bytes) = entry.split_first_chunk().context("it is too short")?;
    let record = Record::read(bytes)?;
    Ok(NewRecord { record, bytes: bytes.to_vec(), salt: *salt, disclosures: Vec::new() })
}
