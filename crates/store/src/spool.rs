//! The durable spool: events of a portal or agent wait here until the log has them.

use crate::{Store, StoreError, execute, rows};

/// An event that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spooled {
    /// Its place.
    pub position: i64,
    /// The record's bytes.
    pub record: Vec<u8>,
    /// The salt of its entry, drawn by the maker.
    pub salt: Vec<u8>,
}

/// Keeps an event; durable when this returns.
pub async fn keep(store: &Store, record: &[u8], salt: &[u8]) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(&mut tx, "insert into spool (record, salt) values ($1, $2)", record, salt)?;
    tx.commit().await
}

/// The oldest events.
pub async fn oldest(store: &Store, limit: i64) -> Result<Vec<Spooled>, StoreError> {
    let mut tx = store.read().await?;
    let found = rows!(
        &mut tx,
        (i64, Vec<u8>, Vec<u8>),
        "select position, record, salt from spool order by position limit $1",
        limit
    )?;
    Ok(found
        .into_iter()
        .map(|(position, record, salt)| Spooled { position, record, salt })
        .collect())
}

/// Frees what the log has acknowledged.
pub async fn free(store: &Store, up_to: i64) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(&mut tx, "delete from spool where position <= $1", up_to)?;
    tx.commit().await
}
