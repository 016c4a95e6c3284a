//! Taking a request: challenge, profile and bind are judged, then the CA makes the order that
//! people approve. A wrong key locks nothing: the code has 128 bits, and whoever has the right one
//! is never kept out by those who have not.

use super::application::{self, Applicant, Origin};
use super::order::OrderParts;
use crate::challenge;
use crate::command::Caller;
use crate::error::IssuerError;
use crate::round::Round;
use crate::rows::{KeyBinding, SealedKeys};
use crate::verify::VerifiedSubmission;
use authority::LetterState;
use pki::profile::Holder;
use records::enrolment::{RequestSubmission, Stage};
use records::letter::bind;
use records::record::Event;
use records::{Bytes, Code};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Takes a submission; a challenge is used up whatever becomes of it.
pub(crate) fn submit(
    round: &mut Round<'_>,
    caller: &Caller,
    submission: &VerifiedSubmission,
) -> Result<Stage, IssuerError> {
    round.admit(caller)?;
    let message = submission.message();
    let letter = open_letter(round, submission.reference(), &message.key.0)?;
    check_open(round, submission.reference(), &letter)?;
    let authority = round.authority();
    let profile = authority.profile(&letter.profile).ok_or(Code::UnknownProfile)?.profile.clone();
    if profile.holder() == Holder::Staff && message.label != "cli" {
        return Err(Code::LabelNotAllowed.into());
    }
    use_challenge(round, submission.reference(), &message.challenge)?;
    if !profile.allows(submission.request().key()) {
        return Err(Code::KeyNotAllowed.into());
    }
    let sealed = round.loaded.sealed(submission.reference())?;
    let key = bind_key(round, submission.reference(), (&letter, &message.label), sealed)?;
    let expected = bind(&key, &message.challenge.0, &message.request.0);
    if !bool::from(expected.as_slice().ct_eq(&message.bind.0)) {
        return Err(Code::BindMismatch.into());
    }
    round.may_certify(submission.request().key(), &letter.person)?;
    round.clock?;
    apply(round, submission, &letter)
}

/// What stays of a submission that is refused: its challenge is used up.
pub(crate) fn refused(round: &mut Round<'_>, submission: &VerifiedSubmission) {
    let message = submission.message();
    let opened = open_letter(round, submission.reference(), &message.key.0).is_ok();
    if opened
        && challenge::holds(
            round.context,
            submission.reference(),
            &message.challenge.0,
            round.now(),
        )
    {
        let (sha256, now) = (Sha256::digest(&message.challenge.0).into(), round.now());
        round.state.use_challenge(sha256, now);
    }
}

/// The letter whose look-up key is shown.
fn open_letter(round: &Round<'_>, reference: &str, key: &[u8]) -> Result<LetterState, Code> {
    let letter = round.authority().letter(reference).ok_or(Code::WrongCode)?;
    if !bool::from(Sha256::digest(key).as_slice().ct_eq(&letter.lookup_sha256)) {
        return Err(Code::WrongCode);
    }
    round.authority().check_letter(reference)?;
    Ok(letter.clone())
}

/// The letter is in time and nothing was issued under it.
fn check_open(round: &Round<'_>, reference: &str, letter: &LetterState) -> Result<(), Code> {
    let authority = round.authority();
    if authority.intended_under(reference).is_some() || !letter.serials.is_empty() {
        return Err(Code::CodeUsed);
    }
    if authority.is_rejected(reference) {
        return Err(Code::OrderRejected);
    }
    if round.now() > letter.expires {
        return Err(Code::CodeExpired);
    }
    Ok(())
}

/// Uses a challenge up that was drawn for this reference, or for the certificate of this serial
/// number.
pub(crate) fn use_challenge(
    round: &mut Round<'_>,
    reference: &str,
    shown: &Bytes,
) -> Result<(), Code> {
    let sha256: [u8; 32] = Sha256::digest(&shown.0).into();
    let holds = challenge::holds(round.context, reference, &shown.0, round.now());
    if !holds || round.state.is_challenge_used(&sha256) {
        return Err(Code::ChallengeUsed);
    }
    let now = round.now();
    round.state.use_challenge(sha256, now);
    Ok(())
}

/// The bind key of a label, if its row really belongs to this letter.
pub(crate) fn bind_key(
    round: &Round<'_>,
    reference: &str,
    (letter, label): (&LetterState, &str),
    sealed: &SealedKeys,
) -> Result<zeroize::Zeroizing<[u8; 32]>, Code> {
    let (purpose, sealed) = match label {
        "page" => ("bind-page", &sealed.page),
        "cli" => ("bind-cli", &sealed.cli),
        _ => return Err(Code::Malformed),
    };
    let context = crate::seal::SealContext {
        founding: &round.context.founding,
        purpose,
        reference,
        person: &letter.person,
        profile: &letter.profile,
    };
    let opened = round.context.seal.open(sealed, &context).ok_or(Code::UnsignedAuthority)?;
    let key = <[u8; 32]>::try_from(opened.as_slice()).map_err(|_| Code::UnsignedAuthority)?;
    Ok(zeroize::Zeroizing::new(key))
}

fn apply(
    round: &mut Round<'_>,
    submission: &VerifiedSubmission,
    letter: &LetterState,
) -> Result<Stage, IssuerError> {
    let (message, reference) = (submission.message(), submission.reference().to_owned());
    let replaced = round.authority().open_order_under(&reference).map(|(digest, _)| digest);
    let RequestSubmission { bind, request, challenge, label, .. } = message;
    let parts = OrderParts {
        reference: Some(reference.clone()),
        binding: Some(KeyBinding {
            bind: bind.0.clone(),
            request: request.0.clone(),
            challenge: challenge.0.clone(),
        }),
        ..OrderParts::default()
    };
    let applicant = Applicant {
        person: &letter.person,
        profile: &letter.profile,
        key: submission.request().key(),
        label,
        origin: Origin::Letter(reference.clone()),
    };
    let drafter = format!("letter:{reference}");
    let made = application::apply(round, &drafter, applicant, (replaced, parts))?;
    let (committed, disclosure) = round.commitment("/request", request.to_string())?;
    let event = Event::Application {
        reference,
        order: made.digest.into(),
        label: label.clone(),
        challenge_sha256: Bytes::from(Sha256::digest(&challenge.0).as_slice()),
        request: committed,
    };
    round.record(event, vec![disclosure])?;
    Ok(application::stage(made))
}
