//! An order on its way to an officer who may approve or decline it, with everything that must be
//! shown: exact bytes, signature, disclosures, the last certificate, how far it is.

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::person_of;
use crate::query::look::look;
use crate::query::names::names;
use crate::view::View;
use authority::{Authority, Capacity, OrderDigest, PersonId};
use ca_store::certificates::by_digest;
use ca_store::table::order::{self, SignedRow};
use pki::Certificate;
use records::export::{Look, OrderExport, OrderProgress, RowExport};
use records::order::{Body, IssueBody, Order};
use records::record::File;
use records::{Bytes, Code, SignedOrder};
use store::Tx;

/// The order.
pub(crate) async fn fetch(
    issuer: &Issuer,
    certificate: &Certificate,
    order: &str,
) -> Result<OrderExport, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let now = issuer.now();
    let authority = view.authority();
    let person = person_of(authority, certificate, now)?;
    // Whoever drafted an order sees it; whoever may decide about some sees those.
    if !authority.is_approver(&person) && !authority.is_handler(&person) {
        return Err(Code::NotYourRoute.into());
    }
    let id = records::letter::read_reference(order).ok_or(Code::OrderUnknown)?;
    let digest = order::digest_of(&mut tx, &id).await?.ok_or(Code::OrderUnknown)?;
    let (order, body) = authority.open(digest, now)?;
    if order.drafter != format!("person:{person}") {
        authority.may_approve(&person, &body, now)?;
    }
    let mut export = export(issuer, &view, &mut tx, (digest, &order, &body)).await?;
    let standing = standing(&view, &mut tx, (digest, &order, &body), (&person, now)).await?;
    if standing.look == Some(Look::Moved) {
        // It can still be declined; what is in force is not what it was made for.
        export.files_before.clear();
    }
    export.standing = Some(standing);
    Ok(export)
}

async fn export(
    issuer: &Issuer,
    view: &View,
    tx: &mut Tx,
    (digest, read, body): (OrderDigest, &Order, &Body),
) -> Result<OrderExport, IssuerError> {
    let bytes = view.authority().order_bytes(&digest.0).ok_or(Code::OrderUnknown)?;
    let (order, signature) = bytes;
    let mut extras = order::extras(tx, vec![digest]).await?;
    let extras = extras.remove(&digest).ok_or(Code::OrderUnknown)?;
    let disclosures = extras.disclosures;
    read.check_disclosures(&disclosures).map_err(|_| Code::OrderIncomplete)?;
    let (mut previous, mut renewed) = (None, None);
    if let Body::Issue(issue) = body {
        let renewal = issue.renewal.as_ref().map(|renewal| &renewal.certificate);
        previous = certificate_named(tx, issue, issue.previous.as_ref()).await?;
        renewed = certificate_named(tx, issue, renewal).await?;
    }
    let context = &issuer.context;
    Ok(OrderExport {
        v: 1,
        signed: SignedOrder { order, signature, disclosures },
        registry: vec![
            context.registry_certificate.der().into(),
            context.root_certificate.der().into(),
        ],
        previous,
        renewed,
        files: extras.files,
        files_before: files_before(view.authority(), body),
        rows: rows(tx, body).await?,
        standing: None,
    })
}

/// Every order of a batch, open or not: what is signed covers all of them.
async fn rows(tx: &mut Tx, body: &Body) -> Result<Vec<RowExport>, IssuerError> {
    let Body::Batch(batch) = body else { return Ok(Vec::new()) };
    let digests: Vec<OrderDigest> =
        batch.rows.iter().filter_map(|row| row.digest().map(OrderDigest)).collect();
    let mut found = order::signed(tx, digests.clone()).await?;
    let mut rows = Vec::with_capacity(digests.len());
    for digest in digests {
        let SignedRow { signed, look, .. } = found.remove(&digest).ok_or(Code::OrderIncomplete)?;
        let body = Order::read(&signed.order.0).ok().and_then(|read| read.body().ok());
        let (mut previous, mut renewed) = (None, None);
        if let Some(Body::Issue(issue)) = &body {
            let renewal = issue.renewal.as_ref().map(|renewal| &renewal.certificate);
            previous = certificate_named(tx, issue, issue.previous.as_ref()).await?;
            renewed = certificate_named(tx, issue, renewal).await?;
        }
        rows.push(RowExport { signed, previous, renewed, look: Look::from_name(&look) });
    }
    Ok(rows)
}

/// A certificate of the person for whom one is to be issued, where the order names it.
async fn certificate_named(
    tx: &mut Tx,
    issue: &IssueBody,
    named: Option<&Bytes>,
) -> Result<Option<Bytes>, IssuerError> {
    let Some(sha256) = named else { return Ok(None) };
    let known = by_digest(tx, &issue.person, sha256).await?;
    Ok(Some(known.ok_or(Code::OrderIncomplete)?))
}

/// The files that are in force before an order, where it names files.
fn files_before(authority: &Authority, body: &Body) -> Vec<File> {
    let file = |name: String, content: &str| vec![File { name, content: content.to_owned() }];
    match body {
        Body::Profile(body) => {
            let id = &body.profile.id;
            let known = authority.profile(id);
            known.map_or_else(Vec::new, |known| file(format!("profiles/{id}.toml"), &known.content))
        }
        Body::ApprovalRules(_) => file("approvals.toml".into(), authority.approval_rules_file()),
        Body::Bundle(_) => authority.bundle().files.clone(),
        _ => Vec::new(),
    }
}

/// How far an open order is, for somebody who may approve it.
async fn standing(
    view: &View,
    tx: &mut Tx,
    (digest, order, body): (OrderDigest, &Order, &Body),
    (person, now): (&str, u64),
) -> Result<OrderProgress, IssuerError> {
    let authority = view.authority();
    let given = authority.given(digest, now);
    let counting = authority.counting(digest, now);
    let ids = counting.iter().flat_map(|(one, _)| [Some(one.person), one.acting_for]);
    let ids = ids.flatten().map(|id| id.to_string()).collect();
    let names = names(tx, authority, ids).await?;
    let name = |id: &PersonId| names.get(&**id).cloned().unwrap_or_else(|| id.to_string());
    let approver = |(one, _): &(Capacity, bool)| match one.acting_for {
        Some(absent) => format!("{}（代/for {}）", name(&one.person), name(&absent)),
        None => name(&one.person),
    };
    Ok(OrderProgress {
        approvers: counting.iter().map(approver).collect(),
        needed: authority.needed(body),
        given: given.contains_key(person),
        browser: authority.has_room(body, &given)?,
        sample: authority.sample_size(body),
        look: look(authority, (order, body), &ca_store::table::order::look_of(tx, &digest).await?),
    })
}
