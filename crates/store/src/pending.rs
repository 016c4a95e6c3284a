//! Records on their way into a log: inserted by the act's own transaction, numbered by the sequencer.

use crate::{StoreError, Tx, execute, rows};

/// A record with what commits to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRecord {
    /// `control` or `access`.
    pub log: String,
    /// The record's id; inserting the same one twice keeps one.
    pub record_id: Vec<u8>,
    /// The record's exact bytes.
    pub record: Vec<u8>,
    /// 32 bytes.
    pub salt: Vec<u8>,
    /// The entry: a commitment to the record.
    pub entry: Vec<u8>,
}

/// Inserts a record in the act's transaction. Positions have the order of the commits: SQLite has one
/// writer; PostgreSQL takes one advisory lock per log, held to the commit.
pub async fn insert(tx: &mut Tx, record: &PendingRecord) -> Result<(), StoreError> {
    if let Tx::Postgres(inner) = tx {
        sqlx::query("select pg_advisory_xact_lock(hashtext($1))")
            .bind(&record.log)
            .execute(&mut **inner)
            .await?;
    }
    execute!(
        tx,
        "insert into log_pending (log_id, record_id, record, salt, entry) \
         values ($1, $2, $3, $4, $5) on conflict (record_id) do nothing",
        &record.log,
        &record.record_id,
        &record.record,
        &record.salt,
        &record.entry
    )?;
    Ok(())
}

/// The records of a log that are not yet in the tree, in order, at most `limit`.
pub async fn waiting(
    tx: &mut Tx,
    log: &str,
    limit: i64,
) -> Result<Vec<(i64, PendingRecord)>, StoreError> {
    type Row = (i64, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);
    let found = rows!(
        tx,
        Row,
        "select position, record_id, record, salt, entry from log_pending \
         where log_id = $1 order by position limit $2",
        log,
        limit
    )?;
    let record = |(position, record_id, record, salt, entry): Row| {
        (position, PendingRecord { log: log.to_owned(), record_id, record, salt, entry })
    };
    Ok(found.into_iter().map(record).collect())
}
