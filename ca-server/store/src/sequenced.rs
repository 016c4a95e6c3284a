//! The log as it was sequenced: its head, its entries, what opens them, and its tiles.

use crate::intake::LedgerError;
use records::{Bytes, Disclosure};
use std::sync::Arc;
use store::many::{Value, insert_many};
use store::{StoreError, Tx, execute, row, rows};
use tlog::Checkpoint;
use tlog::merkle::Hash;
use tlog::tile::{TileId, tile_bytes};

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
    let cleared = match tx {
        Tx::Sqlite(_) => {
            let entries = "delete from log_entry where log_id = $1 and idx >= $2";
            let cleared = execute!(&mut *tx, entries, log, size)?;
            let openings = "delete from log_opening where log_id = $1 and idx >= $2";
            cleared + execute!(&mut *tx, openings, log, size)?
        }
        // One round trip.
        Tx::Postgres(_) => execute!(
            &mut *tx,
            "with gone as (delete from log_opening where log_id = $1 and idx >= $2 returning idx), \
             entries as (delete from log_entry where log_id = $1 and idx >= $2 returning idx) \
             select idx from gone union all select idx from entries",
            log,
            size
        )?,
    };
    if cleared > 0 {
        tracing::error!(log, cleared, "rows behind the head are no entries: removed");
    }
    Ok(())
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
