//! Making a letter: a code is drawn, its bind keys are sealed for exactly this reference, person
//! and profile, the letter is recorded under the registry key's signature. The code is kept nowhere
//! but on the sheet: to print again is to make another letter and void the first. Where the profile
//! says so, a part of it goes by short message, and what the sheet says asks for nothing alone.

use crate::error::IssuerError;
use crate::loaded::text;
use crate::round::{Effect, Round};
use crate::rows::{LetterRow, RowChange, SealedKeys};
use crate::seal::SealContext;
use authority::LetterState;
use ca_host::letter_print::letter_event;
use ca_host::operator::OperatorAnswer;
use pki::CertificateProfile;
use pki::profile::{Holder, LetterChannel};
use records::Code;
use records::draft::{Draft, DraftPlace};
use records::label::Label;
use records::letter::{EnrolmentCode, LETTER_SECONDS, Letter, LetterKeys, Sheet};
use records::message_code::MessageCode;
use records::record::{Event, VoidStatement};
use records::withdrawal::Withdrawal;
use sha2::{Digest, Sha256};

/// What the handler signed who wants a letter, and where it stands if they want many.
pub(crate) type DraftedBy<'a> = (&'a Draft, Option<&'a DraftPlace>);

/// Makes a letter for a person, as a handler signed for it or as an operator wants it.
pub(crate) fn letter(
    round: &mut Round<'_>,
    (person, profile): (&str, &str),
    draft: Option<DraftedBy<'_>>,
) -> Result<OperatorAnswer, IssuerError> {
    round.clock?;
    let name = addressee(round, person, profile)?;
    let of = round.authority().profile(profile).ok_or(Code::UnknownProfile)?.profile.clone();
    let label = if of.holder() == Holder::Staff { "cli" } else { "page" };
    let code = EnrolmentCode::new(round.random()?);
    let reference = round.id()?;
    let message = message_code(round, &of, &reference)?;
    let expires = round.now() + LETTER_SECONDS;
    let letter = Letter {
        v: 1,
        reference: reference.clone(),
        code: code.text(),
        name,
        person: person.to_owned(),
        profile: profile.to_owned(),
        label: label.to_owned(),
        expires: records::time::seconds(expires),
        channels: message.iter().flat_map(|_| of.letter_channels()).copied().collect(),
        sheet: sheet(round, person),
        trust: round.context.trust.clone(),
    };
    keep(round, &letter, (&code, message.as_ref(), expires), draft)?;
    if let Some(message) = message {
        round.after(Effect::MessageCode(reference.clone(), Box::new(message)));
    }
    let path = format!("issuer/letters/{reference}.json");
    let channels = letter.channels.clone();
    round.after(Effect::Letter(path.clone(), Box::new(letter)));
    let person = person.to_owned();
    Ok(OperatorAnswer { letter: path, person, reference, channels, ..Default::default() })
}

/// What goes by short message beside the sheet, where the profile says so. Without a gateway there
/// is nobody whom it could go to.
fn message_code(
    round: &mut Round<'_>,
    profile: &CertificateProfile,
    reference: &str,
) -> Result<Option<MessageCode>, IssuerError> {
    if !profile.letter_channels().contains(&LetterChannel::Sms) {
        return Ok(None);
    }
    if round.context.config.notices.webhook.is_none() {
        return Err(Code::MessageGateway.into());
    }
    let code = MessageCode::new(reference, round.random()?).map_err(|_| Code::Malformed)?;
    Ok(Some(code))
}

/// What the sheet says besides.
fn sheet(round: &Round<'_>, person: &str) -> Sheet {
    let (authority, config) = (round.authority(), &round.context.config.issuer);
    let mut units = Vec::new();
    // The nearest one helps: a county's own before the city's.
    let mut desk = None;
    let mut above = authority.person(person).map(|person| person.unit.clone());
    while let Some(id) = above {
        let Some(unit) = authority.unit(&id) else { break };
        units.insert(0, unit.name.clone());
        desk = desk.or_else(|| config.desks.get(&id).cloned());
        above = unit.parent.clone();
    }
    let portal = config.portal_web.as_ref().unwrap_or(&round.context.trust.portal_public);
    Sheet {
        made: records::time::seconds(round.now()),
        units,
        desk: desk.or_else(|| config.desk.clone()).unwrap_or_default(),
        portal: portal.clone(),
    }
}

/// Voids a letter, by whichever operator asks: a brake, felt by the next decision. One that is
/// voided already stays so, and nothing is recorded.
pub(crate) fn void(
    round: &mut Round<'_>,
    drafter: &str,
    reference: &str,
) -> Result<OperatorAnswer, IssuerError> {
    let person = unused(round, reference)?.person.to_string();
    if !round.authority().is_voided(reference) {
        record_void(round, drafter, (reference, ""), None)?;
    }
    Ok(OperatorAnswer { voided: reference.to_owned(), person, ..Default::default() })
}

