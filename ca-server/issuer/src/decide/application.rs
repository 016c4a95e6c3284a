//! An application for a certificate, under a letter or as a renewal: the order that says what is to
//! be issued, as the person's record and the profile are today.

use super::order::{NewOrder, OrderParts, make};
use crate::error::IssuerError;
use crate::loaded::text;
use crate::round::Round;
use crate::rows::RowChange;
use authority::OrderDigest;
use pki::PublicKey;
use records::commitment::EVIDENCE_PATH;
use records::enrolment::Stage;
use records::order::{
    Body, CommittedName, IssueBody, MAIL_PATH, NAME_PATH, ProfileRef, Renewal, SubjectBody,
};
use records::{Bytes, Code, Disclosure};

/// Who applies, with which key.
pub(crate) struct Applicant<'a> {
    /// Person id.
    pub(crate) person: &'a str,
    /// Profile id.
    pub(crate) profile: &'a str,
    pub(crate) key: &'a PublicKey,
    /// `cli` or `page`.
    pub(crate) label: &'a str,
    pub(crate) origin: Origin,
}

/// What an application rests on.
pub(crate) enum Origin {
    /// A letter, by its reference.
    Letter(String),
    /// The certificate that is renewed.
    Renewal(Box<Renewal>),
}

/// Makes the order in the name of a drafter; it replaces an open one.
pub(crate) fn apply(
    round: &mut Round<'_>,
    drafter: &str,
    applicant: Applicant<'_>,
    (replaced, parts): (Option<OrderDigest>, OrderParts),
) -> Result<NewOrder, IssuerError> {
    let (body, disclosures) = issue_body(round, applicant)?;
    if let Some(digest) = replaced {
        round.change(RowChange::OrderState(digest, "cancelled"));
    }
    let cancels = replaced.into_iter().map(Bytes::from).collect();
    round.state.draft(drafter)?;
    make(round, drafter, &body, OrderParts { disclosures, cancels, ..parts })
}

/// Where an application stands that was just made.
pub(crate) fn stage(made: NewOrder) -> Stage {
    let NewOrder { order, needed, expires, .. } = made;
    Stage::Awaiting { order, approvals: 0, needed, expires }
}

/// What is to be approved, with what opens it.
fn issue_body(
    round: &mut Round<'_>,
    applicant: Applicant<'_>,
) -> Result<(Body, Vec<Disclosure>), IssuerError> {
    let Applicant { person: id, profile, key, label, origin } = applicant;
    let person = round.authority().person(id).ok_or(Code::PersonUnknown)?.clone();
    let known = round.loaded.person(id, &person)?;
    let told = |path| text(known.iter().copied(), path);
    let name = told(NAME_PATH).ok_or(Code::UnsignedAuthority)?;
    let vetted = told(EVIDENCE_PATH).unwrap_or_else(|| "founding statement".into());
    let mail = told(MAIL_PATH);
    let (cn, cn_opened) = round.commitment("/subject/cn", name)?;
    let (evidence, evidence_opened) = round.commitment(EVIDENCE_PATH, vetted)?;
    let mut disclosures = vec![cn_opened, evidence_opened];
    let state = round.authority().profile(profile).ok_or(Code::UnknownProfile)?.clone();
    let mut names = Vec::new();
    if let Some(mail) = mail.filter(|_| state.profile.mail()) {
        let (value, opened) = round.commitment("/names/0/value", mail)?;
        names.push(CommittedName { kind: "mail".into(), value });
        disclosures.push(opened);
    }
    let authority = round.authority();
    let last = authority.last_certificate(id, profile);
    let city = &authority.founding().city;
    let (reference, renewal) = match origin {
        Origin::Letter(reference) => (Some(reference), None),
        Origin::Renewal(renewal) => (None, Some(renewal)),
    };
    let body = IssueBody {
        person: id.to_owned(),
        person_version: person.version,
        profile: ProfileRef {
            id: profile.to_owned(),
            version: state.version,
            digest: state.digest.clone(),
        },
        subject: SubjectBody {
            c: city.country.clone(),
            o: city.name.clone(),
            ou: authority.organizational_units(&person.unit),
            cn,
            sn: id.to_owned(),
        },
        names,
        key: key.spki().into(),
        validity_days: state.profile.validity_days(),
        evidence,
        label: label.to_owned(),
        reference,
        renewal,
        previous: last.and_then(|held| held.sha256).map(Bytes::from),
    };
    Ok((Body::Issue(Box::new(body)), disclosures))
}
