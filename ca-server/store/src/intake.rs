//! Records on their way into a log, and how far it reaches. What is in it already stands in
//! [`crate::sequenced`].

use crate::table;
use ca_host::random::{self, NoRandomness};
use records::json::JsonError;
use records::record::{Event, Record};
use records::{Bytes, Disclosure};
use std::sync::Arc;
use store::pending::{self, PendingRecord};
use store::{StoreError, Tx, row, rows};

/// Why a record cannot be written or proven.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record has no canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The log's rows do not hold together.
    #[error("the log is damaged: {0}")]
    Damaged(&'static str),
}

/// Puts a record of the CA on its way, in the transaction of the act; gives its id.
pub async fn write(
    tx: &mut Tx,
    maker: &str,
    micros: u64,
    event: Event,
    disclosures: &[Disclosure],
) -> Result<Bytes, LedgerError> {
    let record = Record {
        v: 1,
        id: random::bytes::<16>()?.into(),
        log: "control".into(),
        maker: maker.into(),
        time: records::time::micros(micros),
        link: None,
        event,
    };
    let bytes = record.write()?;
    let salt = random::bytes::<32>()?;
    insert(tx, &record, bytes, salt).await?;
    disclose(tx, &record, disclosures).await?;
    Ok(record.id)
}

/// Keeps what opens the commitments of a record that someone else made.
pub async fn disclose(
    tx: &mut Tx,
    record: &Record,
    opened: &[Disclosure],
) -> Result<(), StoreError> {
    let opened = opened.iter().map(|one| (record.id.clone(), one.clone()));
    table::disclosure::insert_again(tx, opened.collect()).await
}

/// Puts a record on its way that someone else made and salted.
pub async fn insert(
    tx: &mut Tx,
    record: &Record,
    bytes: Vec<u8>,
    salt: [u8; 32],
) -> Result<(), StoreError> {
    pending::insert(tx, &waiting_record(record, bytes, salt)).await
}

/// Puts records on their way that others made and salted, one behind the other.
pub async fn insert_all(
    tx: &mut Tx,
    made: Vec<(Arc<Record>, Vec<u8>, [u8; 32])>,
) -> Result<(), StoreError> {
    let waiting =
        made.into_iter().map(|(record, bytes, salt)| waiting_record(&record, bytes, salt));
    pending::insert_all(tx, &waiting.collect::<Vec<_>>()).await
}

fn waiting_record(record: &Record, bytes: Vec<u8>, salt: [u8; 32]) -> PendingRecord {
    let entry = records::record::entry(&salt, &bytes).to_vec();
    PendingRecord {
        log: record.log.clone(),
        record_id: record.id.0.clone(),
        record: bytes,
        salt: salt.to_vec(),
        entry,
    }
}

/// Most records that wait for the tree of a log, but for those of brakes. A log that stands still
/// for a day would otherwise fill the disk, and its first round afterwards could not be held.
pub const PENDING_MAX: u64 = 100_000;

/// Whether a log takes more of what is no brake: few enough records wait for its tree.
pub async fn has_room(tx: &mut Tx, log: &str) -> Result<bool, StoreError> {
    Ok(waiting(tx, log).await? < PENDING_MAX)
}

/// How many records wait for the tree of a log.
pub async fn waiting(tx: &mut Tx, log: &str) -> Result<u64, StoreError> {
    let waiting = pending::count(tx, log).await?;
    Ok(u64::try_from(waiting).unwrap_or(u64::MAX))
}

/// Where a record stands, by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordPlace {
    /// The record is neither in the tree nor on its way.
    Absent,
    /// It waits, and is still these bytes.
    Waiting,
    /// Something else waits under its id.
    Exchanged,
    /// The log has it.
    Sequenced(u64),
    /// The log has something else under its id.
    Taken(u64),
}

/// Where a record of these bytes stands.
pub async fn place_of(
    tx: &mut Tx,
    record_id: &[u8],
    bytes: &[u8],
    salt: &[u8],
) -> Result<RecordPlace, StoreError> {
    let waits = row!(
        tx,
        (String, Vec<u8>, Vec<u8>, Vec<u8>),
        "select log_id, record, salt, entry from log_pending where record_id = $1",
        record_id
    )?;
    if let Some((log, record, with, entry)) = waits {
        let commits = commits(salt, bytes, &entry);
        let same = log == "control" && record == bytes && with == salt && commits;
        return Ok(if same { RecordPlace::Waiting } else { RecordPlace::Exchanged });
    }
    let placed = row!(
        tx,
        (i64, Vec<u8>),
        "select idx, entry from log_entry where record_id = $1",
        record_id
    )?;
    Ok(placed.map_or(RecordPlace::Absent, |(index, entry)| match u64::try_from(index) {
        Ok(index) if commits(salt, bytes, &entry) => RecordPlace::Sequenced(index),
        Ok(index) => RecordPlace::Taken(index),
        Err(_) => RecordPlace::Absent,
    }))
}

/// Whether an entry is that of a record.
fn commits(salt: &[u8], bytes: &[u8], entry: &[u8]) -> bool {
    let salt = salt.try_into();
    salt.is_ok_and(|salt: [u8; 32]| records::record::entry(&salt, bytes).as_slice() == entry)
}

/// How far a log reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The size of its tree.
    pub size: u64,
    /// The newest position that waits; 0 for none.
    pub newest: i64,
    /// So many rows wait.
    pub rows: i64,
}

/// How far a log reaches.
pub async fn extent(tx: &mut Tx, log: &str) -> Result<Extent, StoreError> {
    let found = row!(
        tx,
        (i64, i64, i64),
        "select coalesce((select size from log_head where log_id = $1), 0), \
         coalesce((select max(position) from log_pending where log_id = $1), 0), \
         (select count(*) from log_pending where log_id = $1)",
        log
    )?;
    let (size, newest, rows) = found.unwrap_or((0, 0, 0));
    let size = u64::try_from(size).map_err(|_| StoreError::Inconsistent("size of a log"))?;
    Ok(Extent { size, newest, rows })
}

/// A record that waits for its number.
pub(crate) struct Unnumbered {
    /// Where it waits.
    pub(crate) position: i64,
    /// What waits there.
    pub(crate) record: PendingRecord,
    /// Whether something under its id has its place already: it is given no other.
    pub(crate) stands: bool,
}

/// What waits for its number in a log, in order, at most `limit`.
pub(crate) async fn unnumbered(
    tx: &mut Tx,
    log: &str,
    limit: i64,
) -> Result<Vec<Unnumbered>, StoreError> {
    type Row = (i64, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, i64);
    let found = rows!(
        tx,
        Row,
        "select p.position, p.record_id, p.record, p.salt, p.entry, \
         cast(case when exists (select 1 from log_entry e \
         where e.record_id = p.record_id and e.record_id is not null) then 1 else 0 end as bigint) \
         from log_pending p where p.log_id = $1 and p.position > 0 order by p.position limit $2",
        log,
        limit
    )?;
    let one = |(position, record_id, record, salt, entry, stands): Row| {
        let record = PendingRecord { log: log.to_owned(), record_id, record, salt, entry };
        Unnumbered { position, record, stands: stands != 0 }
    };
    Ok(found.into_iter().map(one).collect())
}
