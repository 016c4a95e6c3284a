//! An order on its way to an officer who may approve it, with everything that must be shown: exact
//! bytes, signature, disclosures, the last certificate, how far it is.

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::person_of;
use crate::view::View;
use authority::OrderDigest;
use ca_store::certificates::by_digest;
use ca_store::order_title::names;
use ca_store::table::{order, person};
use pki::Certificate;
use records::export::{Look, OrderExport, OrderProgress};
use records::order::Body;
use records::{Code, SignedOrder};
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
    if !authority.is_approver(&person) {
        return Err(Code::NotYourRoute.into());
    }
    let id = records::letter::read_reference(order).ok_or(Code::OrderUnknown)?;
    let digest = order::digest_of(&mut tx, &id).await?.ok_or(Code::OrderUnknown)?;
    let (_, body) = authority.open(digest, now)?;
    authority.may_approve(&person, &body)?;
    let mut export = export(issuer, &view, &mut tx, (digest, &body)).await?;
    export.standing = Some(standing(&view, &mut tx, (digest, &body), (&person, now)).await?);
    Ok(export)
}

async fn export(
    issuer: &Issuer,
    view: &View,
    tx: &mut Tx,
    (digest, body): (OrderDigest, &Body),
) -> Result<OrderExport, IssuerError> {
    let bytes = view.authority().order_bytes(&digest.0).ok_or(Code::OrderUnknown)?;
    let (order, signature) = bytes;
    let mut extras = order::extras(tx, vec![digest]).await?;
    let disclosures = extras.remove(&digest).ok_or(Code::OrderUnknown)?.disclosures;
    body.check_disclosures(&disclosures).map_err(|_| Code::OrderIncomplete)?;
    let previous = match body {
        Body::Issue(issue) => match &issue.previous {
            Some(sha256) => {
                let known = by_digest(tx, &issue.person, sha256).await?;
                Some(known.ok_or(Code::OrderIncomplete)?)
            }
            None => None,
        },
        _ => None,
    };
    let context = &issuer.context;
    Ok(OrderExport {
        v: 1,
        signed: SignedOrder { order, signature, disclosures },
        registry: vec![
            context.registry_certificate.der().into(),
            context.root_certificate.der().into(),
        ],
        previous,
        names: names(tx, body).await?,
        standing: None,
    })
}

/// How far an open order is, for somebody who may approve it.
async fn standing(
    view: &View,
    tx: &mut Tx,
    (digest, body): (OrderDigest, &Body),
    (person, now): (&str, u64),
) -> Result<OrderProgress, IssuerError> {
    let authority = view.authority();
    let given = authority.given(digest, body, now);
    let names = person::names(tx, given.keys().cloned().collect()).await?;
    let name = |id: &String| names.get(id).unwrap_or(id).clone();
    Ok(OrderProgress {
        approvers: given.keys().map(name).collect(),
        needed: authority.needed(body),
        given: given.contains_key(person),
        browser: authority.has_room(body, &given)?,
        look: Look::from_name(&order::look_of(tx, &digest).await?),
    })
}
