//! From an approved order to an intent: the bound key is checked again, the certificate is prepared
//! and linted, the intent recorded. It is signed when the tree holds it.

use super::submit::bind_key;
use crate::error::IssuerError;
use crate::issuance::IssuanceGrounds;
use crate::issuance::PendingIssuance;
use crate::round::Round;
use crate::rows::{KeyBinding, RowChange};
use authority::{CoveredUse, Judged, Serial};
use ca_host::prepare::{CertificateInputs, CertificateIssuer, PrepareError, Prepared, prepare};
use pki::name::{DistinguishedName, Subject, Text};
use pki::{PublicKey, SerialNumber, Signer};
use records::commitment::open_text;
use records::letter::bind;
use records::order::{CommittedName, IssueBody};
use records::record::Event;
use records::{Bytes, Code, Disclosure};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Records the intent of an order to issue.
pub(crate) fn intend(
    round: &mut Round<'_>,
    judged: &Judged,
    issue: &IssueBody,
) -> Result<(), IssuerError> {
    let extras = round.loaded.order(judged)?;
    let key = PublicKey::read(&issue.key.0).map_err(|_| Code::KeyUnknown)?;
    match (&issue.reference, &issue.renewal) {
        (Some(reference), None) => {
            check_bound(round, extras.binding.as_ref(), (issue, reference), &key)?;
        }
        // The old key's signature was verified when the log took the order.
        (None, Some(_)) if !round.authority().was_certified(&key) => {}
        _ => return Err(Code::KeyUsed.into()),
    }
    round.may_certify(&key, &issue.person)?;
    let subject = subject(issue, &extras.disclosures)?;
    let mail = mail(issue, &extras.disclosures)?;
    let number = SerialNumber::from_random(round.random()?);
    let serial = Serial::of(&number).ok_or(Code::LintFailed)?;
    let of = SubjectInputs { serial: &number, subject: &subject, key: &key, dns: &[], mail: &mail };
    let prepared = prepared(round, &issue.profile.id, &of)?;
    let issuing = IssuanceGrounds {
        under: judged.digest().0,
        profile: issue.profile.id.clone(),
        subject: issue.person.clone(),
        reference: round.authority().letter_of(issue).map(|letter| letter.to_string()),
    };
    let value = Bytes::from(prepared.tbs().der()).to_string();
    let (tbs, disclosure) = round.commitment("/tbs", value)?;
    let event = |serial, tbs_sha256| Event::Intent {
        order: judged.digest().into(),
        approvals: judged.approvals(),
        serial,
        not_after: records::time::seconds(prepared.not_after()),
        tbs_sha256,
        tbs,
        lint: pki::lint::LINT_VERSION,
    };
    record_intent(round, (serial, &prepared), issuing, (event, vec![disclosure])).map(drop)
}

/// The end of every decision by which a certificate begins: the record that is its intent, made of
/// the serial number and the SHA-256 of the bytes, the row under the issuer's MAC, and what waits
/// for the tree. Gives the serial number.
pub(super) fn record_intent(
    round: &mut Round<'_>,
    (serial, prepared): (Serial, &Prepared),
    issuing: IssuanceGrounds,
    (event, disclosures): (impl FnOnce(String, Bytes) -> Event, Vec<Disclosure>),
) -> Result<String, IssuerError> {
    let (pending, text) = (PendingIssuance::new(serial, prepared, issuing), serial.to_string());
    round.record(event(text.clone(), pending.tbs_sha256().into()), disclosures)?;
    round.change(RowChange::Intent(pending.row(&round.context.seal)));
    round.state.issuances.insert(serial, Arc::new(pending));
    Ok(text)
}

/// The key that was approved is the one that the letter's code tied.
fn check_bound(
    round: &Round<'_>,
    binding: Option<&KeyBinding>,
    (issue, reference): (&IssueBody, &str),
    key: &PublicKey,
) -> Result<(), Code> {
    let binding = binding.ok_or(Code::BindMismatch)?;
    let letter = round.authority().letter(reference).ok_or(Code::UnsignedAuthority)?;
    let sealed = round.loaded.sealed(reference)?;
    let secret = bind_key(round, reference, (letter, &issue.label), sealed)?;
    let expected = bind(&secret, &binding.challenge, &binding.request);
    let same = bool::from(expected.as_slice().ct_eq(&binding.bind));
    let own = round.authority().signatures().request(&binding.request);
    if same && own.is_some_and(|own| own.key().spki() == key.spki()) {
        Ok(())
    } else {
        Err(Code::BindMismatch)
    }
}

