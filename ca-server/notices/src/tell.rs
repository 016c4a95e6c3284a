//! Which notices follow from which record of `control`: a pure function of the record, of authority
//! behind it and of the orders that it carries out or ends. A record without effect tells nobody;
//! and what a record lists without a signature (certificates, reasons, ends) is told as authority
//! holds it.

use crate::notice::{Facts, Notice, NoticeKind, tail};
use crate::systems;
use authority::{Authority, OrderDigest};
use pki::profile::LetterChannel;
use records::Code;
use records::decline::Outcome;
use records::order::{
    Body, DelegateBody, IssueBody, Order, PersonAction, PersonBody, RoleAction, RoleBody,
};
use records::record::{Cause, Event, LetterStatement, Record};
use records::suspension::SuspensionCause;
use std::collections::HashMap;

/// What the founding records by itself tells nobody: its people were there.
const FOUNDING: &str = "init";
/// A letter or certificate has this many notices of requests a day at most.
const DAY_CHARS: usize = 10;

/// Orders by digest, of which the bytes are those that the digest names.
pub(crate) type Orders = HashMap<OrderDigest, (Order, Body)>;

/// The orders that have to be at hand to say what a record tells: the one that it names, and of a
/// batch those that ended with it.
pub(crate) fn needed(record: &Record, authority: &Authority) -> Vec<OrderDigest> {
    let named = named(record);
    let rows = named.into_iter().flat_map(|batch| authority.rows_of(batch));
    named.into_iter().chain(rows).collect()
}

fn named(record: &Record) -> Option<OrderDigest> {
    let digest = match &record.event {
        Event::Enacted { order, .. } => order.0.clone(),
        Event::Declined { decline, .. } => decline.read().ok()?.order.0,
        Event::Revoked { cause: Cause::Order { order }, .. } => order.0.clone(),
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
        Event::Letter { statement, .. } => letter(record, &statement.0),
        Event::Order { order, .. } => asked(record, &order.0, authority).into_iter().collect(),
        Event::Issued { under, serial, .. } => {
            let is_founding = under.0 == authority.founding_digest();
            let held = authority.held(serial).filter(|_| !is_founding);
            let kind = |renews: bool| if renews { NoticeKind::Renewed } else { NoticeKind::Issued };
            let notice = held.map(|held| {
                let until = Some(records::time::seconds(held.not_after));
                let facts = Facts { until, ..of_serial(serial) };
                let whom = (held.person.as_str(), serial.as_str());
                Notice::of(record, kind(held.renews.is_some()), whom, facts)
            });
            let of_system = systems::first_certificate(record, serial, authority);
            notice.into_iter().chain(of_system).collect()
        }
        Event::MachineAccount { statement, .. } => {
            systems::account(record, &statement.0, authority)
        }
        Event::Revoked { cause: Cause::Abandoned { .. }, .. } => Vec::new(),
        Event::Revoked { certificates, cause, statement, signature, .. } => {
            let mut serials: Vec<String> =
                certificates.iter().map(|one| one.serial.clone()).collect();
            let since = authority.counts_from(cause, (statement, signature)).ok();
            let ends = |serial: &String| authority.revoked_as(serial).map(|ended| ended.at);
            let unlisted = by_cause(cause, authority, orders).into_iter();
            let unlisted = unlisted.filter(|one| since.is_some() && ends(one) == since);
            let unlisted: Vec<String> = unlisted.filter(|one| !serials.contains(one)).collect();
            serials.extend(unlisted);
            serials.iter().filter_map(|serial| revoked(record, serial, authority)).collect()
        }
        Event::Suspended { cause, .. } => suspended(record, cause, authority),
        Event::Enacted { .. } => enacted(record, authority, orders).unwrap_or_default(),
        Event::Declined { .. } => declined(record, authority, orders),
        _ => Vec::new(),
    }
}

fn of_serial(serial: &str) -> Facts {
    Facts { serial_tail: Some(tail(serial)), ..Facts::default() }
}

