//! Suspensions: on a portal's word for its holder, within bounds; their release by an order, which
//! two others approve; and what becomes of those that nobody releases in their time.

use super::order::{NewOrder, OrderParts, make};
use super::revoke::check_evidence;
use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::round::Round;
use crate::state::MAKER;
use authority::{Serial, SuspendedCertificate, SuspensionSource};
use ca_api::OwnSuspension;
use records::commitment::EVIDENCE_PATH;
use records::enrolment::SignedReceipt;
use records::label::Label;
use records::order::{Body, ReleaseBody};
use records::record::{Cause, Event, RevokedSerial};
use records::suspension::{LapseStatement, SuspensionCause, SuspensionNotice};
use records::{Bytes, Code};

/// What a portal may have suspended on its own word in a small city: within an hour, and at a time.
const TOLD_OF_HOUR_LEAST: u32 = 20;
const TOLD_LEAST: usize = 200;
/// What a holder may have recorded again within an hour, while it stands.
const AGAIN_OF_HOUR_MAX: u32 = 4;

/// Certificates that one portal may have suspended on its own word within an hour, and most that
/// are so at a time, in a city of so many people. Each waits for two officers, or is revoked: a
/// captured portal takes no city out of work, and no place of another portal. A city of 100,000
/// loses some twenty cards a day, so that two hundred are open at a time.
pub(crate) fn told_max(people: usize) -> (u32, usize) {
    let of_hour = u32::try_from(people / 1_000).unwrap_or(u32::MAX);
    (of_hour.max(TOLD_OF_HOUR_LEAST), (people / 50).max(TOLD_LEAST))
}

/// Suspends a certificate of whoever a portal saw, on its word: at once. Officers sign, or use
/// their letter: a portal takes nobody away who could undo what it does.
pub(crate) fn suspend(
    round: &mut Round<'_>,
    caller: &Caller,
    holder: &Officer,
    wanted: &OwnSuspension,
) -> Result<SignedReceipt, IssuerError> {
    round.admit(caller)?;
    let (portal, _) = round.authority().portal_of(&caller.key_sha256).ok_or(Code::PortalUnknown)?;
    let portal = portal.to_owned();
    let told = format!("portal:{portal}");
    let named = Serial::read(&wanted.serial).ok_or(Code::NotFound)?;
    let serial = named.to_string();
    let held = round.authority().held(&serial).ok_or(Code::NotFound)?;
    let (of, not_after) = (held.person, held.not_after);
    let (person, is_staff) = (of.to_string(), round.authority().is_of_staff(held));
    let theirs = holder.0.subject().person() == Some(&person);
    let theirs = theirs && round.authority().is_issued_by_us(&holder.0);
    // What was said longer ago is no answer, nor what an order is on its way to release.
    let known = round.authority().suspended_by(&named, SuspensionSource::Portal, &of).cloned();
    let stays = |known: &&SuspendedCertificate| {
        known.is_said_now(round.now()) && !round.authority().is_being_released(&known.name)
    };
    if let Some(known) = known.as_ref().filter(stays).filter(|_| theirs) {
        let notice = already(round, (told, serial), known)?;
        return receipt(round, &notice).map(|(receipt, ..)| receipt);
    }
    match round.authority().holder(&holder.0, round.now()) {
        Ok(shown) if shown == person => {}
        // What others suspended can be released by others: the holder's word counts beside it.
        Err(Code::CertificateSuspended) if theirs => {}
        Ok(_) => return Err(Code::ApproverScope.into()),
        Err(code) => return Err(code.into()),
    }
    if round.authority().is_ended(&serial) {
        return Err(Code::NothingToSuspend.into());
    }
    if is_staff {
        return Err(Code::SignatureNeeded.into());
    }
    if !is_new(round, (&portal, &serial), known.as_ref())?
        && let Some(known) = &known
    {
        let notice = already(round, (told, serial), known)?;
        return receipt(round, &notice).map(|(receipt, ..)| receipt);
    }
    let notice = SuspensionNotice {
        v: 1,
        founding: round.context.founding.into(),
        told,
        person,
        serials: vec![serial.clone()],
        reason: wanted.reason.clone(),
        nonce: round.random::<16>()?.into(),
        statement: None,
        time: records::time::seconds(round.now()),
    };
    let (receipt, notice, signature) = receipt(round, &notice)?;
    let cause = SuspensionCause::Portal { notice, signature };
    // A reason that nobody knows is found here.
    round.authority().suspension(&cause)?;
    let certificates = vec![RevokedSerial { serial, not_after: records::time::seconds(not_after) }];
    let reason = wanted.reason.clone();
    round.record(Event::Suspended { certificates, reason, cause }, Vec::new())?;
    Ok(receipt)
}

/// Whether it is recorded, or what stands is the answer. Who says again what stands takes no place
/// of those who say it first, and few of those for saying it again: then that is the answer, unless
/// an order is on its way to release it.
fn is_new(
    round: &mut Round<'_>,
    (portal, serial): (&str, &str),
    known: Option<&SuspendedCertificate>,
) -> Result<bool, Code> {
    let (of_hour, open_max) = told_max(round.authority().person_count());
    let Some(known) = known else {
        return has_room(round, portal, (of_hour, open_max)).map(|()| true);
    };
    let own = round.state.allow(&format!("told-again-of:{serial}"), AGAIN_OF_HOUR_MAX, 1);
    match own.and_then(|()| round.state.allow(&format!("told-again:{portal}"), of_hour, 1)) {
        Ok(()) => Ok(true),
        Err(code) if round.authority().is_being_released(&known.name) => Err(code),
        Err(_) => Ok(false),
    }
}

