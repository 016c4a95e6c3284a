//! Orders: what was asked for, the request that a client signed, and the certificate.

use super::authorization::{self, KeptAuthorization};
use super::{held_max, number, read, seconds, text};
use acme::AcmeIdentifier;
use acme::order::{AcmeOrderStatus, OrderCourse};
use jose::FlatJws;
use serde_json::Value;
use store::{Store, StoreError, Tx, execute, row, rows};

/// An order as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct KeptOrder {
    /// Its id.
    pub(crate) id: String,
    /// Whose.
    pub(crate) account: String,
    /// How far it is.
    pub(crate) stage: Stage,
    /// What for.
    pub(crate) identifiers: Vec<AcmeIdentifier>,
    /// Its profile.
    pub(crate) profile: String,
    /// The certificate that it follows.
    pub(crate) replaces: Option<String>,
    /// Last second.
    pub(crate) expires: u64,
    /// What the client signed to finalize it.
    pub(crate) request: Option<FlatJws>,
    /// What this process saw answered until then.
    pub(crate) vouched: Vec<String>,
    /// The serial number that the CA told.
    pub(crate) serial: Option<String>,
    /// Why it ended without a certificate.
    pub(crate) error: Option<Value>,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It can be authorized, and then finalized.
    Open,
    /// Its request is on its way to the CA.
    Taken,
    /// There is a certificate.
    Done,
    /// It ended without one.
    Failed,
}

impl Stage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Taken => "taken",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn read(text: &str) -> Result<Self, StoreError> {
        let all = [Self::Open, Self::Taken, Self::Done, Self::Failed];
        let found = all.into_iter().find(|stage| stage.name() == text);
        found.ok_or(StoreError::Inconsistent("stage"))
    }
}

impl KeptOrder {
    /// The state at a time.
    pub(crate) fn status(&self, authorizations: &[KeptAuthorization], now: u64) -> AcmeOrderStatus {
        let course = OrderCourse {
            expires: self.expires,
            is_finalizing: self.stage == Stage::Taken,
            has_certificate: self.stage == Stage::Done,
            has_failed: self.stage == Stage::Failed,
        };
        let each: Vec<_> = authorizations.iter().map(|one| one.status(now)).collect();
        course.status(&each, now)
    }
}

type Row = (
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

fn order(row: Row) -> Result<KeptOrder, StoreError> {
    let (
        id,
        account,
        stage,
        identifiers,
        profile,
        replaces,
        expires,
        request,
        vouched,
        serial,
        error,
    ) = row;
    Ok(KeptOrder {
        id,
        account,
        stage: Stage::read(&stage)?,
        identifiers: read(&identifiers)?,
        profile,
        replaces,
        expires: seconds(expires)?,
        request: request.map(|request| read(&request)).transpose()?,
        vouched: vouched.map_or(Ok(Vec::new()), |vouched| read(&vouched))?,
        serial,
        error: error.map(|error| read(&error)).transpose()?,
    })
}

/// Keeps a new order with its authorizations.
pub(super) async fn insert(
    tx: &mut Tx,
    new: &KeptOrder,
    authorizations: &[KeptAuthorization],
) -> Result<u64, StoreError> {
    let identifiers = text(&new.identifiers)?;
    let count = execute!(
        tx,
        "insert into machine_order (id, account, stage, identifiers, profile, replaces, expires, \
         due, not_before, not_after, revoked) values ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0)",
        new.id.as_str(),
        new.account.as_str(),
        Stage::Open.name(),
        identifiers,
        new.profile.as_str(),
        new.replaces.clone(),
        number(new.expires)
    )?;
    for one in authorizations {
        authorization::insert(tx, &new.id, one).await?;
    }
    Ok(count)
}

/// One of them with its authorizations, as of one moment.
pub(crate) async fn by_id(
    store: &Store,
    id: &str,
) -> Result<Option<(KeptOrder, Vec<KeptAuthorization>)>, StoreError> {
    let mut tx = store.read().await?;
    let Some(found) = found(&mut tx, id).await? else { return Ok(None) };
    let authorizations = authorization::of_order(&mut tx, id).await?;
    Ok(Some((found, authorizations)))
}

async fn found(tx: &mut Tx, id: &str) -> Result<Option<KeptOrder>, StoreError> {
    let found = row!(
        tx,
        Row,
        "select id, account, stage, identifiers, profile, replaces, expires, request, vouched, \
         serial, error from machine_order where id = $1",
        id
    )?;
    found.map(order).transpose()
}

/// Orders of an account behind a place, newest last, each with its place; those that are invalid
/// are left out (RFC 8555 7.1.2.1).
pub(crate) async fn of_account(
    store: &Store,
    account: &str,
    (behind, now): (i64, u64),
    most: i64,
) -> Result<Vec<(i64, String)>, StoreError> {
    let mut tx = store.read().await?;
    rows!(
        &mut tx,
        (i64, String),
        "select position, id from machine_order where account = $1 and position > $2 \
         and (stage in ('taken', 'done') or (stage = 'open' and expires >= $3 and not exists \
         (select 1 from machine_authorization a where a.order_id = machine_order.id \
         and (a.status = 'invalid' or a.is_deactivated = 1)))) order by position limit $4",
        account,
        behind,
        number(now),
        most
    )
}

/// Whether an order that is not invalid at a time follows a certificate.
pub(crate) async fn has_follower(store: &Store, name: &str, now: u64) -> Result<bool, StoreError> {
    is_followed(&mut store.read().await?, name, now).await
}

/// The same within a transaction.
pub(super) async fn is_followed(tx: &mut Tx, name: &str, now: u64) -> Result<bool, StoreError> {
    let found = row!(
        tx,
        (i64,),
        "select count(*) from machine_order where replaces = $1 and (stage in ('taken', 'done') \
         or (stage = 'open' and expires >= $2 and not exists \
         (select 1 from machine_authorization a where a.order_id = machine_order.id \
         and (a.status = 'invalid' or a.is_deactivated = 1))))",
        name,
        number(now)
    )?;
    Ok(found.is_some_and(|(count,)| count > 0))
}

/// Keeps the request of an order before the CA hears of it; touches no row where one was taken
/// already.
pub(super) async fn take(
    tx: &mut Tx,
    id: &str,
    (request, vouched): (&FlatJws, &[String]),
    due: u64,
) -> Result<u64, StoreError> {
    let (request, vouched) = (text(request)?, text(&vouched)?);
    execute!(
        tx,
        "update machine_order set stage = $1, request = $2, vouched = $3, due = $4 \
         where id = $5 and stage = $6",
        Stage::Taken.name(),
        request,
        vouched,
        number(due),
        id,
        Stage::Open.name()
    )
}

/// Gives an order back to its client: the CA did not take its request.
pub(crate) async fn give_back(store: &Store, id: &str) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(
        &mut tx,
        "update machine_order set stage = $1, request = null, vouched = null \
         where id = $2 and stage = $3 and serial is null",
        Stage::Open.name(),
        id,
        Stage::Taken.name()
    )?;
    tx.commit().await
}

