//! Making the order that revokes certificates of a person or a system: a brake, which works under a
//! clock that moved. An officer's wish is signed, or it is only a portal's word: of those there are
//! few, they end after a day and can be declined, and they stand in the way of nothing that is
//! signed.

use super::order::{NewOrder, OrderParts, make};
use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::expiring::DAY;
use crate::officer::CertificateHolder;
use crate::round::Round;
use crate::verify::VerifiedWish;
use authority::{Authority, OpenOrder, Serial};
use ca_api::{OrderCreated, Revocation};
use pki::crl::RevocationReason;
use pki::name::check_readable;
use records::commitment::{EVIDENCE_CHARS_MAX, EVIDENCE_PATH};
use records::order::{Body, RevokeBody};
use records::wish::WISH_SECONDS;
use records::{Code, Disclosure};
/// Wishes that nobody signed and that are open, in the name of one officer. They live for a day, so
/// it is also how many of a day a portal can have made in that name by itself.
pub(crate) const UNSIGNED_OF_OFFICER_MAX: usize = 20;
/// The same in all names together, but for the first that each portal asks for within a day.
pub(crate) const UNSIGNED_MAX: usize = 200;
pub(crate) const UNSIGNED_OF_PORTAL_LEAST: u32 = 20;
/// Wishes that one officer signed within an hour, from which on they have one order for each
/// certificate. Brakes are never refused.
pub(crate) const SIGNED_OF_HOUR_MAX: u32 = 60;

/// Drafts the order on a portal's word, for an officer in whose scope the certificate is; others
/// approve it.
pub(crate) fn revoke(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    wanted: &Revocation,
) -> Result<OrderCreated, IssuerError> {
    round.admit(caller)?;
    let officer = round.approver(officer)?;
    let (CertificateHolder { person, system }, serial) = within(round, &officer, &wanted.serial)?;
    let drafter = format!("person:{officer}");
    let already = open_already(round, &person, (&serial, &wanted.reason), &drafter);
    if let Some(made) = already.map(|open| created(round, open)) {
        return Ok(made);
    }
    // What is wrong with it is told before that there are others.
    RevocationReason::from_name(&wanted.reason).ok_or(Code::Malformed)?;
    check_evidence(&wanted.evidence)?;
    has_room(round, caller, (&drafter, &serial))?;
    let (evidence, opens) = round.commitment(EVIDENCE_PATH, wanted.evidence.clone())?;
    let (serials, reason) = (vec![serial], wanted.reason.clone());
    let body = RevokeBody { person, system, serials, reason, evidence, wish: None };
    let made = order(round, &drafter, body, seen(opens))?;
    Ok(OrderCreated { order: made.order, needed: made.needed })
}

/// Drafts the order that an officer signed the wish for: it lives as all orders do, and nobody
/// declines it alone. The same wish again is the same order: it counts only within minutes, and
/// what it made cannot end meanwhile but by the revocation that it asks for.
pub(crate) fn wish(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    verified: &VerifiedWish,
) -> Result<OrderCreated, IssuerError> {
    round.admit(caller)?;
    let shown = officer.0.der();
    let officer = round.approver(officer)?;
    let (wishing, said) = (verified.wishing(), verified.statement());
    if wishing.wish.certificate.0 != shown {
        return Err(Code::ApprovalSignature.into());
    }
    let (CertificateHolder { person, system }, serial) = within(round, &officer, &said.serial)?;
    if !round.is_fresh(said.unix(), WISH_SECONDS, true) {
        return Err(Code::SignedTime.into());
    }
    let drafter = format!("person:{officer}");
    let open = open_already(round, &person, (&serial, &said.reason), &drafter);
    let open = open.filter(|open| !open.read.is_unsigned_wish());
    let is_same = |open: &&OpenOrder| match &*open.body {
        Body::Revoke(body) => body.wish.as_deref() == Some(&wishing.wish),
        _ => false,
    };
    if open.filter(is_same).is_none() {
        round.authority().check_wish(&wishing.wish, round.now())?;
    }
    if let Some(made) = open.map(|open| created(round, open)) {
        return Ok(made);
    }
    check_evidence(wishing.evidence()?)?;
    if let Some(made) = over_rate(round, &person, (&serial, &drafter)) {
        return Ok(made);
    }
    let (reason, evidence) = (said.reason.clone(), said.evidence.clone());
    let wish = Some(Box::new(wishing.wish.clone()));
    let body = RevokeBody { person, system, serials: vec![serial], reason, evidence, wish };
    let made = order(round, &drafter, body, seen(wishing.evidence.clone()))?;
    Ok(OrderCreated { order: made.order, needed: made.needed })
}

/// The order that an officer is told who signed very many wishes within an hour and whose own
/// signed one about this certificate is open, for whatever reason. Nobody is refused: a certificate
/// that nothing revokes yet has its order made, however many there are.
fn over_rate(
    round: &mut Round<'_>,
    person: &str,
    (serial, drafter): (&str, &str),
) -> Option<OrderCreated> {
    round.state.allow(&format!("wishes:{drafter}"), SIGNED_OF_HOUR_MAX, 1).err()?;
    let open =
        open_of(round, person, (serial, drafter)).find(|open| !open.read.is_unsigned_wish())?;
    Some(created(round, open))
}

/// What stands beside an order to revoke: what was looked at.
pub(crate) fn seen(evidence: Disclosure) -> OrderParts {
    OrderParts { disclosures: vec![evidence], ..OrderParts::default() }
}