/// The subject that was approved, with the name that opens its commitment.
fn subject(issue: &IssueBody, opened: &[Disclosure]) -> Result<DistinguishedName, Code> {
    let name = open_text(&issue.subject.cn, "/subject/cn", opened);
    let name = name.map_err(|_| Code::OrderIncomplete)?;
    let subject = Subject {
        country: issue.subject.c.clone(),
        organization: Text::read(&issue.subject.o).map_err(|_| Code::Malformed)?,
        units: issue.subject.ou.clone(),
        common_name: Text::read(name).map_err(|_| Code::Malformed)?,
        serial_number: Some(issue.subject.sn.clone()),
    };
    subject.to_name().map_err(|_| Code::Malformed)
}

/// The mail addresses that were approved, all of them.
fn mail(issue: &IssueBody, opened: &[Disclosure]) -> Result<Vec<String>, Code> {
    let value = |(place, named): (usize, &CommittedName)| {
        let text = open_text(&named.value, &format!("/names/{place}/value"), opened);
        text.map(str::to_owned).map_err(|_| Code::OrderIncomplete)
    };
    issue.names.iter().enumerate().map(value).collect()
}

/// A service as its certificate names it.
pub(crate) struct ServiceName<'a> {
    /// `SERVICE/PROCESS`.
    pub(crate) name: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) hosts: &'a [String],
    /// Profile id.
    pub(crate) profile: &'a str,
}

/// The certificate of a service to come.
pub(crate) fn service_certificate(
    round: &mut Round<'_>,
    service: &ServiceName<'_>,
    key: &PublicKey,
) -> Result<(Serial, Prepared), IssuerError> {
    let authority = round.authority();
    let state = authority.profile(service.profile).ok_or(Code::UnknownProfile)?;
    if !state.profile.allows(key) {
        return Err(Code::KeyNotAllowed.into());
    }
    let city = &authority.founding().city;
    let subject = Subject {
        country: city.country.clone(),
        organization: Text::read(&city.name).map_err(|_| Code::Malformed)?,
        units: vec![service.unit.to_owned()],
        common_name: Text::read(service.name).map_err(|_| Code::Malformed)?,
        serial_number: None,
    };
    let subject = subject.to_name().map_err(|_| Code::Malformed)?;
    let number = SerialNumber::from_random(round.random()?);
    let serial = Serial::of(&number).ok_or(Code::LintFailed)?;
    let dns = service.hosts;
    let of = SubjectInputs { serial: &number, subject: &subject, key, dns, mail: &[] };
    let prepared = prepared(round, service.profile, &of)?;
    Ok((serial, prepared))
}

/// The certificate of a system to come: its names, the first of them as the common name where that
/// is short enough for one.
pub(crate) fn system_certificate(
    round: &mut Round<'_>,
    covered: &CoveredUse,
) -> Result<(Serial, Prepared), IssuerError> {
    let city = &round.authority().founding().city;
    let organization = Text::read(&city.name).map_err(|_| Code::Malformed)?;
    let common = covered.names.first().and_then(|name| Text::read(name).ok());
    let subject = (city.country.as_str(), &organization, covered.unit.as_str());
    let subject = DistinguishedName::of_system(subject.0, subject.1, subject.2, common.as_ref())
        .map_err(|_| Code::Malformed)?;
    let number = SerialNumber::from_random(round.random()?);
    let serial = Serial::of(&number).ok_or(Code::LintFailed)?;
    let (key, dns) = (&covered.key, &covered.names);
    let of = SubjectInputs { serial: &number, subject: &subject, key, dns, mail: &[] };
    let prepared = prepared(round, &covered.profile, &of)?;
    Ok((serial, prepared))
}

/// Whom a certificate names.
struct SubjectInputs<'a> {
    serial: &'a SerialNumber,
    subject: &'a DistinguishedName,
    key: &'a PublicKey,
    dns: &'a [String],
    mail: &'a [String],
}

/// Builds and lints under the issuing CA.
fn prepared(
    round: &Round<'_>,
    profile: &str,
    of: &SubjectInputs<'_>,
) -> Result<Prepared, IssuerError> {
    let (context, authority) = (round.context, round.authority());
    let state = authority.profile(profile).ok_or(Code::UnknownProfile)?;
    let inputs = CertificateInputs {
        profile: &state.profile,
        arc: &authority.arc().ok_or(Code::UnsignedAuthority)?,
        issuer: CertificateIssuer::Authority(&context.issuing_certificate),
        issuer_key: context.issuing.public_key(),
        serial: of.serial,
        now: round.now(),
        subject: of.subject,
        key: of.key,
        dns: of.dns,
        mail: of.mail,
        addresses: Some(context.addresses()),
    };
    prepare(&inputs).map_err(|error| match error {
        PrepareError::Lint(findings) => {
            tracing::error!(?findings, "lint");
            IssuerError::Refused(Code::LintFailed)
        }
        error => IssuerError::Failed(error.into()),
    })
}
