//! The durable spool: events of a portal or agent wait here until the log has them.

use crate::error::StoreError;
use crate::many::insert_many;
use crate::open::Store;

/// An event that waits in the spool of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpooledRecord {
    /// The record lies at this place of the queue.
    pub position: i64,
    /// The record is its exact bytes, canonical JSON.
    pub record: Vec<u8>,
    /// The salt of its entry, drawn by the maker.
    pub salt: Vec<u8>,
}

/// Keeps events of a process, each a record and its salt, in their order; all of them are durable
/// when this returns. For a task of its own, which nobody gives up: people wait for it with every
/// answer, and so its thread waits for the disk itself.
pub async fn keep(
    store: &Store,
    maker: &str,
    events: impl IntoIterator<Item = (Vec<u8>, [u8; 32])>,
) -> Result<(), StoreError> {
    let row = |(record, salt): (Vec<u8>, [u8; 32])| vec![maker.into(), record.into(), salt.into()];
    let rows = events.into_iter().map(row).collect();
    let mut tx = store.write().await?;
    insert_many(&mut tx, "insert into spool (maker, record, salt)", rows, "").await?;
    tx.commit_here().await
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
