//! What a search of the log found, as an auditor believes it: records that stand in the tree under
//! a checkpoint of the log's own key, and are what was asked for. What else an answer says is the
//! log's word: names beside ids, and how far it looked. What it left out, nobody sees in it.

use crate::bytes::Bytes;
use crate::commitment::{Commitment, Disclosure};
use crate::evidence::{DisclosedRecord, FoundRecords, Search};
use crate::label::verify_ed25519;
use crate::order::Order;
use crate::record::{Event, Record};
use crate::suspension::SuspensionCause;
use crate::term;
use std::collections::{BTreeMap, BTreeSet};
use tlog::note::NoteError;
use tlog::{Checkpoint, VerifierKey};

/// A record that stands in the log and was asked for. Only [`FoundRecords::open`] makes one.
///
/// ```compile_fail,E0451
/// let found: records::found::FoundRecord = todo!();
/// let forged = records::found::FoundRecord { index: 7, ..found };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRecord {
    index: u64,
    record: Record,
    disclosures: Vec<Disclosure>,
}

impl FoundRecord {
    /// The record stands at this index of the log.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The record as it stands in the log.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What opens commitments of it.
    pub fn disclosures(&self) -> &[Disclosure] {
        &self.disclosures
    }
}

/// Why what was given as a record is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// The tree holds something else at its index.
    Elsewhere,
    /// It was not asked for.
    Unasked,
    /// It is given twice, or not newest first.
    OutOfOrder,
}

/// What was given as a record and is none: nothing of it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnprovenRecord {
    /// Where it stands, as the log says.
    pub index: u64,
    /// The reason for which it is not believed.
    pub why: Unproven,
}

/// An answer whose checkpoint is the log's, and of whose records each is proven or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedSearch {
    /// The size of the tree under which the records stand.
    pub tree_size: u64,
    /// The tree of that size has this root hash (RFC 6962 2.1).
    pub root: Bytes,
    /// The records, newest first; each is proven, or refused with why.
    pub records: Vec<Result<FoundRecord, UnprovenRecord>>,
    /// Names of the people in those that are proven, as the log says.
    pub names: BTreeMap<String, String>,
    /// Where the next page begins, as the log says.
    pub before: Option<u64>,
    /// How far it looked, as the log says.
    pub complete_to: u64,
}

impl CheckedSearch {
    /// The number of records that are refused.
    pub fn refused(&self) -> usize {
        self.records.iter().filter(|record| record.is_err()).count()
    }
}

impl FoundRecords {
    /// Checks an answer against what was asked and the log's key.
    pub fn open(self, asked: &Search, key: &VerifierKey) -> Result<CheckedSearch, NoteError> {
        let head = Checkpoint::open(&self.checkpoint, key, verify_ed25519)?;
        let mut below = asked.before;
        let mut records = Vec::with_capacity(self.records.len());
        for shown in self.records {
            let index = shown.proven.index;
            let found = checked(shown, (asked, &head), below);
            if found.is_ok() {
                below = Some(index);
            }
            records.push(found.map_err(|why| UnprovenRecord { index, why }));
        }
        let Self { mut names, before, complete_to, .. } = self;
        let people: BTreeSet<String> = records.iter().flatten().flat_map(people_of).collect();
        names.retain(|id, _| people.contains(id));
        let (tree_size, root) = (head.size, Bytes::from(head.root));
        Ok(CheckedSearch { tree_size, root, records, names, before, complete_to })
    }
}

/// Ids of the people whom a record names.
fn people_of(found: &FoundRecord) -> Vec<String> {
    let person = |term: String| term.strip_prefix("person:").map(str::to_owned);
    term::terms(&found.record).into_iter().filter_map(person).collect()
}

fn checked(
    shown: DisclosedRecord,
    (asked, head): (&Search, &Checkpoint),
    below: Option<u64>,
) -> Result<FoundRecord, Unproven> {
    let index = shown.proven.index;
    let record = shown.proven.open(head).ok_or(Unproven::Elsewhere)?;
    if !asked.fits(&record, &term::terms(&record)) {
        return Err(Unproven::Unasked);
    }
    if below.is_some_and(|below| index >= below) {
        return Err(Unproven::OutOfOrder);
    }
    let commitments = commitments(&record);
    let mut disclosures = shown.disclosures;
    disclosures.retain(|one| one.commitment().is_ok_and(|is| commitments.contains(&is)));
    Ok(FoundRecord { index, record, disclosures })
}

/// Commitments of a record, and of what is signed in it. What opens another is not shown.
fn commitments(record: &Record) -> Vec<Commitment> {
    match &record.event {
        Event::Application { request, .. } => vec![request.clone()],
        Event::Intent { tbs, .. } => vec![tbs.clone()],
        Event::Issued { certificate, .. } | Event::Asked { certificate, .. } => {
            vec![certificate.clone()]
        }
        Event::Connection(seen) => {
            let seen = (**seen).clone();
            [seen.certificate, seen.source].into_iter().chain(seen.handshake).collect()
        }
        Event::Decision(decision) => vec![decision.target.clone()],
        Event::Called(call) => vec![call.asked.clone()],
        Event::Turned(turned) => vec![turned.source.clone()],
        Event::Order { order, .. } => {
            let all = Order::read(&order.0).and_then(|order| order.commitments());
            all.unwrap_or_default().into_iter().map(|(_, commitment)| commitment).collect()
        }
        Event::Declined { decline, .. } => {
            decline.read().ok().into_iter().map(|read| read.reason).collect()
        }
        Event::Suspended { cause: SuspensionCause::Signed { suspension, .. }, .. } => {
            suspension.read().ok().into_iter().map(|read| read.evidence).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
