//! Writing records, and reading the log as it was sequenced.

use crate::table;
use ca_host::random::{self, NoRandomness};
use records::json::JsonError;
use records::record::{Event, Record};
use records::{Bytes, Disclosure};
use std::collections::HashSet;
use std::sync::Arc;
use store::many::{Value, insert_many};
use store::pending::{self, PendingRecord};
use store::{StoreError, Tx, execute, row, rows};
use tlog::Checkpoint;
use tlog::merkle::Hash;
use tlog::tile::{TileId, tile_bytes};

/// Why a record cannot be written or proven.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record has no canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// No randomness.
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
    let entry = records::record::entry(&salt, &bytes).to_vec();
    let waiting = PendingRecord {
        log: record.log.clone(),
        record_id: record.id.0.clone(),
        record: bytes,
        salt: salt.to_vec(),
        entry,
    };
    pending::insert(tx, &waiting).await
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
    /// Nowhere.
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
    /// How many rows wait.
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

/// The head of a log as it was last committed: size, root hash, signed checkpoint.
pub async fn head(tx: &mut Tx, log: &str) -> Result<Option<(u64, Hash, String)>, LedgerError> {
    let found = row!(
        tx,
        (i64, Vec<u8>, String),
        "select size, root, checkpoint from log_head where log_id = $1",
        log
    )?;
    found
        .map(|(size, root, checkpoint)| {
            let root = Hash::try_from(root).map_err(|_| LedgerError::Damaged("root"))?;
            let size = u64::try_from(size).map_err(|_| LedgerError::Damaged("size"))?;
            Ok((size, root, checkpoint))
        })
        .transpose()
}

/// Clears the place behind the head for what gets a number: what a hand put there is no entry, and
/// would stop the log for good.
pub(crate) async fn clear_behind(tx: &mut Tx, log: &str, size: u64) -> Result<(), StoreError> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let entries = "delete from log_entry where log_id = $1 and idx >= $2";
    let cleared = execute!(&mut *tx, entries, log, size)?;
    let openings = "delete from log_opening where log_id = $1 and idx >= $2";
    let cleared = cleared + execute!(&mut *tx, openings, log, size)?;
    if cleared > 0 {
        tracing::error!(log, cleared, "rows behind the head are no entries: removed");
    }
    Ok(())
}

/// Positions of what waits under an id that has its place already: it is given no other.
pub(crate) async fn standing(
    tx: &mut Tx,
    log: &str,
    (first, last): (i64, i64),
) -> Result<HashSet<i64>, StoreError> {
    let found = rows!(
        tx,
        (i64,),
        "select p.position from log_pending p where p.log_id = $1 and p.position between $2 and $3 \
         and exists (select 1 from log_entry e \
         where e.record_id = p.record_id and e.record_id is not null)",
        log,
        first,
        last
    )?;
    Ok(found.into_iter().map(|(position,)| position).collect())
}

/// Appends rows of entries, and what opens the commitments of some of them.
pub(crate) async fn append(
    tx: &mut Tx,
    entries: Vec<Vec<Value>>,
    openings: Vec<Vec<Value>>,
) -> Result<(), StoreError> {
    insert_many(
        tx,
        "insert into log_entry (log_id, idx, record_id, record, salt, entry)",
        entries,
        "",
    )
    .await?;
    insert_many(tx, "insert into log_opening (log_id, idx, disclosures)", openings, "").await?;
    Ok(())
}

/// Writes tiles, in place of those that were not full.
pub(crate) async fn write_tiles(
    tx: &mut Tx,
    log: &str,
    tiles: Vec<(TileId, Arc<Vec<Hash>>)>,
) -> Result<(), StoreError> {
    let row = |(id, hashes): (TileId, Arc<Vec<Hash>>)| {
        let index = i64::try_from(id.index).unwrap_or(i64::MAX);
        vec![log.into(), i64::from(id.level).into(), index.into(), tile_bytes(&hashes).into()]
    };
    let rows = tiles.into_iter().map(row).collect();
    let into = "insert into log_tile (log_id, level, idx, hashes)";
    let then = "on conflict (log_id, level, idx) do update set hashes = excluded.hashes";
    insert_many(tx, into, rows, then).await?;
    Ok(())
}

