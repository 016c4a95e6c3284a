//! One certificate for an officer or a handler: who approved it, what it opened, where its
//! revocation is in force.

use super::find::line;
use super::names::names;
use super::{recent_use, revocation_reach};
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::{is_within, person_of, readable};
use ca_api::CertificateFacts;
use ca_store::table::{approval, certificate};
use pki::{Certificate, SerialNumber};
use records::{Bytes, Code};

/// The facts.
pub(crate) async fn certificate(
    issuer: &Issuer,
    shown: &Certificate,
    serial: &str,
) -> Result<CertificateFacts, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let authority = view.authority();
    let officer = person_of(authority, shown, issuer.now())?;
    if !authority.is_approver(&officer) && !authority.is_handler(&officer) {
        return Err(Code::NotYourRoute.into());
    }
    SerialNumber::from_hex(serial).ok_or(Code::NotFound)?;
    let row = certificate::found(&mut tx, serial).await?.ok_or(Code::NotFound)?;
    let now = issuer.now();
    readable(authority, &officer, &row.1, now)?;
    let mut line = line(authority, row)?;
    let found = certificate::issued_under(&mut tx, serial).await?.ok_or(Code::NotFound)?;
    let approvers = approval::consumed_by(&mut tx, found.1).await?;
    let ids = approvers.iter().map(|(_, id)| id).chain([&line.person]).cloned().collect();
    let names = names(&mut tx, authority, ids).await?;
    let name = |id: &String| names.get(id).unwrap_or(id).clone();
    line.name = name(&line.person);
    let approvers = approvers.into_iter().map(|(_, id)| (name(&id), id)).collect();
    let agents = match line.revoked {
        Some(_) => revocation_reach::reach(authority, &mut tx, serial).await?,
        None => Vec::new(),
    };
    let opened = recent_use::lately(&mut tx, serial).await?;
    let revokes = is_within(authority, &officer, &line.person, now);
    let certificate = Bytes(found.0);
    Ok(CertificateFacts { line, certificate, approvers, agents, opened, revokes })
}
