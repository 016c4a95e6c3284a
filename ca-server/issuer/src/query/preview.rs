//! A draft before it is signed: whether it could be made now, and the order that would be made, so
//! that its handler reads what approvers will read.

use crate::decide::draft::{check_beside, check_said};
use crate::decide::number::check_number;
use crate::decide::order::resting;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::loaded::Loaded;
use crate::officer::person_of;
use ca_api::handler::{Preview, PreviewRequest};
use ca_host::ISSUER;
use pki::Certificate;
use records::drafted::DraftContent;
use records::letter::reference;
use records::order::{Body, ORDER_SECONDS, Order, maker};
use records::{Bytes, Code, Disclosure};

/// The order, or why it would not be made.
pub(crate) async fn preview(
    issuer: &Issuer,
    certificate: &Certificate,
    wanted: PreviewRequest,
) -> Result<Preview, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let handler = person_of(authority, certificate, now)?;
    if !authority.is_handler(&handler) && !authority.is_approver(&handler) {
        return Err(Code::NotYourRoute.into());
    }
    let PreviewRequest { statement, disclosures, number_seal } = wanted;
    let drafted = DraftContent::of(&statement)?;
    authority.may_draft(&handler, &drafted)?;
    let body = match drafted {
        DraftContent::Person(body) => {
            check_said(&body, &disclosures)?;
            let known = (authority, &issuer.context.numbers);
            check_number(known, &handler, &body, number_seal.as_ref())?;
            Body::Person(body)
        }
        DraftContent::Letter(body) if authority.has_open_letter(&body.person, now) => {
            return Err(Code::LetterOpen.into());
        }
        DraftContent::Letter(_) => return Ok(Preview { order: None, disclosures: Vec::new() }),
        DraftContent::Release(body) => beside(Body::Release(body), (&disclosures, number_seal))?,
        DraftContent::Delegate(body) => beside(Body::Delegate(body), (&disclosures, number_seal))?,
        DraftContent::Revoke(_) => return Err(Code::UnknownKind.into()),
    };
    let drafter = format!("person:{handler}");
    let basis = authority.basis(&body, &drafter)?;
    let people = basis.people.into_iter().map(|one| one.person).collect();
    let loaded = Loaded::of_people(&mut tx, people).await?;
    let (basis, disclosures) = resting((authority, &loaded), (&body, &drafter), disclosures)?;
    let order = Order {
        v: 1,
        kind: body.kind().into(),
        issuer: maker(ISSUER, &issuer.context.founding),
        order: reference([0; 10]),
        version: 1,
        nonce: [0; 16].into(),
        expires: records::time::seconds(now + ORDER_SECONDS),
        drafter,
        basis,
        draft: None,
        place: None,
        body: statement.body,
    };
    Ok(Preview { order: Some(order), disclosures })
}

/// A body of another kind, if just what belongs to it travels with it.
fn beside(
    body: Body,
    (disclosures, number_seal): (&[Disclosure], Option<Bytes>),
) -> Result<Body, Code> {
    check_beside(&body, (disclosures, number_seal.as_ref()))?;
    Ok(body)
}
