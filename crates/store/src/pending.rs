//! Records on their way into a log: inserted by the act's own transaction, numbered by the
//! sequencer.

use crate::error::StoreError;
use crate::many::insert_many;
use crate::open::Tx;

/// A record with what commits to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRecord {
    /// The record is for the log `control` or `access`.
    pub log: String,
    /// The record's id; inserting the same one twice keeps one.
    pub record_id: Vec<u8>,
    /// The record's exact bytes.
    pub record: Vec<u8>,
    /// The salt is 32 random bytes, which the record's entry is made with.
    pub salt: Vec<u8>,
    /// The entry: a commitment to the record.
    pub entry: Vec<u8>,
}

/// Holds a log's order until the commit: what is read and written afterwards in this transaction is
/// not overtaken. SQLite has one writer anyway; PostgreSQL takes one advisory lock per log. It
/// comes before any savepoint: going back to one that is older would give the lock up. Whoever has
/// it waits two seconds at most for a row or table that another session locked.
pub async fn lock(tx: &mut Tx, log: &str) -> Result<(), StoreError> {
    take(tx, log).await?;
    if let Tx::Postgres(inner) = tx {
        inner.held.push(log.to_owned());
    }
    Ok(())
}

/// Longest wait for what another session locked, as the server is told: everybody who writes waits
/// with whoever has the order.
const LOCKED_MAX: &str = "2s";
/// The order itself is waited for in one's place, for as long as it takes.
const TAKE: &str = "select set_config('lock_timeout', '0', true), \
                    pg_advisory_xact_lock(hashtext($1)), set_config('lock_timeout', $2, true)";

async fn take(tx: &mut Tx, log: &str) -> Result<(), StoreError> {
    if let Tx::Postgres(inner) = tx {
        let lock = sqlx::query(TAKE).bind(log).bind(LOCKED_MAX);
        crate::answered::answered(lock.execute(&mut **inner)).await?;
    }
    Ok(())
}

fn holds(tx: &Tx, log: &str) -> bool {
    matches!(tx, Tx::Postgres(inner) if inner.held.iter().any(|held| held == log))
}

/// No queue comes this far by itself: what stands behind it was put there by a hand.
const FAR: i64 = 1 << 61;

/// The position behind everything that waits: writers draw it under the log's order. No counter of
/// the database is asked, which a row of a high number would move for good; and behind such a row
/// there is room all the same.
pub async fn next(tx: &mut Tx) -> Result<i64, StoreError> {
    let last = last(tx).await?;
    if last < FAR {
        return Ok(last + 1);
    }
    move_together(tx).await?;
    Ok(self::last(tx).await? + 1)
}

async fn last(tx: &mut Tx) -> Result<i64, StoreError> {
    let found = row!(tx, (i64,), "select coalesce(max(position), 0) from log_pending")?;
    Ok(found.map_or(0, |(position,)| position))
}

/// Numbers what waits from 1 on, in its order; two logs may have drawn the same. A place is free
/// when its turn comes: whatever stood there came before, and moved down already.
async fn move_together(tx: &mut Tx) -> Result<(), StoreError> {
    let places = "select distinct position from log_pending order by position";
    let places = rows!(&mut *tx, (i64,), places)?;
    for (to, (from,)) in (1_i64..).zip(places) {
        if from != to {
            let moved = "update log_pending set position = $1 where position = $2";
            execute!(&mut *tx, moved, to, from)?;
        }
    }
    Ok(())
}

/// Inserts a record in the act's transaction. Positions have the order of the commits.
pub async fn insert(tx: &mut Tx, record: &PendingRecord) -> Result<(), StoreError> {
    if !holds(tx, &record.log) {
        take(tx, &record.log).await?;
    }
    let position = next(tx).await?;
    insert_at(tx, (position, record)).await
}

/// Inserts records one behind the other: the order is taken and a position drawn once for all.
pub async fn insert_all(tx: &mut Tx, records: &[PendingRecord]) -> Result<(), StoreError> {
    for record in records {
        if !holds(tx, &record.log) {
            lock(tx, &record.log).await?;
        }
    }
    let first = next(tx).await?;
    for waits in (first..).zip(records) {
        insert_at(tx, waits).await?;
    }
    Ok(())
}

async fn insert_at(
    tx: &mut Tx,
    (position, record): (i64, &PendingRecord),
) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into log_pending (position, log_id, record_id, record, salt, entry) \
         select $6, $1, $2, $3, $4, $5 \
         where not exists \
         (select 1 from log_entry where log_entry.record_id = $2) \
         on conflict (record_id) do nothing",
        &record.log,
        &record.record_id,
        &record.record,
        &record.salt,
        &record.entry,
        position
    )?;
    Ok(())
}

