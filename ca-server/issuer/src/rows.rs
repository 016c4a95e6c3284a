//! What a round changes in rows, written table by table behind its decisions. Rows are copies,
//! queues and indexes; nothing here is asked again by a decision that authority can answer. What a
//! decision says of a row is a plain value of this module; what writes it is named here only.

use crate::command::NewSnapshot;
use crate::error::IssuerError;
use authority::{Agent, OrderDigest, Person, Portal, ProfileState, Revoked, Serial, Unit};
pub(crate) use ca_store::table::approval::{ApprovalRow, ConsumedRow};
pub(crate) use ca_store::table::certificate::CertificateRow;
pub(crate) use ca_store::table::intent::IntentRow;
pub(crate) use ca_store::table::letter::{LetterRow, SealedKeys};
pub(crate) use ca_store::table::order::{KeyBinding, OrderExtras, OrderRow};

use ca_host::lists::ListOf;
use ca_store::rows;
use ca_store::table::{approval, certificate, intent, letter, list, order, snapshot};
use pki::crl::RevocationList;
use records::{Bytes, Disclosure};
use std::sync::Arc;
use store::Tx;

/// A change of one row, which follows from a decision.
#[derive(Clone)]
pub(crate) enum RowChange {
    Order(Box<OrderRow>),
    OrderState(OrderDigest, &'static str),
    OrderDeclined(OrderDigest, Bytes),
    Approval(ApprovalRow),
    Consumed(ConsumedRow),
    Intent(IntentRow),
    IntentState(Serial, &'static str),
    Certificate(Box<CertificateRow>),
    Revocation(Serial, Revoked),
    Released(Serial),
    Letter(Box<LetterRow>),
    Token(OrderDigest, String, Vec<u8>),
    List(ListOf, Box<RevocationList>),
    Snapshot(Arc<NewSnapshot>),
    Unit(String, Unit),
    /// Somebody as authority has them, with what opens their record; without, that stays.
    Person(String, Person, Option<Vec<Disclosure>>),
    Roles(String, Person),
    Portal(String, Portal),
    Profile(String, ProfileState),
    Agent(String, Agent),
    Bundle(u32, Bytes),
    /// Every cached row again, as authority says it.
    Rewrite,
}

impl RowChange {
    /// Whether it only says once more what the log says, or what is published or handed over under
    /// its number once the log has its record, so that it may come later.
    pub(crate) fn is_copy(&self) -> bool {
        match self {
            Self::OrderState(..)
            | Self::OrderDeclined(..)
            | Self::Approval(_)
            | Self::Consumed(_)
            | Self::IntentState(..)
            | Self::Revocation(..)
            | Self::Released(_)
            | Self::Unit(..)
            | Self::Person(..)
            | Self::Roles(..)
            | Self::Portal(..)
            | Self::Profile(..)
            | Self::Agent(..)
            | Self::Bundle(..)
            | Self::Snapshot(_) => true,
            Self::List(of, _) => *of == ListOf::Issuing,
            Self::Order(_)
            | Self::Intent(_)
            | Self::Certificate(_)
            | Self::Letter(_)
            | Self::Token(..)
            | Self::Rewrite => false,
        }
    }
}

/// The changes of a round, table by table.
#[derive(Default)]
struct ByTable {
    orders: Vec<OrderRow>,
    order_states: Vec<(&'static str, OrderDigest)>,
    approvals: Vec<ApprovalRow>,
    consumed: Vec<ConsumedRow>,
    intents: Vec<IntentRow>,
    intent_states: Vec<(&'static str, String)>,
    certificates: Vec<CertificateRow>,
    letters: Vec<LetterRow>,
    others: Vec<RowChange>,
}

/// Writes every change of a round.
pub(crate) async fn write(
    tx: &mut Tx,
    changes: Vec<RowChange>,
    authority: &authority::Authority,
) -> Result<(), IssuerError> {
    let mut tables = ByTable::default();
    for change in changes {
        match change {
            RowChange::Order(row) => tables.orders.push(*row),
            RowChange::OrderState(digest, state) => tables.order_states.push((state, digest)),
            RowChange::Approval(row) => tables.approvals.push(row),
            RowChange::Consumed(row) => tables.consumed.push(row),
            RowChange::Intent(row) => tables.intents.push(row),
            RowChange::IntentState(serial, state) => {
                tables.intent_states.push((state, serial.to_string()));
            }
            RowChange::Certificate(row) => tables.certificates.push(*row),
            RowChange::Letter(row) => tables.letters.push(*row),
            other => tables.others.push(other),
        }
    }
    order::insert(tx, tables.orders).await?;
    for (state, digests) in grouped(tables.order_states) {
        order::set_state(tx, state, digests).await?;
    }
    approval::insert(tx, last_of_each(tables.approvals)).await?;
    approval::consume(tx, tables.consumed).await?;
    intent::insert(tx, tables.intents).await?;
    for (state, serials) in grouped(tables.intent_states) {
        intent::set_state(tx, state, serials).await?;
    }
    certificate::insert(tx, tables.certificates).await?;
    letter::insert(tx, tables.letters).await?;
    for change in tables.others {
        write_other(tx, change, authority).await?;
    }
    Ok(())
}

/// One statement writes a row once: of two approvals of one person the later one stays.
fn last_of_each(approvals: Vec<ApprovalRow>) -> Vec<ApprovalRow> {
    let mut seen = std::collections::HashSet::new();
    let mut last: Vec<_> = approvals
        .into_iter()
        .rev()
        .filter(|one| seen.insert((one.order, one.person.clone())))
        .collect();
    last.reverse();
    last
}

fn grouped<T>(changes: Vec<(&'static str, T)>) -> Vec<(&'static str, Vec<T>)> {
    let mut groups: Vec<(&'static str, Vec<T>)> = Vec::new();
    for (state, key) in changes {
        match groups.iter_mut().find(|(known, _)| *known == state) {
            Some((_, keys)) => keys.push(key),
            None => groups.push((state, vec![key])),
        }
    }
    groups
}

/// Changes that are rare, row by row.
async fn write_other(
    tx: &mut Tx,
    change: RowChange,
    authority: &authority::Authority,
) -> Result<(), IssuerError> {
    match change {
        RowChange::OrderDeclined(digest, record) => order::decline(tx, &digest, &record).await?,
        RowChange::Revocation(serial, Revoked { at, reason, not_after }) => {
            rows::write_revocation(tx, &serial.to_string(), at, &reason, not_after).await?;
        }
        RowChange::Released(serial) => {
            rows::remove_suspension(tx, &serial.to_string()).await?;
        }
        RowChange::Token(order, agent, sealed) => {
            letter::insert_token(tx, &order, &agent, sealed).await?;
        }
        RowChange::List(of, new) => list::insert(tx, of, &new).await?,
        RowChange::Snapshot(new) => {
            snapshot::insert(tx, &new.snapshot, &new.signed).await?;
        }
        RowChange::Unit(id, unit) => rows::write_unit(tx, &id, &unit).await?,
        RowChange::Person(id, person, Some(opened)) => {
            rows::write_person(tx, &id, &person, &opened).await?;
        }
        RowChange::Person(id, person, None) => rows::write_leaver(tx, &id, &person).await?,
        RowChange::Roles(id, person) => rows::write_roles(tx, &id, &person).await?,
        RowChange::Portal(id, portal) => rows::write_portal(tx, &id, &portal).await?,
        RowChange::Profile(id, profile) => rows::write_profile(tx, &id, &profile).await?,
        RowChange::Agent(id, agent) => rows::write_agent(tx, &id, &agent).await?,
        RowChange::Bundle(version, order) => rows::write_bundle(tx, version, &order.0).await?,
        RowChange::Rewrite => rows::rewrite(tx, authority).await?,
        RowChange::Order(_)
        | RowChange::OrderState(..)
        | RowChange::Approval(_)
        | RowChange::Consumed(..)
        | RowChange::Intent(_)
        | RowChange::IntentState(..)
        | RowChange::Certificate(_)
        | RowChange::Letter(_) => {}
    }
    Ok(())
}