/// A letter lies ready, and where a part of its code goes by short message, that part.
fn letter(record: &Record, statement: &[u8]) -> Vec<Notice> {
    let Ok(letter) = records::json::read::<LetterStatement>(statement) else { return Vec::new() };
    let whom = (letter.person.as_str(), letter.reference.as_str());
    let facts = Facts { until: Some(letter.expires), ..Facts::default() };
    let mut notices = vec![Notice::of(record, NoticeKind::Letter, whom, facts)];
    if letter.channels.contains(&LetterChannel::Sms) {
        let facts = Facts { letter: Some(letter.reference.clone()), ..Facts::default() };
        notices.push(Notice::of(record, NoticeKind::LetterCode, whom, facts));
    }
    notices
}

/// What somebody asked for that is another's business as well.
fn asked(record: &Record, order: &[u8], authority: &Authority) -> Option<Notice> {
    // Whoever followed it there has it read already.
    let (_, body) = authority.signatures().order(order).ok()?;
    match &*body {
        Body::Issue(issue) => asked_certificate(record, issue, authority),
        Body::Person(body) => asked_record(record, body, authority),
        _ => None,
    }
}

/// Somebody is to have another name, unit or mail address: told before that is approved, and so to
/// the address that they have; once a day, however often it is asked for.
fn asked_record(record: &Record, body: &PersonBody, authority: &Authority) -> Option<Notice> {
    authority.person(&body.person).filter(|_| body.action == PersonAction::Move)?;
    let day = record.time.get(..DAY_CHARS)?;
    let whom = (body.person.as_str(), day);
    Some(Notice::of(record, NoticeKind::RecordAsked, whom, Facts::default()))
}

/// Somebody asked for a certificate, by letter or with an old one: told once a day for each, so
/// that whoever has a code cannot fill anybody's mailbox with it.
fn asked_certificate(record: &Record, issue: &IssueBody, authority: &Authority) -> Option<Notice> {
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

/// A certificate counts no more.
fn revoked(record: &Record, serial: &str, authority: &Authority) -> Option<Notice> {
    let held = authority.held(serial).filter(|held| held.sha256.is_some())?;
    let ended = authority.revoked_as(serial).filter(|_| authority.is_ended(serial))?;
    let facts = Facts { reason: Some(ended.reason.clone()), ..of_serial(serial) };
    Some(Notice::of(record, NoticeKind::Revoked, (held.person.as_str(), serial), facts))
}

/// What a revocation takes away by its cause, where that is at hand: nobody signed what its record
/// lists, and a hand may list less.
fn by_cause(cause: &Cause, authority: &Authority, orders: &Orders) -> Vec<String> {
    let serials = match cause {
        Cause::Order { order } => {
            let ordered = order.digest().and_then(|digest| orders.get(&OrderDigest(digest)));
            let Some((_, Body::Revoke(body))) = ordered else { return Vec::new() };
            return body.serials.clone();
        }
        Cause::Loss { reference, .. } => {
            authority.letter(reference).map(|letter| letter.serials.clone())
        }
        Cause::Left { person } => authority.person(person).map(|person| person.serials.clone()),
        _ => None,
    };
    serials.unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// What a suspension took away for a while, as the CA signed it. One may come again after its
/// release, so that its own name tells them apart.
fn suspended(record: &Record, cause: &SuspensionCause, authority: &Authority) -> Vec<Notice> {
    let Some(signed) = cause.notice() else { return Vec::new() };
    let name = records::Bytes::from(cause.name());
    let notice = |serial: &String| {
        let held = authority.held(serial).filter(|held| held.sha256.is_some())?;
        let facts = Facts { reason: Some(signed.reason.clone()), ..of_serial(serial) };
        let about = format!("{serial}/{name}");
        let whom = (held.person.as_str(), about.as_str());
        Some(Notice::of(record, NoticeKind::Suspended, whom, facts))
    };
    signed.serials.iter().filter_map(notice).collect()
}

/// An order changed what somebody has.
fn enacted(record: &Record, authority: &Authority, orders: &Orders) -> Option<Vec<Notice>> {
    let digest = named(record)?;
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
            Some(vec![Notice::of(record, kind, (person, about), facts)])
        }
        Body::Delegate(body) => Some(delegated(record, body, about)),
        Body::Emergency(body) => {
            let facts = Facts {
                order: Some(order.order.clone()),
                until: Some(body.until.clone()),
                ..Facts::default()
            };
            let notice = |person: String| {
                let whom = (person.as_str(), about);
                Notice::of(record, NoticeKind::EmergencyOpened, whom, facts.clone())
            };
            Some(authority.hears_of(body).into_iter().map(notice).collect())
        }
        Body::Credential(body) => {
            let whom = (body.person.as_str(), about);
            Some(vec![Notice::of(record, NoticeKind::Passkey, whom, Facts::default())])
        }
        Body::Release(release) => {
            let held = authority.held(&release.serial)?;
            let facts = of_serial(&release.serial);
            let whom = (held.person.as_str(), about);
            Some(vec![Notice::of(record, NoticeKind::Released, whom, facts)])
        }
        _ => None,
    }
}