/// Inserts records that were just made, under positions that were drawn under the log's order.
pub async fn insert_new(tx: &mut Tx, waiting: Vec<(i64, PendingRecord)>) -> Result<(), StoreError> {
    let row = |(position, one): (i64, PendingRecord)| {
        vec![
            position.into(),
            one.log.into(),
            one.record_id.into(),
            one.record.into(),
            one.salt.into(),
            one.entry.into(),
        ]
    };
    let rows = waiting.into_iter().map(row).collect();
    let text = "insert into log_pending (position, log_id, record_id, record, salt, entry)";
    insert_many(tx, text, rows, "").await?;
    Ok(())
}

/// The newest position that waits in a log; 0 when nothing waits.
pub async fn newest(tx: &mut Tx, log: &str) -> Result<i64, StoreError> {
    let found = row!(
        tx,
        (i64,),
        "select position from log_pending where log_id = $1 order by position desc limit 1",
        log
    )?;
    Ok(found.map_or(0, |(position,)| position))
}

/// The records of a log that are not yet in the tree and stand behind position `after`, in order,
/// at most `limit`.
pub async fn waiting(
    tx: &mut Tx,
    log: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, PendingRecord)>, StoreError> {
    type Columns = (i64, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);
    let found = rows!(
        tx,
        Columns,
        "select position, record_id, record, salt, entry from log_pending \
         where log_id = $1 and position > $2 order by position limit $3",
        log,
        after,
        limit
    )?;
    let record = |(position, record_id, record, salt, entry): Columns| {
        (position, PendingRecord { log: log.to_owned(), record_id, record, salt, entry })
    };
    Ok(found.into_iter().map(record).collect())
}

/// How many records of a log wait up to a position, and those behind it as [`waiting`] gives them:
/// on a server with one round trip.
pub async fn counted_and_waiting(
    tx: &mut Tx,
    log: &str,
    after: i64,
    limit: i64,
) -> Result<(i64, Vec<(i64, PendingRecord)>), StoreError> {
    type Bytes = Option<Vec<u8>>;
    if let Tx::Sqlite(_) = tx {
        let counted = count_until(tx, log, after).await?;
        return Ok((counted, waiting(tx, log, after, limit).await?));
    }
    let found = rows!(
        tx,
        (i64, Bytes, Bytes, Bytes, Bytes),
        "select count(*), null::bytea, null::bytea, null::bytea, null::bytea from log_pending \
         where log_id = $1 and position <= $2 union all \
         (select position, record_id, record, salt, entry from log_pending \
         where log_id = $1 and position > $2 order by position limit $3)",
        log,
        after,
        limit
    )?;
    let (mut counted, mut waiting) = (0, Vec::with_capacity(found.len()));
    for row in found {
        match row {
            (position, Some(record_id), Some(record), Some(salt), Some(entry)) => {
                let log = log.to_owned();
                waiting.push((position, PendingRecord { log, record_id, record, salt, entry }));
            }
            (count, ..) => counted = count,
        }
    }
    waiting.sort_unstable_by_key(|(position, _)| *position);
    Ok((counted, waiting))
}

/// How many records of a log wait up to a position.
pub async fn count_until(tx: &mut Tx, log: &str, position: i64) -> Result<i64, StoreError> {
    let found = row!(
        tx,
        (i64,),
        "select count(*) from log_pending where log_id = $1 and position <= $2",
        log,
        position
    )?;
    Ok(found.map_or(0, |(count,)| count))
}

/// Takes records out that stand in the tree now, from one position to another; gives how many.
pub async fn taken(tx: &mut Tx, log: &str, (first, last): (i64, i64)) -> Result<u64, StoreError> {
    execute!(
        tx,
        "delete from log_pending where log_id = $1 and position between $2 and $3",
        log,
        first,
        last
    )
}

/// Takes out what a hand put in the place of a record that is about to wait again under its id.
pub async fn displaced(tx: &mut Tx, record_id: &[u8]) -> Result<u64, StoreError> {
    execute!(tx, "delete from log_pending where record_id = $1", record_id)
}

/// How many records wait in a log.
pub async fn count(tx: &mut Tx, log: &str) -> Result<i64, StoreError> {
    let found = row!(tx, (i64,), "select count(*) from log_pending where log_id = $1", log)?;
    Ok(found.map_or(0, |(count,)| count))
}
