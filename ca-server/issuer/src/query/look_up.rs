//! Opens a person's own record, draws a challenge, says where the matter stands.

use super::stage::stage;
use crate::challenge;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::loaded::{opening, text};
use crate::view::View;
use authority::LetterState;
use ca_host::random;
use ca_store::table::person;
use pki::profile::Holder;
use records::enrolment::{LetterLookUp, LookUpAnswer};
use records::{Bytes, Code};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A letter whose look-up key was shown.
pub(crate) struct OpenedLetter {
    /// Reference, as it is spelled.
    pub(crate) reference: String,
    /// As the log knows it.
    pub(crate) state: LetterState,
}

/// Opens a letter by its look-up key; wrong ones close nothing.
pub(crate) fn open(
    view: &View,
    (reference, key): (&str, &Bytes),
) -> Result<OpenedLetter, IssuerError> {
    let reference = records::letter::read_reference(reference).ok_or(Code::WrongCode)?;
    let state = view.authority().letter(&reference).cloned().ok_or(Code::WrongCode)?;
    if !bool::from(Sha256::digest(&key.0).as_slice().ct_eq(&state.lookup_sha256)) {
        return Err(Code::WrongCode.into());
    }
    view.authority().check_letter(&reference)?;
    Ok(OpenedLetter { reference, state })
}

/// Refuses a key that does not open the letter that it is shown for, as far as all is known that
/// was committed. Where it is not, the question has its turn.
pub(crate) async fn refuse_wrong(
    issuer: &Issuer,
    shown: (&str, &Bytes),
) -> Result<(), IssuerError> {
    let Some(view) = issuer.view_now() else { return Ok(()) };
    let Err(refused) = open(&view, shown) else { return Ok(()) };
    let mut tx = issuer.store.read_for_strangers().await?;
    match view.state().holds_all(&mut tx).await? {
        true => Err(refused),
        false => Ok(()),
    }
}

/// The record with a fresh challenge.
pub(crate) async fn look_up(
    issuer: &Issuer,
    message: &LetterLookUp,
) -> Result<LookUpAnswer, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let letter = open(&view, (&message.reference, &message.key))?;
    let (authority, now) = (view.authority(), issuer.now());
    let profile = authority.profile(&letter.state.profile).ok_or(Code::UnknownProfile)?;
    let id = letter.state.person.to_string();
    let person = authority.person(&id).ok_or(Code::PersonUnknown)?;
    let known = person::disclosures(&mut tx, vec![id.clone()]).await?;
    let opened = known.get(&id).and_then(|list| opening(person, list));
    let name = opened.and_then(|list| text(list, "/name")).ok_or(Code::UnsignedAuthority)?;
    let unit = |id: &&str| authority.unit(id).map(|unit| unit.name.clone());
    let staff = profile.profile.holder() == Holder::Staff;
    let challenge = challenge::draw(&issuer.context, &letter.reference, random::bytes()?, now);
    Ok(LookUpAnswer {
        name,
        person: id,
        units: authority.above(&person.unit).iter().rev().filter_map(unit).collect(),
        profile: authority.profile_called(&letter.state.profile),
        keys: profile.profile.keys().to_vec(),
        label: if staff { "cli" } else { "page" }.to_owned(),
        by_message: letter.state.by_message,
        validity_days: profile.profile.validity_days(),
        challenge: Bytes::from(challenge),
        stage: stage(issuer, &view, &mut tx, &letter, now).await?,
    })
}
