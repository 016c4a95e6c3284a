//! Certificates of orders: each stands in the row of the order that it was made for.

use super::order::Stage;
use super::{number, read, seconds};
use acme::AcmeIdentifier;
use std::collections::BTreeSet;
use store::{Store, StoreError, Tx, execute, row};

/// A certificate as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct KeptCertificate {
    /// Leaf and issuing CA, PEM.
    pub(crate) chain: String,
    /// Its name (RFC 9773 4.1).
    pub(crate) name: String,
    /// First and last second.
    pub(crate) life: (u64, u64),
}

/// Keeps the certificate.
pub(super) async fn finish(
    tx: &mut Tx,
    id: &str,
    serial: &str,
    certificate: &KeptCertificate,
) -> Result<u64, StoreError> {
    execute!(
        tx,
        "update machine_order set stage = $1, serial = $2, chain = $3, name = $4, not_before = $5, \
         not_after = $6 where id = $7 and stage = $8",
        Stage::Done.name(),
        serial,
        certificate.chain.as_str(),
        certificate.name.as_str(),
        number(certificate.life.0),
        number(certificate.life.1),
        id,
        Stage::Taken.name()
    )
}

/// The chain of an order that has one.
pub(crate) async fn chain(store: &Store, id: &str) -> Result<Option<(String, String)>, StoreError> {
    let mut tx = store.read().await?;
    let found = row!(
        &mut tx,
        (String, Option<String>),
        "select account, chain from machine_order where id = $1",
        id
    )?;
    Ok(found.and_then(|(account, chain)| Some((account, chain?))))
}

/// A certificate that is found by its name.
pub(crate) struct NamedCertificate {
    /// Whose.
    pub(crate) account: String,
    /// What it names.
    pub(crate) identifiers: Vec<AcmeIdentifier>,
    /// First and last second.
    pub(crate) life: (u64, u64),
    /// Whether it was revoked here.
    pub(crate) is_revoked: bool,
}

/// The certificate of a name (RFC 9773 4.1).
pub(crate) async fn named(
    store: &Store,
    name: &str,
) -> Result<Option<NamedCertificate>, StoreError> {
    let mut tx = store.read().await?;
    let found = row!(
        &mut tx,
        (String, String, i64, i64, i64),
        "select account, identifiers, not_before, not_after, revoked from machine_order \
         where name = $1",
        name
    )?;
    let Some((account, identifiers, not_before, not_after, revoked)) = found else {
        return Ok(None);
    };
    Ok(Some(NamedCertificate {
        account,
        identifiers: read(&identifiers)?,
        life: (seconds(not_before)?, seconds(not_after)?),
        is_revoked: revoked != 0,
    }))
}

/// Holds certificates until the end of a transaction, always in one order: of processes that share
/// a server, one at a time looks whether something follows one of them, and sees what those before
/// it made.
pub(crate) async fn hold(tx: &mut Tx, names: &BTreeSet<&str>) -> Result<u64, StoreError> {
    let mut held = 0;
    for name in names {
        held += execute!(tx, "update machine_order set revoked = revoked where name = $1", *name)?;
    }
    Ok(held)
}

/// Whose certificate a serial number is, and what it names.
pub(crate) async fn owner(
    store: &Store,
    serial: &str,
) -> Result<Option<(String, Vec<AcmeIdentifier>)>, StoreError> {
    let mut tx = store.read().await?;
    let found = row!(
        &mut tx,
        (String, String),
        "select account, identifiers from machine_order where serial = $1",
        serial
    )?;
    found.map(|(account, identifiers)| Ok((account, read(&identifiers)?))).transpose()
}

/// Keeps that a certificate was revoked, so that its client comes at once.
pub(crate) async fn set_revoked(store: &Store, serial: &str) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(&mut tx, "update machine_order set revoked = 1 where serial = $1", serial)?;
    tx.commit().await
}
