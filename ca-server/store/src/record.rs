//! Records of one transaction, appended together: their order is the order of the log.

use crate::known::KnownRecords;
use crate::replay::LOG;
use crate::table;
use records::Disclosure;
use records::record::Record;
use std::sync::Arc;

use store::{StoreError, Tx, pending};

/// A record on its way, with what opens its commitments.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// The record that is new, read.
    pub record: Record,
    /// The record's canonical bytes, from which its entry is made.
    pub bytes: Vec<u8>,
    /// The salt of its entry.
    pub salt: [u8; 32],
    /// These values open the commitments of the record.
    pub disclosures: Vec<Disclosure>,
}

/// Puts records of `control` on their way, in the transaction of their acts, which holds the log's
/// order; gives the newest position of the log: that of the last of them.
pub async fn append_many(
    tx: &mut Tx,
    new: Vec<NewRecord>,
    known: &KnownRecords,
) -> Result<i64, StoreError> {
    append(tx, LOG, new, |bytes, record| known.keep(bytes, record)).await
}

/// Puts records of a log that this process just made on their way, in the transaction of what they
/// tell.
pub async fn append_new(
    tx: &mut Tx,
    log: &'static str,
    new: Vec<NewRecord>,
) -> Result<(), StoreError> {
    if !new.is_empty() {
        pending::lock(tx, log).await?;
        append(tx, log, new, |_, _| ()).await?;
    }
    Ok(())
}

async fn append(
    tx: &mut Tx,
    log: &'static str,
    new: Vec<NewRecord>,
    mut keep: impl FnMut(&[u8], Record),
) -> Result<i64, StoreError> {
    let (mut waiting, mut opened) = (Vec::with_capacity(new.len()), Vec::new());
    let first = pending::next(tx).await?;
    for (position, record) in (first..).zip(new) {
        let NewRecord { record, bytes, salt, disclosures } = record;
        let id = record.id.clone();
        keep(&bytes, record);
        let entry = records::record::entry(&salt, &bytes);
        opened.extend(disclosures.into_iter().map(|one| (id.clone(), one)));
        let (salt, entry) = (salt.to_vec(), entry.to_vec());
        let (log, record_id) = (log.to_owned(), id.0);
        let new = pending::PendingRecord { log, record_id, record: bytes, salt, entry };
        waiting.push((position, new));
    }
    let newest = first + waiting.len() as i64 - 1;
    pending::insert_new(tx, waiting).await?;
    table::disclosure::insert(tx, opened).await?;
    Ok(newest)
}

/// What waits in a log's queue, if it is a record of that log under its own id. What agents record
/// never waits there: it comes from them, in runs whose heads they signed, and whoever lays
/// something like it into the queue is no agent.
pub fn read(
    log: &str,
    waiting: &pending::PendingRecord,
    known: &KnownRecords,
) -> Option<Arc<Record>> {
    let record = known.read(&waiting.record).ok()?;
    let whole = waiting.salt.len() == 32 && record.id.0 == waiting.record_id;
    (whole && record.log == log && !record.event.is_of_run()).then_some(record)
}

/// A record that waits: its position and what it says; nothing if it is no record, which the
/// sequencer gives no number.
pub type WaitingRecord = (i64, Option<Arc<Record>>);

/// How many records of `control` wait up to a position, and those that stand behind it and are not
/// in the tree, in order.
pub async fn waiting(
    tx: &mut Tx,
    (after, limit): (i64, i64),
    known: &KnownRecords,
) -> Result<(i64, Vec<WaitingRecord>), StoreError> {
    let (seen, found) = pending::counted_and_waiting(tx, LOG, after, limit).await?;
    let read = |(position, one): (i64, pending::PendingRecord)| (position, read(LOG, &one, known));
    Ok((seen, found.into_iter().map(read).collect()))
}
