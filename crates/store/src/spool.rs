//! The durable spool: events of a portal or agent wait here until the log has them.

use crate::open::{Store, StoreError};

/// An event that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpooledRecord {
    /// Its place.
    pub position: i64,
    /// The record's bytes.
    pub record: Vec<u8>,
    /// The salt of its entry, drawn by the maker.
    pub salt: Vec<u8>,
}

/// Keeps an event of a process; durable when this returns.
pub async fn keep(
    store: &Store,
    maker: &str,
    record: &[u8],
    salt: &[u8],
) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(
        &mut tx,
        "insert into spool (maker, record, salt) values ($1, $2, $3)",
        maker,
        record,
        salt
    )?;
    tx.commit().await
}

/// The oldest events of a process.
pub async fn oldest(
    store: &Store,
    maker: &str,
    limit: i64,
) -> Result<Vec<SpooledRecord>, StoreError> {
    let mut tx = store.read().await?;
    let found = rows!(
        &mut tx,
        (i64, Vec<u8>, Vec<u8>),
        "select position, record, salt from spool where maker = $1 order by position limit $2",
        maker,
        limit
    )?;
    Ok(found
        .into_iter()
        .map(|(position, record, salt)| SpooledRecord { position, record, salt })
        .collect())
}

/// How many events of a process wait.
pub async fn count(store: &Store, maker: &str) -> Result<i64, StoreError> {
    let mut tx = store.read().await?;
    let found = row!(&mut tx, (i64,), "select count(*) from spool where maker = $1", maker)?;
    Ok(found.map_or(0, |(count,)| count))
}

/// Frees what the log has acknowledged; gives how many that were.
pub async fn free(store: &Store, maker: &str, up_to: i64) -> Result<u64, StoreError> {
    let mut tx = store.write().await?;
    let freed =
        execute!(&mut tx, "delete from spool where maker = $1 and position <= $2", maker, up_to)?;
    tx.commit().await?;
    Ok(freed)
}
