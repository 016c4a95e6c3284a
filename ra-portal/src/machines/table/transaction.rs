//! Transactions of SCEP: which certificate a device waits for, so that it can ask again.

use super::number;
use data_encoding::HEXLOWER;
use pki::PublicKey;
use sha2::{Digest, Sha256};
use store::{Store, StoreError, execute, row};

/// How long one is remembered, in seconds.
pub(crate) const TRANSACTION_SECONDS: u64 = 7 * 86_400;

/// A transaction as its key began it: nobody else goes on with it.
pub(crate) fn name_of(key: &PublicKey, transaction: &str) -> String {
    let name = Sha256::new().chain_update(key.sha256()).chain_update(transaction);
    HEXLOWER.encode(name.finalize().as_slice())
}

/// Keeps which certificate a transaction brings, and forgets those that are over.
pub(crate) async fn keep(
    store: &Store,
    name: &str,
    serial: &str,
    now: u64,
) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(&mut tx, "delete from machine_transaction where until < $1", number(now))?;
    execute!(
        &mut tx,
        "insert into machine_transaction (name, serial, until) values ($1, $2, $3) \
         on conflict (name) do update set serial = excluded.serial, until = excluded.until",
        name,
        serial,
        number(now.saturating_add(TRANSACTION_SECONDS))
    )?;
    tx.commit().await
}

/// The certificate of a transaction.
pub(crate) async fn serial(
    store: &Store,
    name: &str,
    now: u64,
) -> Result<Option<String>, StoreError> {
    let mut tx = store.read().await?;
    let found = row!(
        &mut tx,
        (String,),
        "select serial from machine_transaction where name = $1 and until >= $2",
        name,
        number(now)
    )?;
    Ok(found.map(|(serial,)| serial))
}
