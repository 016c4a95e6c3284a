//! Which notices follow from which record of `control`: a pure function of the record, of authority
//! behind it and of the orders that it carries out or ends. A record without effect tells nobody.

use crate::notice::{Facts, Notice, NoticeKind, tail};
use authority::{Authority, OrderDigest};
use records::decline::Outcome;
use records::order::{Body, Order, RoleAction, RoleBody};
use records::record::{Cause, Event, LetterStatement, Record, RevokedSerial};
use std::collections::HashMap;

/// What the founding records by itself tells nobody: its people were there.
const FOUNDING: &str = "init";
/// A letter or certificate has this many notices of requests a day at most.
const DAY_CHARS: usize = 10;

/// Orders by digest, of which the bytes are those that the digest names.
pub(crate) type Orders = HashMap<OrderDigest, (Order, Body)>;

/// The order that has to be at hand to say what a record tells.
pub(crate) fn needed(record: &Record) -> Option<OrderDigest> {
    let digest = match &record.event {
        Event::Enacted { order, .. } => order.0.clone(),
        Event::Declined { decline, .. } => decline.read().ok()?.order.0,
        _ => return None,
    };
    Some(OrderDigest(digest.try_into().ok()?))
}

/// Everybody whom a record tells something.
pub(crate) fn told(record: &Record, authority: &Authority, orders: &Orders) -> Vec<Notice> {
    if record.maker == FOUNDING {
        return Vec::new();
    }
    match &record.event {
        Event::Letter { statement, .. } => letter(record, &statement.0).into_iter().collect(),
        Event::Order { order, .. } => asked(record, &order.0, authority).into_iter().collect(),
        Event::Issued { under, serial, not_after, .. } => {
            let is_founding = under.0 == authority.founding_digest();
            let held = authority.held(serial).filter(|_| !is_founding);
            let kind = |renews: bool| if renews { NoticeKind::Renewed } else { NoticeKind::Issued };
            let facts = Facts { until: Some(not_after.clone()), ..of_serial(serial) };
            let notice = held.map(|held| {
                let whom = (held.person.as_str(), serial.as_str());
                Notice::of(record, kind(held.renews.is_some()), whom, facts)
            });
            notice.into_iter().collect()
        }
        Event::Revoked { cause: Cause::Abandoned { .. }, .. } => Vec::new(),
        Event::Revoked { certificates, reason, .. } => {
            let is_revoked = |one: &&RevokedSerial| authority.is_ended(&one.serial);
            let revoked = certificates.iter().filter(is_revoked);
            let notice = |one| lost(record, NoticeKind::Revoked, one, reason, authority);
            revoked.filter_map(notice).collect()
        }
        Event::Suspended { certificates, reason, .. } => {
            let notice = |one| lost(record, NoticeKind::Suspended, one, reason, authority);
            certificates.iter().filter_map(notice).collect()
        }
        Event::Enacted { .. } => enacted(record, authority, orders).into_iter().collect(),
        Event::Declined { .. } => declined(record, orders),
        _ => Vec::new(),
    }
}

fn of_serial(serial: &str) -> Facts {
    Facts { serial_tail: Some(tail(serial)), ..Facts::default() }
}

/// A letter lies ready.
fn letter(record: &Record, statement: &[u8]) -> Option<Notice> {
    let letter: LetterStatement = records::json::read(statement).ok()?;
    let facts = Facts { until: Some(letter.expires), ..Facts::default() };
    Some(Notice::of(record, NoticeKind::Letter, (&letter.person, &letter.reference), facts))
}

/// Somebody asked for a certificate, by letter or with an old one: told once a day for each, so
/// that whoever has a code cannot fill anybody's mailbox with it.
fn asked(record: &Record, order: &[u8], authority: &Authority) -> Option<Notice> {
    let Ok(Body::Issue(issue)) = Order::read(order).ok()?.body() else { return None };
    let under = match (&issue.reference, &issue.renewal) {
        (Some(reference), _) => reference.clone(),
        (None, Some(renewal)) => renewal.serial.clone(),
        (None, None) => return None,
    };
    authority.person(&issue.person)?;
    let day = record.time.get(..DAY_CHARS)?;
    let renews = issue.renewal.as_ref().map(|renewal| of_serial(&renewal.serial));
    let about = format!("{under}/{day}");
    Some(Notice::of(record, NoticeKind::Asked, (&issue.person, &about), renews.unwrap_or_default()))
}

/// A certificate counts no more. A suspension may come again after its release, so that the record
/// names it.
fn lost(
    record: &Record,
    kind: NoticeKind,
    certificate: &RevokedSerial,
    reason: &str,
    authority: &Authority,
) -> Option<Notice> {
    let serial = &certificate.serial;
    let held = authority.held(serial).filter(|held| held.sha256.is_some())?;
    let facts = Facts { reason: Some(reason.to_owned()), ..of_serial(serial) };
    let about = match kind {
        NoticeKind::Suspended => format!("{serial}/{}", record.id),
        _ => serial.clone(),
    };
    Some(Notice::of(record, kind, (held.person.as_str(), &about), facts))
}

/// An order changed what somebody has.
fn enacted(record: &Record, authority: &Authority, orders: &Orders) -> Option<Notice> {
    let digest = needed(record)?;
    let (order, body) = orders.get(&digest)?;
    let about = order.order.as_str();
    match body {
        Body::Role(role) => {
            let kind = match role.action {
                RoleAction::Grant => NoticeKind::RoleGranted,
                RoleAction::Withdraw => NoticeKind::RoleWithdrawn,
            };
            let RoleBody { person, role, scope, .. } = role;
            let facts = Facts { role: Some(*role), unit: Some(scope.clone()), ..Facts::default() };
            Some(Notice::of(record, kind, (person, about), facts))
        }
        Body::Release(release) => {
            let held = authority.held(&release.serial)?;
            let facts = of_serial(&release.serial);
            Some(Notice::of(record, NoticeKind::Released, (held.person.as_str(), about), facts))
        }
        _ => None,
    }
}

/// An order was sent back or ended: whoever drafted it is told, and whose certificate it was to be.
fn declined(record: &Record, orders: &Orders) -> Vec<Notice> {
    let Event::Declined { decline, .. } = &record.event else { return Vec::new() };
    let (Ok(read), Some(digest)) = (decline.read(), needed(record)) else { return Vec::new() };
    let Some((order, body)) = orders.get(&digest) else { return Vec::new() };
    let kind = match read.outcome {
        Outcome::Returned => NoticeKind::Returned,
        Outcome::Rejected => NoticeKind::Rejected,
    };
    let drafter = order.drafter.strip_prefix("person:");
    let applicant = if let Body::Issue(issue) = body { Some(issue.person.as_str()) } else { None };
    let also = applicant.filter(|person| Some(*person) != drafter);
    let facts = Facts { order: Some(order.order.clone()), ..Facts::default() };
    let notice = |person| Notice::of(record, kind, (person, order.order.as_str()), facts.clone());
    drafter.into_iter().chain(also).map(notice).collect()
}