/// A role was lent, or is no longer: whoever is on leave hears that somebody speaks for them, and
/// whoever acts that they do.
fn delegated(record: &Record, body: &DelegateBody, about: &str) -> Vec<Notice> {
    let (of_absent, of_deputy) = match body.action {
        RoleAction::Grant => (NoticeKind::Lends, NoticeKind::Acts),
        RoleAction::Withdraw => (NoticeKind::DelegationEnded, NoticeKind::DelegationEnded),
    };
    let facts = Facts {
        role: Some(body.role),
        unit: Some(body.scope.clone()),
        until: Some(body.until.clone()),
        ..Facts::default()
    };
    let both = [(of_absent, &body.absent), (of_deputy, &body.person)];
    let notice = |(kind, person): (NoticeKind, &String)| {
        Notice::of(record, kind, (person.as_str(), about), facts.clone())
    };
    both.map(notice).into()
}

/// An order was sent back or ended: whoever drafted it is told, and whose certificate it was to be.
/// So are those of each order that ended with a batch; who drafted all of it is told of it once.
fn declined(record: &Record, authority: &Authority, orders: &Orders) -> Vec<Notice> {
    let Event::Declined { decline, .. } = &record.event else { return Vec::new() };
    let (Ok(read), Some(digest)) = (decline.read(), named(record)) else { return Vec::new() };
    let Some(declined) = orders.get(&digest) else { return Vec::new() };
    let (kind, code) = match read.outcome {
        Outcome::Returned => (NoticeKind::Returned, Code::OrderReturned),
        Outcome::Rejected => (NoticeKind::Rejected, Code::OrderRejected),
    };
    let ended = |row: &OrderDigest| authority.open(*row, 0).err() == Some(code);
    let rows = authority.rows_of(digest).filter(ended);
    let rows = rows.filter_map(|row| orders.get(&row)).flat_map(|row| {
        let told = |notice: &Notice| declined.0.drafter != format!("person:{}", notice.person);
        ended_order(record, kind, row).filter(told).collect::<Vec<_>>()
    });
    ended_order(record, kind, declined).chain(rows).collect()
}

fn ended_order<'a>(
    record: &'a Record,
    kind: NoticeKind,
    (order, body): &'a (Order, Body),
) -> impl Iterator<Item = Notice> + 'a {
    let drafter = order.drafter.strip_prefix("person:");
    let applicant = if let Body::Issue(issue) = body { Some(issue.person.as_str()) } else { None };
    let also = applicant.filter(|person| Some(*person) != drafter);
    let facts = Facts { order: Some(order.order.clone()), ..Facts::default() };
    let about = order.order.as_str();
    let notice = move |person| Notice::of(record, kind, (person, about), facts.clone());
    drafter.into_iter().chain(also).map(notice)
}
