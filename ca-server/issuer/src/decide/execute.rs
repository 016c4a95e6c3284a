//! Carrying out orders that have their approvals: brakes first. An order that changes authority is
//! recorded as enacted and has its effect when the record stands in the tree. An order to issue
//! becomes an intent. An order that only takes away bites in this round, also while a change is
//! pending and under a clock that moved.

use super::issue;
use crate::approvers;
use crate::error::IssuerError;
use crate::round::Round;
use crate::rows::RowChange;
use crate::state::State;
use authority::{Judged, OrderDigest};
use records::order::{Body, PersonAction};
use records::record::{Cause, Event, RevokedSerial};
use records::revocation::RevocationStatement;
use records::{Bytes, Code};
use std::collections::BTreeSet;

/// The orders that a round carries out: so many brakes, then so many of the others.
pub(crate) fn chosen(
    state: &State,
    except: &BTreeSet<OrderDigest>,
    most: usize,
) -> Vec<OrderDigest> {
    let (brakes, others): (Vec<_>, Vec<_>) = ready(state, except).partition(|one| one.is_brake);
    let mut chosen = first(brakes, most);
    chosen.extend(first(others, most));
    chosen
}

/// The brakes among them.
pub(crate) fn brakes(
    state: &State,
    except: &BTreeSet<OrderDigest>,
    most: usize,
) -> Vec<OrderDigest> {
    first(ready(state, except).filter(|one| one.is_brake).collect(), most)
}

/// An order that is ready, with its turn: those that end first. What could not be carried out comes
/// behind what was tried less often, so that it holds nothing up.
struct ReadyOrder {
    is_brake: bool,
    turn: (u32, u64, OrderDigest),
}

/// Each of those that are ready is looked at once, and little: however many wait, a brake waits for
/// that alone.
fn ready(state: &State, except: &BTreeSet<OrderDigest>) -> impl Iterator<Item = ReadyOrder> {
    let ready = state.ready.iter().filter(move |digest| !except.contains(*digest));
    ready.map(move |digest| {
        let (ends, is_brake) = state.authority().open_until(*digest).unwrap_or_default();
        let tries = state.in_vain.get(digest).copied().unwrap_or(0);
        ReadyOrder { is_brake, turn: (tries, ends, *digest) }
    })
}

/// So many of them, in their turns.
fn first(mut orders: Vec<ReadyOrder>, most: usize) -> Vec<OrderDigest> {
    if most < orders.len() {
        let _ = orders.select_nth_unstable_by_key(most, |one| one.turn);
        orders.truncate(most);
    }
    orders.sort_unstable_by_key(|one| one.turn);
    orders.into_iter().map(|one| one.turn.2).collect()
}

/// Whether an order only takes away.
pub(crate) fn is_brake(state: &State, digest: &OrderDigest) -> bool {
    state.authority().open_until(*digest).is_some_and(|(_, takes_away)| takes_away)
}

/// Carries out orders that became ready. Each stands for itself: one that is refused is recorded
/// and holds no other up, nor does one that we cannot carry out now: it stays, and why is given
/// back.
pub(crate) fn execute(round: &mut Round<'_>, orders: Vec<OrderDigest>) -> Option<IssuerError> {
    let mut failed = None;
    round.state.forget_in_vain();
    for digest in orders {
        let before = round.savepoint();
        match execute_one(round, digest) {
            Ok(true) => {
                round.state.ready.remove(&digest);
            }
            Ok(false) if round.authority().is_changing() => {}
            // It waits for what its own person gets, and comes behind everybody else's.
            Ok(false) => *round.state.in_vain.entry(digest).or_insert(0) += 1,
            Err(error) => {
                round.roll_back(before);
                match error {
                    IssuerError::Refused(code) => {
                        if let Err(error) = not_executed(round, digest, code) {
                            failed = Some(error);
                        }
                    }
                    other => failed = Some(other),
                }
                if round.state.ready.contains(&digest) {
                    *round.state.in_vain.entry(digest).or_insert(0) += 1;
                }
            }
        }
    }
    failed
}