/// Makes the order; without serial numbers it is about all that the person holds. What a system
/// has is named.
pub(crate) fn order(
    round: &mut Round<'_>,
    drafter: &str,
    mut body: RevokeBody,
    parts: OrderParts,
) -> Result<NewOrder, IssuerError> {
    let authority = round.authority();
    authority.person(&body.person).ok_or(Code::PersonUnknown)?;
    RevocationReason::from_name(&body.reason).ok_or(Code::Malformed)?;
    let held = match &body.system {
        Some(of) => of_system(authority, &of.system, &body.serials),
        None => of_person(authority, &body.person),
    };
    if body.serials.is_empty() {
        body.serials.clone_from(&held);
    }
    if body.serials.is_empty() || body.serials.iter().any(|serial| !held.contains(serial)) {
        return Err(Code::StateConflict.into());
    }
    make(round, drafter, &Body::Revoke(body), parts)
}

/// Whom an operator named: a person by id, or `system:` and the system's.
pub(crate) fn named(round: &Round<'_>, named: String) -> Result<CertificateHolder, Code> {
    match named.strip_prefix("system:") {
        Some(id) => CertificateHolder::system(round.authority(), id).ok_or(Code::NotFound),
        None => Ok(CertificateHolder { person: named, system: None }),
    }
}

/// What a person holds and nothing ended.
fn of_person(authority: &Authority, person: &str) -> Vec<String> {
    let held = authority.serials_of(person).into_iter().map(|serial| serial.to_string());
    let counts = |serial: &String| {
        let issued = authority.held(serial).is_some_and(|held| held.sha256.is_some());
        issued && !authority.is_ended(serial)
    };
    held.filter(counts).collect()
}

/// Which of these a system has and nothing ended.
fn of_system(authority: &Authority, system: &str, serials: &[String]) -> Vec<String> {
    let counts = |serial: &&String| {
        let known = authority.system_certificate(serial);
        let own = known.is_some_and(|known| *known.system == *system && known.is_issued);
        own && !authority.is_ended(serial)
    };
    serials.iter().filter(counts).cloned().collect()
}

/// What was looked at must be said in characters that show what they are; nobody approves nothing.
pub(crate) fn check_evidence(evidence: &str) -> Result<(), Code> {
    check_readable(evidence, EVIDENCE_CHARS_MAX).map_err(|_| Code::Malformed)
}

/// Whose certificate it is, if that is the officer's business, with its number in one spelling.
fn within(
    round: &Round<'_>,
    officer: &str,
    serial: &str,
) -> Result<(CertificateHolder, String), Code> {
    let serial = Serial::read(serial).ok_or(Code::NotFound)?.to_string();
    let holder = CertificateHolder::of(round.authority(), &serial).ok_or(Code::NotFound)?;
    match holder.is_within(round.authority(), officer, round.now()) {
        true => Ok((holder, serial)),
        false => Err(Code::ApproverScope),
    }
}

/// Whether one more wish that nobody signed may be made: one for each certificate, some in an
/// officer's name, and some in all; no portal is kept from it by what others asked for.
fn has_room(
    round: &mut Round<'_>,
    caller: &Caller,
    (drafter, serial): (&str, &str),
) -> Result<(), Code> {
    let (mut all, mut own) = (0, 0);
    for open in round.authority().unsigned_wishes(round.now()) {
        let Body::Revoke(body) = &*open.body else { continue };
        if body.serials.iter().any(|asked| asked == serial) {
            return Err(Code::WishOpen);
        }
        all += 1;
        own += usize::from(open.read.drafter == drafter);
    }
    let portal = round.authority().portal_of(&caller.key_sha256).ok_or(Code::PortalUnknown)?.0;
    let asked = format!("asked:{portal}");
    let is_least = round.state.allow_within(&asked, (UNSIGNED_OF_PORTAL_LEAST, DAY), 1).is_ok();
    room((own, all), is_least)
}

/// Whether one more may wait beside an officer's own and those in all names, for a portal that
/// asked for the least that it has, or for more.
pub(crate) fn room((own, all): (usize, usize), is_least: bool) -> Result<(), Code> {
    match own < UNSIGNED_OF_OFFICER_MAX && (is_least || all < UNSIGNED_MAX) {
        true => Ok(()),
        false => Err(Code::WishesTooMany),
    }
}

/// The order of the same officer that asks for this already, the signed one before the other:
/// whoever sends a form twice gets the one of the first time, and nobody gets one that others asked
/// for with words of their own.
fn open_already<'r>(
    round: &'r Round<'_>,
    person: &str,
    (serial, reason): (&str, &str),
    drafter: &str,
) -> Option<&'r OpenOrder> {
    let asks = |open: &&OpenOrder| match &*open.body {
        Body::Revoke(body) => body.reason == reason,
        _ => false,
    };
    let own = open_of(round, person, (serial, drafter)).filter(asks);
    own.min_by_key(|open| open.read.is_unsigned_wish())
}

/// Open orders that one officer drafted about just this certificate.
fn open_of<'r>(
    round: &'r Round<'_>,
    person: &str,
    (serial, drafter): (&str, &str),
) -> impl Iterator<Item = &'r OpenOrder> {
    let orders = round.authority().open_orders_about(person).into_iter();
    let open = orders.map(|(_, open)| open).filter(|open| round.now() <= open.expires);
    open.filter(move |open| match &*open.body {
        Body::Revoke(body) => body.serials == [serial] && open.read.drafter == drafter,
        _ => false,
    })
}

fn created(round: &Round<'_>, open: &OpenOrder) -> OrderCreated {
    let (order, needed) = (open.read.order.clone(), round.authority().needed(&open.body));
    OrderCreated { order, needed }
}
