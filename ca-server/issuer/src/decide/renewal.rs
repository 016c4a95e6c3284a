//! Renewing a person's certificate: its key signed for the new one, and what is to be issued is
//! what holds today. The order is carried out by that signature alone, unless there is something
//! that officers have to look at.

use super::application::{Applicant, Origin, apply, stage};
use super::order::OrderParts;
use super::submit::use_challenge;
use crate::command::Caller;
use crate::error::IssuerError;
use crate::round::Round;
use crate::verify::VerifiedRenewal;
use authority::{Authority, Serial};
use pki::PublicKey;
use pki::profile::Holder;
use records::Code;
use records::enrolment::Stage;
use records::order::{Body, Renewal};

/// Takes a renewal. The same key again, from who did not hear the answer, is the same renewal.
pub(crate) fn renewal(
    round: &mut Round<'_>,
    caller: &Caller,
    asked: &VerifiedRenewal,
) -> Result<Stage, IssuerError> {
    round.admit(caller)?;
    let (serial, key) = (asked.serial(), asked.key());
    if let Some(stage) = standing(round.authority(), (&serial, key), round.now()) {
        return Ok(stage);
    }
    let now = round.now();
    let held = round.authority().holds_to_renew(&serial)?.0.clone();
    if held.sha256 != Some(asked.certificate().sha256()) {
        return Err(Code::CertificateForeign.into());
    }
    round.clock?;
    round.authority().may_renew(&serial, now)?;
    let message = asked.message();
    use_challenge(round, &serial.to_string(), &message.challenge)?;
    let authority = round.authority();
    let profile = authority.profile(&held.profile).ok_or(Code::UnknownProfile)?.profile.clone();
    if profile.holder() == Holder::Staff && message.label != "cli" {
        return Err(Code::LabelNotAllowed.into());
    }
    if !profile.allows(key) {
        return Err(Code::KeyNotAllowed.into());
    }
    round.may_certify(key, &held.person)?;
    if authority.was_certified(key) {
        return Err(Code::KeyUsed.into());
    }
    let renewal = Renewal {
        serial: serial.to_string(),
        certificate: asked.certificate().sha256().into(),
        challenge: message.challenge.clone(),
        request: message.request.clone(),
        asked_by: asked.certificate().key().spki().into(),
        signature: message.signature.clone(),
        time: records::time::seconds(now),
        review: authority.review(&held, now)?,
    };
    let replaced = authority.open_renewal_of(&serial).map(|(digest, _)| digest);
    let person = held.person.to_string();
    let applicant = Applicant {
        person: &person,
        profile: &held.profile,
        key,
        label: &message.label,
        origin: Origin::Renewal(Box::new(renewal)),
    };
    let drafter = format!("person:{person}");
    let made = apply(round, &drafter, applicant, (replaced, OrderParts::default()))?;
    Ok(stage(made))
}

/// Where the renewal of a certificate with this key stands, if it was taken and goes on.
pub(crate) fn standing(
    authority: &Authority,
    (serial, key): (&Serial, &PublicKey),
    now: u64,
) -> Option<Stage> {
    if let Some(by) = authority.renewed_by(serial) {
        let text = by.to_string();
        let held = authority.held(&text);
        let same = match held {
            Some(held) => held.key_sha256 == key.sha256(),
            // Its intent is recorded, and its order not closed yet.
            None => ordered_key(authority, serial, now).is_some_and(|spki| spki == key.spki()),
        };
        let stands = same && !authority.is_revoked(&text);
        return stands.then_some(Stage::Issued { serial: text });
    }
    let (digest, open) = authority.open_renewal_of(serial)?;
    let Body::Issue(issue) = &*open.body else { return None };
    // What the order rests on may have become another: then it is asked for anew.
    let rests =
        authority.fits(&open.body).is_ok() && authority.still_rests(&open.read, &open.body).is_ok();
    if issue.key.0 != key.spki() || !rests || now > open.expires {
        return None;
    }
    let given = authority.given(digest, now).len();
    Some(Stage::Awaiting {
        order: open.read.order.clone(),
        approvals: u32::try_from(given).ok()?,
        needed: authority.needed(&open.body),
        expires: open.read.expires.clone(),
    })
}

/// The key in the newest order to renew a certificate, while it is known.
fn ordered_key(authority: &Authority, serial: &Serial, now: u64) -> Option<Vec<u8>> {
    let (digest, _) = authority.renewal_of(serial, now)?;
    let open = authority.open_order(&digest.0)?;
    match &*open.body {
        Body::Issue(issue) => Some(issue.key.0.clone()),
        _ => None,
    }
}
