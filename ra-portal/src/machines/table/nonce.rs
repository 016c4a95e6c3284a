//! Nonces that were used, for as long as they would count.

use super::number;
use store::{Store, StoreError, Tx, execute, row};

/// A nonce that this portal made, and that is young enough.
#[derive(Debug)]
pub(crate) struct OwnNonce {
    /// What its MAC is over.
    pub(crate) said: Vec<u8>,
    /// The last second, unix, in which it counts.
    pub(crate) until: u64,
}

/// Keeps that one is used; false if it was used before.
pub(crate) async fn spend(tx: &mut Tx, nonce: &OwnNonce) -> Result<bool, StoreError> {
    let count = execute!(
        tx,
        "insert into machine_nonce (nonce, until) values ($1, $2) on conflict (nonce) do nothing",
        nonce.said.clone(),
        number(nonce.until)
    )?;
    Ok(count == 1)
}

/// How many are kept.
pub(crate) async fn count(store: &Store) -> Result<u64, StoreError> {
    let mut tx = store.read().await?;
    let found = row!(&mut tx, (i64,), "select count(*) from machine_nonce")?;
    Ok(found.map_or(0, |(count,)| u64::try_from(count).unwrap_or(0)))
}

/// Forgets those that count no more at a time.
pub(crate) async fn forget(store: &Store, now: u64) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(&mut tx, "delete from machine_nonce where until < $1", number(now))?;
    tx.commit().await
}
