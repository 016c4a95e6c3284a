//! One certificate for an officer or a handler: who approved it, what it opened, where its
//! revocation is in force.

use super::find::{line, line_of_system};
use super::{recent_use, revocation_reach, system};
use crate::approvers;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::{CertificateHolder, Reader, is_within, person_of, readable};
use authority::{Authority, OrderDigest, PersonCertificate, Serial};
use ca_api::{ApprovedBatch, ApprovedBy, CertificateFacts, CertificateLine};
use ca_store::names::names;
use ca_store::proven_log::ProvenLog;
use ca_store::table::approval::{self, ConsumedRow};
use ca_store::table::{certificate, order};
use pki::Certificate;
use records::order::Body;
use records::{Bytes, Code};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use store::Tx;

/// Asks for the facts of a certificate, whose holder has to be within the officer's scope.
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
    let now = issuer.now();
    if authority.system_certificate(serial).is_some() {
        return of_system(issuer, &mut tx, (authority, &officer, now), read).await;
    }
    let mut line = line(authority, &read).ok_or(Code::NotFound)?;
    readable(authority, &officer, &line.person, now)?;
    let held = authority.held(serial).ok_or(Code::NotFound)?;
    let approvers = match order_of(&mut tx, (serial, held)).await? {
        Some(order) => approvers_of(issuer, &mut tx, (authority, order)).await?,
        None => Vec::new(),
    };
    let names = names(&mut tx, authority, vec![line.person.clone()]).await?;
    line.name = names.get(&line.person).unwrap_or(&line.person).clone();
    let (agents, opened) = felt(issuer, &mut tx, (authority, &line)).await?;
    let revokes = is_within(authority, &officer, &line.person, now);
    let certificate = issued(&mut tx, (serial, held)).await?;
    let founding = is_first(authority, held);
    Ok(CertificateFacts { line, certificate, approvers, founding, agents, opened, revokes })
}

/// A certificate of a system. Nobody approved it by itself: those are told who approved the order
/// under which its account was opened.
async fn of_system(
    issuer: &Issuer,
    tx: &mut Tx,
    (authority, officer, now): (&Authority, &str, u64),
    serial: Serial,
) -> Result<CertificateFacts, IssuerError> {
    let line = line_of_system(authority, &serial).ok_or(Code::NotFound)?;
    let holder = CertificateHolder::of(authority, &line.serial).ok_or(Code::NotFound)?;
    let reader = Reader { person: officer.to_owned(), is_staff: true };
    if !holder.is_readable_by(authority, &reader, now) {
        return Err(Code::ApproverScope.into());
    }
    let own = authority.system_certificate(&line.serial).ok_or(Code::NotFound)?;
    let account = own.account.and_then(|id| authority.account(&id));
    let order = account.and_then(|account| account.order.digest()).map(OrderDigest);
    let approvers = match order {
        Some(order) => approvers_of(issuer, tx, (authority, order)).await?,
        None => Vec::new(),
    };
    let (agents, opened) = felt(issuer, tx, (authority, &line)).await?;
    let issued = system::issued(authority, tx, vec![line.serial.clone()]).await?;
    let certificate = issued.get(&line.serial);
    Ok(CertificateFacts {
        certificate: certificate.map(|one| one.der().into()).unwrap_or_default(),
        revokes: holder.is_within(authority, officer, now),
        founding: false,
        line,
        approvers,
        agents,
        opened,
    })
}

/// At which gates a revocation is in force, and what the certificate opened lately.
async fn felt(
    issuer: &Issuer,
    tx: &mut Tx,
    (authority, line): (&Authority, &CertificateLine),
) -> Result<(Vec<(String, bool)>, Vec<(String, String)>), IssuerError> {
    let mut access = ProvenLog::open(tx, &issuer.context.trust, "access").await?;
    let agents = match line.revoked {
        Some(_) => {
            let public = issuer.context.config.path("public");
            let log = (&mut access, &mut *tx);
            revocation_reach::reach(authority, log, (&line.serial, public.as_path())).await?
        }
        None => Vec::new(),
    };
    let opened = recent_use::lately((&mut access, tx), &line.serial).await?;
    Ok((agents, opened))
}

/// The certificate, if its row has the bytes that were issued; of others nothing is shown.
async fn issued(
    tx: &mut Tx,
    (serial, held): (&str, &PersonCertificate),
) -> Result<Bytes, IssuerError> {
    let found = certificate::by_serial(tx, serial).await?;
    let read = found.and_then(|(der, _)| Certificate::read(&der).ok());
    let same = read.filter(|one| held.sha256 == Some(one.sha256()));
    Ok(same.map(|one| one.der().into()).unwrap_or_default())
}

/// The order that it was issued under, as its row says, if that order certifies just this key, for
/// this person by this profile.
async fn order_of(
    tx: &mut Tx,
    (serial, held): (&str, &PersonCertificate),
) -> Result<Option<OrderDigest>, IssuerError> {
    let under = certificate::under(tx, serial).await?;
    let Some(digest) = under.and_then(|under| <[u8; 32]>::try_from(under).ok()) else {
        return Ok(None);
    };
    let digest = OrderDigest(digest);
    let orders = order::read_of(tx, vec![digest]).await?;
    let issues = match orders.get(&digest) {
        Some((_, Body::Issue(issue))) => {
            let same = held.person == issue.person && *held.profile == *issue.profile.id;
            same && held.key_sha256 == <[u8; 32]>::from(Sha256::digest(&issue.key.0))
        }
        _ => false,
    };
    Ok(issues.then_some(digest))
}

/// Whether it is one of the founding, which nobody approved.
fn is_first(authority: &Authority, held: &PersonCertificate) -> bool {
    let mut first = authority.founding().people.iter();
    first.any(|one| {
        let key = <[u8; 32]>::from(Sha256::digest(&one.key.0));
        held.person == one.person && held.key_sha256 == key
    })
}

/// Those whose approvals carried an order, and whom they acted for, with their names. Of rows that
/// were not written so nothing is told.
pub(super) async fn approvers_of(
    issuer: &Issuer,
    tx: &mut Tx,
    (authority, order): (&Authority, OrderDigest),
) -> Result<Vec<ApprovedBy>, IssuerError> {
    let rows = approval::consumed_by(tx, order).await?;
    let context = &issuer.context;
    let approvers = approvers::opened((&context.seal, &context.founding), order, rows);
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