/// Judges one order and writes it down; false while something else has to come first.
fn execute_one(round: &mut Round<'_>, digest: OrderDigest) -> Result<bool, IssuerError> {
    if round.state.over.contains(&digest) {
        return Err(Code::OrderRejected.into());
    }
    let judged = round.authority().judge(digest, None, round.now())?;
    let body = judged.body().clone();
    if let Body::Revoke(_) = &*body {
        consume(round, &judged);
        revoke(round, Cause::Order { order: digest.into() }, judged.approvals())?;
        round.change(RowChange::OrderState(digest, "done"));
        return Ok(true);
    }
    if !body.takes_away() {
        round.clock?;
        if round.authority().is_changing() {
            return Ok(false);
        }
        round.authority().still_rests(judged.order(), &body)?;
    }
    // Whoever read that it is the first certificate, or what differs from the last one, has to be
    // asked again once the one on its way is there.
    if let Body::Issue(issue) = &*body
        && round.authority().is_certifying(&issue.person, &issue.profile.id)
    {
        return Ok(false);
    }
    consume(round, &judged);
    match &*body {
        Body::Issue(issue) => issue::intend(round, &judged, issue)?,
        _ => enact(round, &judged)?,
    }
    Ok(true)
}

/// Remembers whose approvals carried the order. That each counts once follows from the log: an
/// order that was carried out is closed there.
fn consume(round: &mut Round<'_>, judged: &Judged) {
    let context = round.context;
    for row in approvers::sealed((&context.seal, &context.founding), judged) {
        round.change(RowChange::Consumed(row));
    }
}

fn enact(round: &mut Round<'_>, judged: &Judged) -> Result<(), IssuerError> {
    // What takes away puts no file in force: a row that is spoiled keeps no brake back.
    let files = match judged.body().takes_away() {
        true => Vec::new(),
        false => round.loaded.order(judged)?.files.clone(),
    };
    let (order, approvals) = (judged.digest().into(), judged.approvals());
    let event = Event::Enacted { order, approvals, files };
    round.record(event, Vec::new())?;
    match &**judged.body() {
        // Whoever leaves office loses every certificate.
        Body::Person(body) if body.action == PersonAction::Leave => {
            revoke(round, Cause::Left { person: body.person.clone() }, Vec::new())
        }
        _ => Ok(()),
    }
}

/// Records a revocation. What it revokes follows from its cause and the log; serial numbers that
/// are revoked already stay as they are.
pub(crate) fn revoke(
    round: &mut Round<'_>,
    cause: Cause,
    approvals: Vec<Bytes>,
) -> Result<(), IssuerError> {
    let now = round.now();
    let revoked = round.authority().revocation(&cause, &approvals, now)?;
    let mut certificates = Vec::new();
    let mut reason = String::new();
    for (serial, revoked) in revoked {
        reason.clone_from(&revoked.reason);
        if round.authority().is_ended(&serial.to_string()) {
            continue;
        }
        let not_after = records::time::seconds(revoked.not_after);
        certificates.push(RevokedSerial { serial: serial.to_string(), not_after });
    }
    if certificates.is_empty() && approvals.is_empty() {
        return Ok(());
    }
    let said = RevocationStatement::new(&round.context.founding, &cause, now)?;
    let signed = said.sign(&round.context.registry).map_err(anyhow::Error::from)?;
    let (statement, signature) = signed;
    let revoked = Event::Revoked { certificates, reason, cause, approvals, statement, signature };
    round.record(revoked, Vec::new())?;
    Ok(())
}

/// Why an order was not carried out: recorded once, and the order waits or is over.
fn not_executed(round: &mut Round<'_>, digest: OrderDigest, code: Code) -> Result<(), IssuerError> {
    let known = round.authority().open_order(&digest.0).map(|open| open.read.order.clone());
    let about = known.unwrap_or_else(|| digest.to_string());
    if code == Code::ApprovalsMissing {
        round.state.ready.remove(&digest);
        for (person, code) in round.authority().lapsed(digest, round.now()) {
            let once = format!("{digest} {person} {}", code.name());
            if round.state.reported.is_first(once) {
                round.refusal("execute", &format!("{about} {person}"), code)?;
            }
        }
        return Ok(());
    }
    if !matches!(code, Code::UnsignedAuthority | Code::ClockMoved | Code::LogBehind) {
        round.state.ready.remove(&digest);
    }
    if round.state.reported.is_first(format!("{digest} {}", code.name())) {
        round.refusal("execute", &about, code)?;
    }
    Ok(())
}