/// Moves the head, if it is still the one of `old` entries.
pub(crate) async fn move_head(
    tx: &mut Tx,
    log: &str,
    old: u64,
    (head, note): (&Checkpoint, &str),
) -> Result<bool, StoreError> {
    let moved = execute!(
        tx,
        "insert into log_head (log_id, size, root, checkpoint) values ($1, $2, $3, $4) \
         on conflict (log_id) do update set size = $2, root = $3, checkpoint = $4 \
         where log_head.size = $5",
        log,
        i64::try_from(head.size).unwrap_or(i64::MAX),
        head.root.to_vec(),
        note,
        i64::try_from(old).unwrap_or(i64::MAX)
    )?;
    Ok(moved == 1)
}

/// What opens the commitments of a record.
pub async fn openings(
    tx: &mut Tx,
    log: &str,
    index: u64,
    record_id: &[u8],
) -> Result<Vec<Disclosure>, LedgerError> {
    let kept = row!(
        &mut *tx,
        (String,),
        "select disclosures from log_opening where log_id = $1 and idx = $2",
        log,
        i64::try_from(index).unwrap_or(i64::MAX)
    )?;
    let damaged = |_| LedgerError::Damaged("disclosures");
    if let Some((json,)) = kept {
        return serde_json::from_str(&json).map_err(damaged);
    }
    let found = rows!(
        tx,
        (String, Vec<u8>, String),
        "select path, salt, value from disclosure where record_id = $1 order by path",
        record_id
    )?;
    let open = |(path, salt, value): (String, Vec<u8>, String)| {
        let value = serde_json::from_str(&value).map_err(damaged)?;
        Ok(Disclosure { path, salt: Bytes(salt), value })
    };
    found.into_iter().map(open).collect()
}

/// Entries of a log, by themselves: commitments to its records.
pub async fn commitments(
    tx: &mut Tx,
    log: &str,
    (first, end): (u64, u64),
) -> anyhow::Result<Vec<Vec<u8>>> {
    let found = rows!(
        tx,
        (Vec<u8>,),
        "select entry from log_entry where log_id = $1 and idx >= $2 and idx < $3 order by idx",
        log,
        i64::try_from(first)?,
        i64::try_from(end)?
    )?;
    Ok(found.into_iter().map(|(entry,)| entry).collect())
}

/// A sequenced entry: index, record, salt.
pub type Entry = (u64, Vec<u8>, Vec<u8>);

/// Entries from `index` on, at most `limit`.
pub async fn entries(
    tx: &mut Tx,
    log: &str,
    index: u64,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let from = i64::try_from(index).unwrap_or(i64::MAX);
    let found = rows!(
        tx,
        (i64, Vec<u8>, Vec<u8>),
        "select idx, record, salt from log_entry where log_id = $1 and idx >= $2 \
         order by idx limit $3",
        log,
        from,
        limit
    )?;
    let entry = |(idx, record, salt)| (u64::try_from(idx).unwrap_or(u64::MAX), record, salt);
    Ok(found.into_iter().map(entry).collect())
}

/// The newest records before an index, newest first.
pub async fn newest(
    tx: &mut Tx,
    log: &str,
    before: u64,
    limit: usize,
) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let found = rows!(
        tx,
        (i64, Vec<u8>),
        "select idx, record from log_entry where log_id = $1 and idx < $2 \
         order by idx desc limit $3",
        log,
        i64::try_from(before).unwrap_or(i64::MAX),
        i64::try_from(limit).unwrap_or(i64::MAX)
    )?;
    Ok(found
        .into_iter()
        .filter_map(|(at, record)| Some((u64::try_from(at).ok()?, record)))
        .collect())
}

/// Records at some places, newest first.
pub async fn records(
    tx: &mut Tx,
    log: &str,
    places: &[u64],
) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let keys: Vec<i64> = places.iter().filter_map(|place| i64::try_from(*place).ok()).collect();
    // The name of a log is text of ours, known when this is compiled.
    let found = match log {
        "control" => store::rows_of!(
            tx,
            (i64, Vec<u8>),
            "select idx, record from log_entry where log_id = 'control' and idx in (",
            &keys,
            ")"
        ),
        _ => store::rows_of!(
            tx,
            (i64, Vec<u8>),
            "select idx, record from log_entry where log_id = 'access' and idx in (",
            &keys,
            ")"
        ),
    };
    let place = |(at, record): (i64, Vec<u8>)| Some((u64::try_from(at).ok()?, record));
    let mut found: Vec<_> = found.into_iter().filter_map(place).collect();
    found.sort_unstable_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(found)
}
