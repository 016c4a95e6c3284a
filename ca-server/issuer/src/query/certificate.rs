//! One certificate for an officer or a handler: who approved it, what it opened, where its
//! revocation is in force.

use super::find::line;
use super::{recent_use, revocation_reach};
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::{is_within, person_of, readable};
use authority::{Authority, OrderDigest, Serial};
use ca_api::{ApprovedBatch, ApprovedBy, CertificateFacts};
use ca_store::names::names;
use ca_store::table::approval::{self, ConsumedRow};
use ca_store::table::certificate;
use pki::Certificate;
use records::{Bytes, Code};
use std::collections::HashMap;
use store::Tx;

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
    let read = Serial::read(serial).ok_or(Code::NotFound)?;
    let mut line = line(authority, &read).ok_or(Code::NotFound)?;
    let now = issuer.now();
    readable(authority, &officer, &line.person, now)?;
    let under = certificate::under(&mut tx, serial).await?.unwrap_or_default();
    let approvers = match under.as_slice().try_into() {
        Ok(digest) => approval::consumed_by(&mut tx, OrderDigest(digest)).await?,
        Err(_) => Vec::new(),
    };
    let approvers = named_approvers(&mut tx, authority, approvers).await?;
    let names = names(&mut tx, authority, vec![line.person.clone()]).await?;
    line.name = names.get(&line.person).unwrap_or(&line.person).clone();
    let agents = match line.revoked {
        Some(_) => revocation_reach::reach(authority, &mut tx, serial).await?,
        None => Vec::new(),
    };
    let opened = recent_use::lately(&mut tx, serial).await?;
    let revokes = is_within(authority, &officer, &line.person, now);
    let certificate = issued(authority, &mut tx, serial).await?;
    Ok(CertificateFacts { line, certificate, approvers, agents, opened, revokes })
}

/// The certificate, if its row has the bytes that were issued; of others nothing is shown.
async fn issued(authority: &Authority, tx: &mut Tx, serial: &str) -> Result<Bytes, IssuerError> {
    let found = certificate::by_serial(tx, serial).await?;
    let read = found.and_then(|(der, _)| Certificate::read(&der).ok());
    let held = authority.held(serial).and_then(|held| held.sha256);
    let same = read.filter(|one| held == Some(one.sha256()));
    Ok(same.map(|one| one.der().into()).unwrap_or_default())
}

/// Those who approved, and whom they acted for, with their names.
pub(super) async fn named_approvers(
    tx: &mut Tx,
    authority: &Authority,
    approvers: Vec<ConsumedRow>,
) -> Result<Vec<ApprovedBy>, IssuerError> {
    let ids = approvers.iter().flat_map(|one| [Some(&one.person), one.acting_for.as_ref()]);
    let names = names(tx, authority, ids.flatten().cloned().collect()).await?;
    Ok(approvers.into_iter().map(|one| approved_by(one, &names)).collect())
}

/// As what somebody approved, with names.
fn approved_by(row: ConsumedRow, names: &HashMap<String, String>) -> ApprovedBy {
    let name = |id: &String| names.get(id).unwrap_or(id).clone();
    let batch = row.batch.map(|(order, rows, opened)| ApprovedBatch { order, rows, opened });
    let acting_for = row.acting_for.map(|absent| (name(&absent), absent));
    ApprovedBy { name: name(&row.person), person: row.person, acting_for, batch }
}
