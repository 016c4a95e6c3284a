//! Making a batch: open orders of one kind that officers approve as one. It changes nothing that
//! the orders say, and ends nothing if it is not approved. That an officer wants one is a portal's
//! word: it ends after a day, and is in nobody's way who makes one in another name.

use super::order::{NewOrder, OrderParts, make};
use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::round::Round;
use authority::{Authority, OrderDigest};
use ca_api::{Batching, OrderCreated};
use records::order::{BATCH_ROWS_MAX, BatchBody, Body, Order, PersonBefore};
use records::{Bytes, Code, json};
use std::collections::BTreeSet;

/// Open batches of one officer in which one order stands and that somebody approved; others give
/// way to a newer one.
const BATCHES_OF_ROW_MAX: usize = 2;

/// Makes a batch of orders about all of which the officer may decide.
pub(crate) fn batch(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    wanted: &Batching,
) -> Result<OrderCreated, IssuerError> {
    round.admit(caller)?;
    let person = round.approver(officer)?;
    let (drafter, now) = (format!("person:{person}"), round.now());
    sound(&wanted.rows)?;
    let counted = counted_as(round.authority(), (caller, &drafter), &wanted.rows)?;
    round.state.draft(&counted)?;
    let look = |row: &Bytes| {
        row.digest().is_some_and(|digest| round.loaded.needs_look(OrderDigest(digest)))
    };
    let flagged = wanted.rows.iter().map(look).collect();
    let batch = body_of(round, wanted.rows.clone(), flagged)?;
    let replaced = round.authority().batches_replaced_by(&batch, &drafter);
    has_room(round, (&batch, &drafter), &replaced)?;
    let body = Body::Batch(batch);
    round.authority().may_approve(&person, &body, now)?;
    if !body.takes_away() {
        round.clock?;
    }
    let cancels = replaced.into_iter().map(Bytes::from).collect();
    let parts = OrderParts { cancels, unsigned: true, ..OrderParts::default() };
    let made = make(round, &drafter, &body, parts)?;
    Ok(OrderCreated { order: made.order, needed: made.needed })
}

/// What a portal makes in somebody's name takes no place of what they ask for themselves, nor at
/// another portal, and none of what only takes away.
fn counted_as(
    authority: &Authority,
    (caller, drafter): (&Caller, &str),
    rows: &[Bytes],
) -> Result<String, Code> {
    let (portal, _) = authority.portal_of(&caller.key_sha256).ok_or(Code::PortalUnknown)?;
    let first = rows.first().and_then(Bytes::digest).map(OrderDigest);
    let open = first.and_then(|first| authority.open(first, 0).ok());
    let what = if open.is_some_and(|(_, body)| body.takes_away()) { "brakes" } else { "batch" };
    Ok(format!("{what}:{portal}:{drafter}"))
}

/// The batch over orders that were just made from one draft.
pub(crate) fn over(
    round: &mut Round<'_>,
    drafter: &str,
    made: &[NewOrder],
) -> Result<NewOrder, IssuerError> {
    let rows = made.iter().map(|one| one.digest.into()).collect();
    let flagged = made.iter().map(|one| one.look.is_some()).collect();
    let body = Body::Batch(body_of(round, rows, flagged)?);
    make(round, drafter, &body, OrderParts::default())
}

/// Each order once, and no more than a batch takes: seen before any of them is looked at.
fn sound(rows: &[Bytes]) -> Result<(), Code> {
    if rows.len() > BATCH_ROWS_MAX {
        return Err(Code::TooLarge);
    }
    let distinct: BTreeSet<&Bytes> = rows.iter().collect();
    match !rows.is_empty() && distinct.len() == rows.len() {
        true => Ok(()),
        false => Err(Code::Malformed),
    }
}

/// Of one officer an order stands in few batches that cannot be replaced.
fn has_room(
    round: &Round<'_>,
    (batch, drafter): (&BatchBody, &str),
    replaced: &[OrderDigest],
) -> Result<(), Code> {
    let authority = round.authority();
    for row in batch.rows.iter().filter_map(|row| row.digest().map(OrderDigest)) {
        let own = authority.batches_with(row).filter(|(_, open)| open.read.drafter == drafter);
        if own.filter(|(one, _)| !replaced.contains(one)).count() >= BATCHES_OF_ROW_MAX {
            return Err(Code::StateConflict);
        }
    }
    Ok(())
}

/// Every order is open, and of the kind of the first. Beside each whether it needs a look; so does
/// each that is about somebody in office.
fn body_of(
    round: &Round<'_>,
    rows: Vec<Bytes>,
    mut needs_look: Vec<bool>,
) -> Result<BatchBody, Code> {
    let (authority, now) = (round.authority(), round.now());
    let leaders = authority.leaders();
    let mut kind = None;
    for (row, needs) in rows.iter().zip(&mut needs_look) {
        let digest = OrderDigest(row.digest().ok_or(Code::Malformed)?);
        // What was only recorded a moment ago is open as soon as the tree has it.
        let (order, body) = authority.open(digest, now)?;
        *needs |= is_of_office((authority, &leaders), (&order, &body));
        let own = (body.kind().to_owned(), body.action().to_owned());
        let same = kind.get_or_insert_with(|| own.clone()) == &own;
        if own.0 == "batch" {
            return Err(Code::Malformed);
        }
        if !same {
            return Err(Code::StateConflict);
        }
    }
    let (of, action) = kind.ok_or(Code::Malformed)?;
    let sample = authority.sample_size(&of, rows.len());
    let flagged = (0..).zip(needs_look).filter(|(_, needs)| *needs).map(|(place, _)| place);
    Ok(BatchBody { of, action, rows, sample, flagged: flagged.collect() })
}

/// Whether an order gives something to somebody who holds an office or is in charge of a system, or
/// has them go: by what it says of them, which its approvers read, and by what is so now. What
/// takes certificates or a role away waits for nobody's look.
fn is_of_office(
    (authority, leaders): (&Authority, &BTreeSet<&str>),
    (order, body): (&Order, &Body),
) -> bool {
    let person = match body {
        Body::Issue(_) | Body::Person(_) | Body::Release(_) | Body::Credential(_) => body.person(),
        Body::Role(_) | Body::Delegate(_) => body.person().filter(|_| !body.takes_away()),
        _ => None,
    };
    let Some(person) = person else { return false };
    let before = order.basis.before.as_ref();
    let before = before.and_then(|before| json::from_value::<PersonBefore>(before).ok());
    let is_told = before.is_some_and(|held| held.has_office());
    is_told || leaders.contains(person) || authority.has_office(person)
}
