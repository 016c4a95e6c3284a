//! Making the order that revokes certificates of a person: a brake, which works under a clock that
//! moved.

use super::order::{NewOrder, OrderParts, make};
use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::round::Round;
use authority::Serial;
use ca_api::{OrderCreated, Revocation};
use pki::crl::RevocationReason;
use records::Code;
use records::order::{Body, RevokeBody};

const EVIDENCE_CHARS_MAX: usize = 2_000;

/// What is to be revoked and why.
pub(crate) struct RevocationRequest {
    pub(crate) person: String,
    /// All of the person's if empty.
    pub(crate) serials: Vec<String>,
    pub(crate) reason: String,
    pub(crate) evidence: String,
}

/// Drafts the order for an officer in whose scope the certificate is; others approve it.
pub(crate) fn revoke(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    wanted: &Revocation,
) -> Result<OrderCreated, IssuerError> {
    round.admit(caller)?;
    let officer = round.approver(officer)?;
    let serial = Serial::read(&wanted.serial).ok_or(Code::NotFound)?;
    let person = round.authority().held(&wanted.serial).map(|held| held.person.to_string());
    let person = person.ok_or(Code::NotFound)?;
    if !crate::officer::is_within(round.authority(), &officer, &person) {
        return Err(Code::ApproverScope.into());
    }
    let serial = serial.to_string();
    let drafter = format!("person:{officer}");
    if let Some(open) = open_already(round, &person, (&serial, &wanted.reason), &drafter) {
        return Ok(open);
    }
    let request = RevocationRequest {
        person,
        serials: vec![serial],
        reason: wanted.reason.clone(),
        evidence: wanted.evidence.clone(),
    };
    let made = order(round, &drafter, request)?;
    Ok(OrderCreated { order: made.order, needed: made.needed })
}

/// Makes the order.
pub(crate) fn order(
    round: &mut Round<'_>,
    drafter: &str,
    request: RevocationRequest,
) -> Result<NewOrder, IssuerError> {
    let RevocationRequest { person, mut serials, reason, evidence } = request;
    let authority = round.authority();
    authority.person(&person).ok_or(Code::PersonUnknown)?;
    RevocationReason::from_name(&reason).ok_or(Code::Malformed)?;
    check_evidence(&evidence)?;
    let held = authority.serials_of(&person).into_iter().map(|serial| serial.to_string());
    let held: Vec<String> = held
        .filter(|serial| {
            let issued = authority.held(serial).is_some_and(|held| held.sha256.is_some());
            issued && !authority.is_revoked(serial)
        })
        .collect();
    if serials.is_empty() {
        serials.clone_from(&held);
    }
    if serials.is_empty() || serials.iter().any(|serial| !held.contains(serial)) {
        return Err(Code::StateConflict.into());
    }
    let (evidence, disclosure) = round.commitment("/evidence", evidence)?;
    let body = Body::Revoke(RevokeBody { person, serials, reason, evidence });
    make(
        round,
        drafter,
        &body,
        OrderParts { disclosures: vec![disclosure], ..OrderParts::default() },
    )
}

/// What was looked at must be said in characters that show what they are; nobody approves nothing.
pub(crate) fn check_evidence(evidence: &str) -> Result<(), Code> {
    match pki::name::is_readable(evidence, EVIDENCE_CHARS_MAX) {
        true => Ok(()),
        false => Err(Code::Malformed),
    }
}

/// The order of the same officer that asks for this already: whoever sends a form twice gets the
/// one of the first time, and nobody gets one that others asked for with words of their own.
fn open_already(
    round: &Round<'_>,
    person: &str,
    (serial, reason): (&str, &str),
    drafter: &str,
) -> Option<OrderCreated> {
    let authority = round.authority();
    authority.open_orders_about(person).into_iter().find_map(|(digest, _)| {
        let (order, body) = authority.open(digest, round.now()).ok()?;
        let Body::Revoke(revoke) = &*body else { return None };
        let asked = revoke.serials == [serial] && revoke.reason == reason;
        let same = asked && order.drafter == drafter;
        same.then(|| OrderCreated { order: order.order.clone(), needed: authority.needed(&body) })
    })
}
