//! Receipts that left: suspensions that a portal told and this role confirmed. Each stands in a
//! journal of its own before its receipt leaves, and is recorded again until the tree has it, also
//! when the database lost its record or somebody took it away.

use crate::decide::confirmed::is_missing;
use anyhow::Context;
use authority::Authority;
use ca_store::keep::{Journal, mac_key};
use ca_store::record::NewRecord;
use records::Record;
use records::record::Event;
use records::suspension::SuspensionCause;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The journal, and what of it the tree does not have.
pub(crate) struct Receipts(Mutex<Kept>);

struct Kept {
    journal: Journal,
    open: Vec<Record>,
}

impl Receipts {
    /// Reads what a former process confirmed; `secret` is the seal key.
    pub(crate) fn open(path: &Path, secret: &[u8]) -> anyhow::Result<Self> {
        let (journal, entries) = Journal::open(path, &mac_key(secret))?;
        let read = |entry: Vec<u8>| {
            Record::read(&entry).with_context(|| format!("an entry of {}", path.display()))
        };
        let open = entries.into_iter().map(read).collect::<anyhow::Result<_>>()?;
        Ok(Self(Mutex::new(Kept { journal, open })))
    }

    /// Whether a receipt is given for a record.
    pub(crate) fn gives(one: &NewRecord) -> bool {
        suspension(&one.record).is_some()
    }

    /// Keeps records for which receipts are given; they are durable when this returns.
    pub(crate) fn keep(&self, records: &[NewRecord]) -> anyhow::Result<()> {
        for one in records {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.journal.append(&one.bytes)?;
            kept.open.push(one.record.clone());
        }
        Ok(())
    }

    /// What was confirmed and is neither in the tree nor on its way there.
    pub(crate) fn missing(&self, authority: &Authority) -> Vec<Record> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_in = |record: &Record| {
            suspension(record).is_none_or(|cause| authority.knows_suspension(&cause.name()))
        };
        kept.open.retain(|record| !is_in(record));
        kept.open.iter().filter(|record| is_missing(authority, record)).cloned().collect()
    }
}

/// What a portal told and is confirmed here.
fn suspension(record: &Record) -> Option<&SuspensionCause> {
    match &record.event {
        Event::Suspended { cause: cause @ SuspensionCause::Portal { .. }, .. } => Some(cause),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, Officer};
    use crate::sample::Sample;
    use ca_api::OwnSuspension;
    use std::sync::Arc;

    /// Whoever has the receipt is suspended, also when somebody takes the record away.
    #[test]
    fn a_receipt_that_left_is_recorded_again() {
        let mut sample = Sample::found();
        let (_, certificate) = sample.official("李丹");
        let serial = certificate.serial().to_string();
        let is_held = |sample: &Sample| sample.authority().is_revoked(&serial);
        let folder = tempfile::tempdir().unwrap();
        let (path, secret) = (folder.path().join("receipts"), [7; 32]);
        Journal::found(&path, &mac_key(&secret)).unwrap();
        let receipts = Receipts::open(&path, &secret).unwrap();
        let wanted = OwnSuspension { serial: serial.clone(), reason: "keyCompromise".into() };
        let (portal, holder) = (sample.staff(), Officer(Arc::new(certificate)));
        sample.decide(|reply| Command::Suspend(portal, holder, wanted, reply)).unwrap();
        let record = sample.recorded.last().unwrap().clone();
        let other = sample.recorded.first().unwrap().clone();
        let kept = |record: &Record| NewRecord {
            record: record.clone(),
            bytes: record.write().unwrap(),
            salt: [0; 32],
            disclosures: Vec::new(),
        };
        assert!(Receipts::gives(&kept(&record)) && !Receipts::gives(&kept(&other)));
        receipts.keep(&[kept(&record)]).unwrap();
        assert!(receipts.missing(sample.authority()).is_empty(), "it waits for the tree");
        sample.take_away(|event| matches!(event, Event::Suspended { .. }));
        assert!(!is_held(&sample));
        // A process that starts knows it too.
        drop(receipts);
        let receipts = Receipts::open(&path, &secret).unwrap();
        let missing = receipts.missing(sample.authority());
        assert_eq!(missing, [record]);
        sample.decide(|reply| Command::Confirmed(missing, reply)).unwrap();
        assert!(is_held(&sample));
        assert!(receipts.missing(sample.authority()).is_empty());
        sample.sequence();
        assert!(is_held(&sample));
        assert!(receipts.missing(sample.authority()).is_empty(), "and the tree has it");
    }
}
