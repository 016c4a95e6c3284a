//! Making a letter: a code is drawn, its bind keys are sealed for exactly this reference, person
//! and profile, the letter is recorded under the registry key's signature.

use crate::error::IssuerError;
use crate::loaded::text;
use crate::round::{Effect, Round};
use crate::rows::{LetterRow, RowChange, SealedKeys};
use crate::seal::SealContext;
use ca_host::letter_print::letter_event;
use pki::profile::Holder;
use records::Code;
use records::letter::{EnrolmentCode, LETTER_SECONDS, Letter, LetterKeys};
use sha2::{Digest, Sha256};

/// Makes a letter for a person; gives the path of its file below the state directory.
pub(crate) fn letter(
    round: &mut Round<'_>,
    person: &str,
    profile: &str,
) -> Result<String, IssuerError> {
    round.clock?;
    let name = addressee(round, person, profile)?;
    let state = round.authority().profile(profile).ok_or(Code::UnknownProfile)?;
    let label = if state.profile.holder() == Holder::Staff { "cli" } else { "page" };
    let code = EnrolmentCode::new(round.random()?);
    let reference = round.id()?;
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
        trust: round.context.trust.clone(),
    };
    keep(round, &letter, &code, expires)?;
    let path = format!("issuer/letters/{reference}.json");
    round.after(Effect::Letter(path.clone(), Box::new(letter)));
    Ok(path)
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
        Holder::Service | Holder::Authority | Holder::Signer => return Err(Code::UnknownProfile),
    }
    text(round.loaded.person(person, state)?, "/name").ok_or(Code::UnsignedAuthority)
}

fn keep(
    round: &mut Round<'_>,
    letter: &Letter,
    code: &EnrolmentCode,
    expires: u64,
) -> Result<(), IssuerError> {
    let context = round.context;
    let keys = LetterKeys::derive(&context.founding, &letter.reference, code);
    let lookup = Sha256::digest(keys.lookup()).to_vec();
    let loss = Sha256::digest(keys.loss_value(&letter.reference)).to_vec();
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
    let event = letter_event(letter, &lookup, &loss, &context.registry)?;
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