/// Whether a portal may say so once more. That others say so too keeps nobody back.
pub(crate) fn has_room(
    round: &mut Round<'_>,
    portal: &str,
    (of_hour, open_max): (u32, usize),
) -> Result<(), Code> {
    let counted = round.state.allow(&format!("told:{portal}"), of_hour, 1);
    counted.map_err(|_| Code::WishesTooMany)?;
    let by_them = |one: &SuspendedCertificate| one.told_by.as_deref() == Some(portal);
    let open = round.authority().all_suspended().filter(|(_, one)| by_them(one)).count();
    if open < open_max { Ok(()) } else { Err(Code::WishesTooMany) }
}

/// What is said of a certificate that is suspended already: since when, by whom and why.
fn already(
    round: &mut Round<'_>,
    (told, serial): (String, String),
    known: &SuspendedCertificate,
) -> Result<SuspensionNotice, IssuerError> {
    Ok(SuspensionNotice {
        v: 1,
        founding: round.context.founding.into(),
        told,
        person: known.by.to_string(),
        serials: vec![serial],
        reason: known.reason.clone(),
        nonce: round.random::<16>()?.into(),
        statement: None,
        time: records::time::seconds(known.revoked.at),
    })
}

fn receipt(
    round: &Round<'_>,
    notice: &SuspensionNotice,
) -> Result<(SignedReceipt, Bytes, Bytes), IssuerError> {
    let context = round.context;
    let signed = notice.sign(&context.registry).map_err(anyhow::Error::from)?;
    let (bytes, signature) = signed;
    let chain = [&context.registry_certificate, &context.root_certificate];
    let receipt = SignedReceipt {
        receipt: bytes.clone(),
        signature: signature.clone(),
        chain: chain.map(|one| one.der().into()).to_vec(),
    };
    Ok((receipt, bytes, signature))
}

/// Suspends what was told as revoked and came into the tree without effect, since somebody had its
/// record come behind one that ended what it rests on: by the registry key, until two others look
/// at it, or it is revoked for its reason.
pub(crate) fn hold_undone(round: &mut Round<'_>) -> Result<(), IssuerError> {
    let first = round.state.undone.iter().take(LAPSES_MAX);
    let undone: Vec<(Serial, String)> =
        first.map(|(serial, reason)| (*serial, reason.clone())).collect();
    for (named, reason) in undone {
        round.state.undone.remove(&named);
        let serial = named.to_string();
        let Some(held) = round.authority().held(&serial) else { continue };
        let (of, not_after) = (held.person, held.not_after);
        let known = round.authority().suspended_by(&named, SuspensionSource::Portal, &of);
        if known.is_some() || round.authority().is_ended(&serial) {
            continue;
        }
        let notice = SuspensionNotice {
            v: 1,
            founding: round.context.founding.into(),
            told: format!("portal:{MAKER}"),
            person: of.to_string(),
            serials: vec![serial.clone()],
            reason: reason.clone(),
            nonce: round.random::<16>()?.into(),
            statement: None,
            time: records::time::seconds(round.now()),
        };
        let (_, notice, signature) = receipt(round, &notice)?;
        let cause = SuspensionCause::Portal { notice, signature };
        round.authority().suspension(&cause)?;
        let not_after = records::time::seconds(not_after);
        let certificates = vec![RevokedSerial { serial, not_after }];
        round.record(Event::Suspended { certificates, reason, cause }, Vec::new())?;
    }
    Ok(())
}

/// Drafts the order that releases a certificate; gives whose it is.
pub(crate) fn release(
    round: &mut Round<'_>,
    drafter: &str,
    serial: &str,
    evidence: String,
) -> Result<(NewOrder, String), IssuerError> {
    round.clock?;
    check_evidence(&evidence)?;
    let serial = Serial::read(serial).ok_or(Code::NotFound)?.to_string();
    let known = round.authority().suspended_as(&serial).ok_or(Code::StateConflict)?.clone();
    let held = round.authority().held(&serial).ok_or(Code::NotFound)?;
    let person = held.person.to_string();
    let (evidence, opens) = round.commitment(EVIDENCE_PATH, evidence)?;
    let body = Body::Release(ReleaseBody {
        person: person.clone(),
        serial,
        suspension: known.name.into(),
        by: known.by.to_string(),
        reason: known.reason,
        since: records::time::seconds(known.revoked.at),
        evidence,
    });
    let parts = OrderParts { disclosures: vec![opens], ..OrderParts::default() };
    Ok((make(round, drafter, &body, parts)?, person))
}

/// Suspensions that lapse in one round at most: however many are due, a round ends in its time, and
/// the next one goes on.
const LAPSES_MAX: usize = 256;

/// Revokes what nobody released in its time. While the clock is not believed nothing lapses; what
/// was recorded is not recorded again.
pub(crate) fn lapse(round: &mut Round<'_>) -> Result<(), IssuerError> {
    if round.clock.is_err() {
        return Ok(());
    }
    for name in round.authority().lapsed_suspensions(round.now()).into_iter().take(LAPSES_MAX) {
        let time = records::time::seconds(round.now());
        let said = LapseStatement { v: 1, suspension: name.into(), time };
        let statement = Bytes(records::json::write(&said)?);
        let signature = Label::Lapse.sign(&round.context.registry, &statement.0);
        let signature = Bytes(signature.map_err(anyhow::Error::from)?);
        super::execute::revoke(round, Cause::Lapsed { statement, signature }, Vec::new())?;
    }
    Ok(())
}
