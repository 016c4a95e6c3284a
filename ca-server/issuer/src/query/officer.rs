//! Whose certificate a portal saw: an officer's, or anybody's; and what of others is their
//! business.

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::loaded::{opening, text};
use crate::officer::person_of;
use crate::query::place::role_line;
use authority::{Authority, ProfileState};
use ca_api::OwnPasskey;
use ca_store::table::person;
use pki::Certificate;
use pki::profile::Holder;
use records::{Code, DisplayName};
use store::Tx;

/// Who an officer is.
pub(crate) async fn who(
    issuer: &Issuer,
    certificate: &Certificate,
) -> Result<ca_api::Officer, IssuerError> {
    let (view, tx) = issuer.current().await?;
    let person = person_of(view.authority(), certificate, issuer.now())?;
    described(tx, view.authority(), &person, true).await
}

/// Who the holder of any certificate of ours is.
pub(crate) async fn holder(
    issuer: &Issuer,
    certificate: &Certificate,
) -> Result<ca_api::Officer, IssuerError> {
    let (view, tx) = issuer.current().await?;
    let person = view.authority().holder(certificate, issuer.now())?;
    let staff = person_of(view.authority(), certificate, issuer.now()).is_ok();
    described(tx, view.authority(), &person, staff).await
}

async fn described(
    mut tx: Tx,
    authority: &Authority,
    person: &str,
    staff: bool,
) -> Result<ca_api::Officer, IssuerError> {
    let state = authority.person(person).ok_or(Code::PersonUnknown)?;
    let known = person::disclosures(&mut tx, vec![person.to_owned()]).await?;
    let opened = known.get(person).and_then(|list| opening(state, list));
    let name = opened.and_then(|list| text(list, "/name")).unwrap_or_else(String::new);
    let roles = state.roles.iter().map(|(role, scope)| role_line(authority, *role, scope));
    let roles = roles.collect();
    let approves = staff && authority.is_approver(person);
    let files = if staff { authority.bundle().files.as_slice() } else { &[] };
    Ok(ca_api::Officer {
        person: person.to_owned(),
        name,
        roles,
        staff,
        approves,
        profiles: profiles(authority),
        applications: DisplayName::of_applications(files),
    })
}

/// What the profiles are called that people and systems hold.
fn profiles(authority: &Authority) -> Vec<DisplayName> {
    let name = |(id, state): (&str, &ProfileState)| {
        let holder = state.profile.holder();
        let is_told = matches!(holder, Holder::Person | Holder::Staff | Holder::System);
        is_told.then(|| authority.profile_called(id))
    };
    authority.profiles().filter_map(name).filter(DisplayName::is_readable).collect()
}

/// An officer's own certified passkeys.
pub(crate) async fn passkeys(
    issuer: &Issuer,
    certificate: &Certificate,
) -> Result<Vec<OwnPasskey>, IssuerError> {
    let (view, _) = issuer.current().await?;
    let person = person_of(view.authority(), certificate, issuer.now())?;
    let shown = certificate.sha256();
    let passkeys = view.authority().passkeys_of(&person).map(|passkey| OwnPasskey {
        credential: passkey.statement.credential.clone(),
        software: passkey.statement.software,
        usable: passkey.statement.certificate.0 == shown.as_slice(),
    });
    Ok(passkeys.collect())
}