/// Gives a request back before its time, for whoever takes it up then.
pub(crate) async fn set_due(store: &Store, id: &str, due: u64) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(&mut tx, "update machine_order set due = $1 where id = $2", number(due), id)?;
    tx.commit().await
}

/// Keeps the serial number that the CA told.
pub(crate) async fn set_serial(store: &Store, id: &str, serial: &str) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(&mut tx, "update machine_order set serial = $1 where id = $2", serial, id)?;
    tx.commit().await
}

/// Keeps that there will be none.
pub(crate) async fn fail(store: &Store, id: &str, error: &Value) -> Result<(), StoreError> {
    let error = text(error)?;
    let mut tx = store.write().await?;
    execute!(
        &mut tx,
        "update machine_order set stage = $1, error = $2 where id = $3 and stage = $4",
        Stage::Failed.name(),
        error,
        id,
        Stage::Taken.name()
    )?;
    tx.commit().await
}

/// Keeps those that this process is at work on from others, until `due`.
pub(crate) async fn hold(store: &Store, ids: &[String], due: u64) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut tx = store.write().await?;
    for id in ids {
        execute!(
            &mut tx,
            "update machine_order set due = $1 where id = $2 and stage = $3 and due < $1",
            number(due),
            id.as_str(),
            Stage::Taken.name()
        )?;
    }
    tx.commit().await
}

/// Takes those whose request nobody carries on any more, until `due`. One that is held for longer
/// than anybody asks for was held by a clock that was wrong.
pub(crate) async fn take_due(
    store: &Store,
    (now, due): (u64, u64),
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let (mut tx, ahead) = (store.read().await?, number(held_max((now, due))));
    let found = rows!(
        &mut tx,
        (String,),
        "select id from machine_order where stage = $1 and (due <= $2 or due > $3) limit $4",
        Stage::Taken.name(),
        number(now),
        ahead,
        most
    )?;
    drop(tx);
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let (mut tx, mut taken) = (store.write().await?, Vec::new());
    for (id,) in found {
        let held = execute!(
            &mut tx,
            "update machine_order set due = $1 where id = $2 and stage = $3 \
             and (due <= $4 or due > $5)",
            number(due),
            id.as_str(),
            Stage::Taken.name(),
            number(now),
            ahead
        )?;
        if held == 1 {
            taken.push(id);
        }
    }
    tx.commit().await?;
    Ok(taken)
}

/// Forgets orders that ended before a time without a certificate, or whose certificate did.
pub(crate) async fn forget(store: &Store, before: u64) -> Result<u64, StoreError> {
    let mut tx = store.write().await?;
    let forgotten = execute!(
        &mut tx,
        "delete from machine_order where expires < $1 and not_after < $1 and stage <> $2",
        number(before),
        Stage::Taken.name()
    )?;
    tx.commit().await?;
    Ok(forgotten)
}

#[cfg(test)]
mod tests;
