//! What of an order officers should look at twice, found out once, when it is made. It decides
//! nothing but that everybody opens it who approves a batch with it.

use crate::round::Round;
use pki::{Certificate, oid};
use records::Disclosure;
use records::commitment::open_text;
use records::export::ReviewFlag;
use records::order::{Body, IssueBody, NAME_PATH, PersonAction};

/// What needs a look, if anything does.
pub(crate) fn review_flag(
    round: &Round<'_>,
    body: &Body,
    disclosures: &[Disclosure],
) -> Option<ReviewFlag> {
    match body {
        Body::Issue(issue) => {
            let name = open_text(&issue.subject.cn, "/subject/cn", disclosures).ok()?;
            differs(round, issue, name).then_some(ReviewFlag::Differs)
        }
        Body::Person(person) if person.action == PersonAction::Create => {
            let name = open_text(&person.name, NAME_PATH, disclosures).ok()?;
            round.loaded.has_namesake(&person.unit, name).then_some(ReviewFlag::SameName)
        }
        _ => None,
    }
}

/// Name or unit are not those of the person's last certificate.
fn differs(round: &Round<'_>, issue: &IssueBody, name: &str) -> bool {
    let Some(sha256) = issue.previous.as_ref().and_then(records::Bytes::digest) else {
        return false;
    };
    let previous = round.loaded.certificate(&sha256).and_then(|der| Certificate::read(der).ok());
    previous.is_none_or(|previous| {
        let subject = previous.subject();
        subject.common_name().as_deref() != Some(name)
            || subject.values(oid::ORGANIZATIONAL_UNIT) != issue.subject.ou
    })
}
