//! Accounts: which key a client signs with today. The CA has the same from what was signed.

use super::{number, read, text};
use jose::Jwk;
use store::{Store, StoreError, execute, row};

/// An account as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct KeptAccount {
    /// Its id at the CA: the thumbprint of its first key.
    pub(crate) account: String,
    /// The key that it has.
    pub(crate) key: Jwk,
    /// Addresses of people.
    pub(crate) contact: Vec<String>,
    /// Whether it was deactivated.
    pub(crate) is_closed: bool,
    /// The system whose account it is.
    pub(crate) system: String,
}

const VALID: &str = "valid";
const DEACTIVATED: &str = "deactivated";

type Row = (String, String, String, String, String);

fn account((account, jwk, contact, status, system): Row) -> Result<KeptAccount, StoreError> {
    let is_closed = status != VALID;
    let (key, contact) = (read(&jwk)?, read(&contact)?);
    Ok(KeptAccount { account, key, contact, is_closed, system })
}

/// The account of an id.
pub(crate) async fn by_id(store: &Store, id: &str) -> Result<Option<KeptAccount>, StoreError> {
    let mut tx = store.read().await?;
    let found = row!(
        &mut tx,
        Row,
        "select account, jwk, contact, status, system from machine_account where account = $1",
        id
    )?;
    found.map(account).transpose()
}

/// The account that has a key today.
pub(crate) async fn by_key(store: &Store, key: &Jwk) -> Result<Option<KeptAccount>, StoreError> {
    let mut tx = store.read().await?;
    let thumbprint = key.thumbprint();
    let found = row!(
        &mut tx,
        Row,
        "select account, jwk, contact, status, system from machine_account \
         where thumbprint = $1",
        thumbprint.as_str()
    )?;
    found.map(account).transpose()
}

/// Keeps an account that the CA opened, or opened before: of one that is known, that the CA says
/// which key it has, so that who is killed within a change of keys shuts nobody out.
pub(crate) async fn keep(store: &Store, kept: &KeptAccount, now: u64) -> Result<(), StoreError> {
    let (jwk, contact) = (text(&kept.key)?, text(&kept.contact)?);
    let mut tx = store.write().await?;
    execute!(
        &mut tx,
        "insert into machine_account (account, thumbprint, jwk, system, contact, status, created) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (account) do update \
         set thumbprint = excluded.thumbprint, jwk = excluded.jwk",
        kept.account.as_str(),
        kept.key.thumbprint(),
        jwk,
        kept.system.as_str(),
        contact,
        VALID,
        number(now)
    )?;
    tx.commit().await
}

/// Keeps other contacts.
pub(crate) async fn set_contact(
    store: &Store,
    id: &str,
    contact: &[String],
) -> Result<(), StoreError> {
    let contact = text(&contact)?;
    let mut tx = store.write().await?;
    execute!(&mut tx, "update machine_account set contact = $1 where account = $2", contact, id)?;
    tx.commit().await
}

/// Keeps another key.
pub(crate) async fn set_key(store: &Store, id: &str, key: &Jwk) -> Result<(), StoreError> {
    let (jwk, thumbprint) = (text(key)?, key.thumbprint());
    let mut tx = store.write().await?;
    execute!(
        &mut tx,
        "update machine_account set jwk = $1, thumbprint = $2 where account = $3",
        jwk,
        thumbprint,
        id
    )?;
    tx.commit().await
}

/// Keeps that an account is closed.
pub(crate) async fn close(store: &Store, id: &str) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(
        &mut tx,
        "update machine_account set status = $1 where account = $2",
        DEACTIVATED,
        id
    )?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::samples::{database, key};

    /// The CA changed a key, and this portal was killed before it kept that: whoever shows the new
    /// key to the CA has the account again, and the old key has none.
    #[tokio::test]
    async fn an_account_has_the_key_that_the_ca_says() {
        let (_folder, store) = database().await;
        let (old, new) = (key(), key());
        let kept = |key: &Jwk, contact: &str| KeptAccount {
            account: old.thumbprint(),
            key: key.clone(),
            contact: vec![contact.to_owned()],
            is_closed: false,
            system: "site".to_owned(),
        };
        keep(&store, &kept(&old, "mailto:a@acme.test"), 1).await.unwrap();
        keep(&store, &kept(&new, "mailto:b@acme.test"), 2).await.unwrap();
        let found = by_key(&store, &new).await.unwrap().unwrap();
        assert_eq!(found.account, old.thumbprint());
        assert_eq!((found.key, found.contact), (new, vec!["mailto:a@acme.test".to_owned()]));
        assert!(by_key(&store, &old).await.unwrap().is_none());
        store.close().await;
    }
}