/// Makes a letter for the person and profile of one that is voided with it. One that is voided
/// already has its replacement, or is to have none.
pub(crate) fn replace(
    round: &mut Round<'_>,
    drafter: &str,
    reference: &str,
) -> Result<OperatorAnswer, IssuerError> {
    let old = unused(round, reference)?;
    if round.authority().is_voided(reference) {
        return Err(Code::LetterVoided.into());
    }
    let made = letter(round, (&old.person.to_string(), &old.profile), None)?;
    record_void(round, drafter, (reference, &made.reference), None)?;
    Ok(OperatorAnswer { voided: reference.to_owned(), ..made })
}

/// A handler voids a letter that they had made, under their signature.
pub(crate) fn take_back(
    round: &mut Round<'_>,
    drafter: &str,
    reference: &str,
    withdrawal: &Withdrawal,
) -> Result<(), IssuerError> {
    unused(round, reference)?;
    match round.authority().is_voided(reference) {
        true => Ok(()),
        false => record_void(round, drafter, (reference, ""), Some(withdrawal)),
    }
}

/// A letter from which no certificate came or is coming: what came from one is revoked instead, and
/// the letter stays what its holder reports a loss with.
fn unused(round: &Round<'_>, reference: &str) -> Result<LetterState, Code> {
    let authority = round.authority();
    let letter = authority.letter(reference).ok_or(Code::WrongCode)?;
    if !letter.serials.is_empty() || authority.intended_under(reference).is_some() {
        return Err(Code::CodeUsed);
    }
    Ok(letter.clone())
}

fn record_void(
    round: &mut Round<'_>,
    drafter: &str,
    (reference, replacement): (&str, &str),
    withdrawal: Option<&Withdrawal>,
) -> Result<(), IssuerError> {
    let statement = records::json::write(&VoidStatement {
        v: 1,
        reference: reference.to_owned(),
        drafter: drafter.to_owned(),
        replacement: replacement.to_owned(),
        withdrawal: withdrawal.cloned().map(Box::new),
    })?;
    let signature = Label::Void.sign(&round.context.registry, &statement);
    let signature = signature.map_err(anyhow::Error::from)?;
    let (statement, signature) = (statement.into(), signature.into());
    round.record(Event::Voided { statement, signature }, Vec::new())?;
    Ok(())
}

/// The person's name, if a letter under this profile may be made for them.
fn addressee(round: &Round<'_>, person: &str, profile: &str) -> Result<String, Code> {
    let authority = round.authority();
    let holder = authority.profile(profile).ok_or(Code::UnknownProfile)?.profile.holder();
    let state = authority.person(person).ok_or(Code::PersonUnknown)?;
    if authority.has_left(person) {
        return Err(Code::PersonLeft);
    }
    let staff_role = state.roles.iter().any(|(role, _)| {
        authority.role_rules().role.get(role).is_some_and(|rule| rule.profile == profile)
    });
    match holder {
        Holder::Person => {}
        Holder::Staff if staff_role => {}
        Holder::Staff => return Err(Code::StateConflict),
        Holder::Service | Holder::System | Holder::Authority | Holder::Signer => {
            return Err(Code::UnknownProfile);
        }
    }
    text(round.loaded.person(person, state)?, "/name").ok_or(Code::UnsignedAuthority)
}

fn keep(
    round: &mut Round<'_>,
    letter: &Letter,
    (code, message, expires): (&EnrolmentCode, Option<&MessageCode>, u64),
    draft: Option<DraftedBy<'_>>,
) -> Result<(), IssuerError> {
    let context = round.context;
    let mut keys = LetterKeys::derive(&context.founding, &letter.reference, code);
    if let Some(message) = message {
        keys = keys.with_message(message);
    }
    let lookup = Sha256::digest(keys.lookup()).to_vec();
    let loss = Sha256::digest(keys.loss_value(&letter.reference)).to_vec();
    let suspend = Sha256::digest(keys.suspension_value(&letter.reference));
    let mut seal = |purpose, key: &[u8; 32]| {
        let of = SealContext {
            founding: &context.founding,
            purpose,
            reference: &letter.reference,
            person: &letter.person,
            profile: &letter.profile,
        };
        let nonce = round.random().map_err(anyhow::Error::from)?;
        context.seal.seal(key, &of, nonce)
    };
    let cli = seal("bind-cli", keys.bind_key("cli").ok_or(Code::Malformed)?)?;
    let page = match letter.label.as_str() {
        "page" => seal("bind-page", keys.bind_key("page").ok_or(Code::Malformed)?)?,
        _ => Vec::new(),
    };
    let digests = [lookup.as_slice(), &loss, &suspend];
    let event = letter_event(letter, digests, (draft, &context.registry))?;
    round.change(RowChange::Letter(Box::new(LetterRow {
        reference: letter.reference.clone(),
        person: letter.person.clone(),
        profile: letter.profile.clone(),
        label: letter.label.clone(),
        lookup_sha256: lookup,
        loss_sha256: loss,
        sealed: SealedKeys { page, cli },
        expires,
    })));
    round.record(event, Vec::new())?;
    Ok(())
}
