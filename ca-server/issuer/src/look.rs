//! What of an order officers should look at twice, found out once, when it is made. It decides nothing.

use super::IssuerError;
use ca_store::certificates;
use pki::{Certificate, oid};
use records::Disclosure;
use records::export::Look;
use records::order::{Body, IssueBody, PersonAction, PersonBody};
use store::{Tx, row};

pub(super) async fn look(
    tx: &mut Tx,
    body: &Body,
    disclosures: &[Disclosure],
) -> Result<Option<Look>, IssuerError> {
    let disclosed = |path: &str| {
        let found = disclosures.iter().find(|disclosure| disclosure.path == path);
        found.and_then(|disclosure| disclosure.value.as_str()).unwrap_or_default()
    };
    match body {
        Body::Issue(issue) => differs(tx, issue, disclosed("/subject/cn")).await,
        Body::Person(person) if person.action == PersonAction::Create => {
            same_name(tx, person, disclosed("/name")).await
        }
        _ => Ok(None),
    }
}

/// Name or unit are not those of the person's last certificate.
async fn differs(tx: &mut Tx, issue: &IssueBody, name: &str) -> Result<Option<Look>, IssuerError> {
    let Some(sha256) = &issue.previous else { return Ok(None) };
    let previous = certificates::by_digest(tx, &issue.person, sha256).await?;
    let previous = previous.and_then(|der| Certificate::read(&der.0).ok());
    let same = previous.is_some_and(|previous| {
        let subject = previous.subject();
        subject.common_name().as_deref() == Some(name)
            && subject.values(oid::ORGANIZATIONAL_UNIT) == issue.subject.ou
    });
    Ok((!same).then_some(Look::Differs))
}

/// The unit has somebody of this name: the same person twice, or two who will be taken for each other.
async fn same_name(
    tx: &mut Tx,
    person: &PersonBody,
    name: &str,
) -> Result<Option<Look>, IssuerError> {
    let known = row!(
        tx,
        (i64,),
        "select cast(1 as bigint) from person where unit_id = $1 and name = $2 \
         and left_office = 0 limit 1",
        &person.unit,
        name
    )?;
    Ok(known.map(|_| Look::SameName))
}
