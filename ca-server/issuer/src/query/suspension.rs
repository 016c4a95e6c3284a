//! The suspension of a certificate, for whoever drafts its release: as authority holds it.

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::{person_of, readable};
use authority::Serial;
use ca_api::handler::SuspensionFacts;
use ca_store::names::names;
use pki::Certificate;
use records::Code;

/// What its release would name.
pub(crate) async fn suspension(
    issuer: &Issuer,
    shown: &Certificate,
    serial: &str,
) -> Result<SuspensionFacts, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let reader = person_of(authority, shown, now)?;
    if !authority.is_approver(&reader) && !authority.is_handler(&reader) {
        return Err(Code::NotYourRoute.into());
    }
    let serial = Serial::read(serial).ok_or(Code::NotFound)?.to_string();
    let person = authority.held(&serial).ok_or(Code::NotFound)?.person.to_string();
    readable(authority, &reader, &person, now)?;
    let known = authority.suspended_as(&serial).ok_or(Code::StateConflict)?;
    let by = known.by.to_string();
    let names = names(&mut tx, authority, vec![person.clone(), by.clone()]).await?;
    let named = |id: &String| names.get(id).unwrap_or(id).clone();
    Ok(SuspensionFacts {
        name: named(&person),
        suspension: known.name.into(),
        by_name: named(&by),
        reason: known.reason.clone(),
        since: records::time::seconds(known.revoked.at),
        person,
        by,
    })
}
