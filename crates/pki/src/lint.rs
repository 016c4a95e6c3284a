//! The pre-issuance lint: what is about to be signed is judged once more, by our rules over our own
//! reading and by a second parser that shares no code with the builder.

use crate::alternative_name::{ADDRESS, DNS, MAIL, OTHER, smtp_utf8};
use crate::certificate::{CertificateError, TbsCertificate};
use crate::host::Host;
use crate::mail::Mailbox;
use crate::name::{PersonName, Text, UnitName};
use crate::oid::{self, Arc};
use crate::profile::{CertificateProfile, Holder};
use crate::raw::assemble;
use crate::{Certificate, PublicKey, weak_key};
use core::net::IpAddr;
use der::asn1::Any;
use der::{Decode, Tagged};
use std::collections::HashSet;

#[cfg(test)]
mod tests;

/// Version of these rules; recorded with every intent.
pub const LINT_VERSION: u32 = 6;

/// One finding; any finding stops the issuance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name never changes.
    pub rule: &'static str,
    /// The finding quotes what was seen in the certificate.
    pub seen: String,
}

/// What the certificate must agree with.
pub struct LintContext<'a> {
    /// The certificate has to agree with this profile.
    pub profile: &'a CertificateProfile,
    /// The issuer's certificate; a root is judged against itself and passes `None`.
    pub issuer: Option<&'a Certificate>,
    /// The city's arc, for policies and purposes of our own.
    pub arc: &'a Arc,
    /// The lint judges the signature's algorithm by this key of the issuer.
    pub issuer_key: &'a PublicKey,
    /// The time of issuing, unix.
    pub now: u64,
}

/// All findings; none means it may be signed.
pub fn lint(tbs: &TbsCertificate, expected: &LintContext<'_>) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    match with_null_signature(tbs, expected.issuer_key) {
        Ok(certificate) => {
            shape(&certificate, &mut findings);
            times(&certificate, expected, &mut findings);
            names(&certificate, expected, &mut findings);
            usages(&certificate, expected, &mut findings);
            key(&certificate, &mut findings);
            alternative_names(&certificate, expected, &mut findings);
            second_parser(&certificate, &mut findings);
        }
        Err(error) => findings.add("readable", error.to_string()),
    }
    findings.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, rule: &'static str, seen: impl Into<String>) {
        self.0.push(Finding { rule, seen: seen.into() });
    }

    fn unless(&mut self, holds: bool, rule: &'static str, seen: impl Into<String>) {
        if !holds {
            self.add(rule, seen);
        }
    }
}

/// A certificate around the bytes with a signature of nothing, for reading only.
fn with_null_signature(
    tbs: &TbsCertificate,
    key: &PublicKey,
) -> Result<Certificate, CertificateError> {
    let algorithm = key.algorithm().signature_identifier()?;
    Certificate::read(&assemble(tbs.der(), &algorithm, &[0])?)
}

fn shape(certificate: &Certificate, findings: &mut Findings) {
    let serial = certificate.serial().bytes();
    findings.unless(
        (9..=20).contains(&serial.len()),
        "serial-length",
        certificate.serial().to_string(),
    );
    let mut seen = HashSet::new();
    for extension in certificate.extensions() {
        findings.unless(seen.insert(extension.id), "extension-once", extension.id.to_string());
        let must = [oid::BASIC_CONSTRAINTS, oid::KEY_USAGE].contains(&extension.id);
        findings.unless(!must || extension.critical, "critical", extension.id.to_string());
    }
    for id in [oid::KEY_USAGE, oid::SUBJECT_KEY_IDENTIFIER, oid::CERTIFICATE_POLICIES] {
        findings.unless(seen.contains(&id), "extension-present", id.to_string());
    }
}

fn times(certificate: &Certificate, expected: &LintContext<'_>, findings: &mut Findings) {
    let (before, after) = (certificate.not_before(), certificate.not_after());
    let longest = u64::from(expected.profile.validity_days()) * 86_400 + 3_600;
    findings.unless(
        before < after && after - before <= longest,
        "validity-length",
        format!("{after}"),
    );
    let backdated = expected.now.checked_sub(before);
    findings.unless(
        backdated.is_some_and(|s| s <= 3_600),
        "backdated-one-hour",
        format!("{before}"),
    );
    if let Some(issuer) = expected.issuer {
        findings.unless(after <= issuer.not_after(), "within-issuer", format!("{after}"));
    }
}

fn names(certificate: &Certificate, expected: &LintContext<'_>, findings: &mut Findings) {
    let subject = certificate.subject();
    findings.unless(!subject.is_empty(), "subject-present", "");
    if let Some(issuer) = expected.issuer {
        findings.unless(certificate.issuer() == issuer.subject(), "issuer-copied", "");
        let copied = issuer.key_identifier().is_some_and(|identifier| {
            let extension = certificate.extension(oid::AUTHORITY_KEY_IDENTIFIER);
            extension.is_some_and(|value| value.ends_with(&identifier))
        });
        findings.unless(copied, "authority-key-identifier-copied", "");
    }
    let system = expected.profile.holder() == Holder::System;
    for kind in [oid::COUNTRY, oid::ORGANIZATION, oid::COMMON_NAME] {
        let count = subject.values(kind).len();
        // A system's names may all be too long for it.
        let left_out = system && kind == oid::COMMON_NAME && count == 0;
        findings.unless(count == 1 || left_out, "attribute-once", kind.to_string());
    }
    for kind in [oid::ORGANIZATION, oid::ORGANIZATIONAL_UNIT, oid::COMMON_NAME] {
        for text in subject.values(kind) {
            let told = Text::read(&text).map_err(|error| error.to_string());
            findings.unless(told.is_ok(), "text", told.err().unwrap_or_default());
        }
    }
    for kind in [oid::ORGANIZATION, oid::ORGANIZATIONAL_UNIT] {
        for name in subject.values(kind) {
            let told = UnitName::read(&name).map_err(|error| error.to_string());
            findings.unless(told.is_ok(), "unit-name", told.err().unwrap_or_default());
        }
    }
    let person = matches!(expected.profile.holder(), Holder::Person | Holder::Staff);
    for name in subject.values(oid::COMMON_NAME).into_iter().filter(|_| person) {
        let told = PersonName::read(&name).map_err(|error| error.to_string());
        findings.unless(told.is_ok(), "person-name", told.err().unwrap_or_default());
    }
    findings.unless(person == subject.person().is_some(), "person-id", "");
    let server = certificate.purposes().contains(&oid::SERVER_AUTH);
    let has_names = certificate.extension(oid::SUBJECT_ALT_NAME).is_some();
    findings.unless(!(server || system) || has_names, "server-names", "");
}

fn usages(certificate: &Certificate, expected: &LintContext<'_>, findings: &mut Findings) {
    match expected.profile.extensions(expected.arc) {
        Ok(wanted) => {
            for extension in wanted {
                let exact = certificate.extensions().contains(&extension);
                findings.unless(exact, "as-the-profile-says", extension.id.to_string());
            }
        }
        Err(error) => findings.add("as-the-profile-says", error.to_string()),
    }
    let authority = expected.profile.holder() == Holder::Authority;
    let constraints = certificate.extension(oid::BASIC_CONSTRAINTS).is_some();
    findings.unless(authority == constraints, "basic-constraints", "");
    let purposes = certificate.purposes();
    findings.unless(authority || !purposes.is_empty(), "purpose-present", "");
    findings.unless(
        expected.profile.allows(certificate.key()),
        "key-allowed",
        certificate.key().algorithm().name,
    );
    findings.unless(
        authority || certificate.key().sha256() != expected.issuer_key.sha256(),
        "not-the-issuers-key",
        "",
    );
}

/// Nobody finds the private half of the key.
fn key(certificate: &Certificate, findings: &mut Findings) {
    let judged = weak_key::judge(certificate.key());
    let seen = judged.err().map(|weakness| weakness.to_string());
    findings.unless(judged.is_ok(), "key-sound", seen.unwrap_or_default());
}

/// Every other name is one that clients read, and of a kind that the profile gives.
fn alternative_names(
    certificate: &Certificate,
    expected: &LintContext<'_>,
    findings: &mut Findings,
) {
    let Some(value) = certificate.extension(oid::SUBJECT_ALT_NAME) else { return };
    let Ok(names) = Vec::<Any>::from_der(value) else {
        return findings.add("alternative-names", "not a sequence of names");
    };
    findings.unless(!names.is_empty(), "alternative-names", "there is none");
    let profile = expected.profile;
    if let (Holder::System, Some(common)) = (profile.holder(), certificate.subject().common_name())
    {
        let is_named = names.iter().filter_map(host_of).any(|host| host == common);
        findings.unless(is_named, "common-name-within", common);
    }
    for name in names {
        let text = core::str::from_utf8(name.value()).unwrap_or_default();
        let (rule, holds) = match name.tag() {
            MAIL => ("mail", profile.mail() && Mailbox::read(text).is_ok_and(|m| m.is_ascii())),
            OTHER => ("mail", profile.mail() && is_needed(smtp_utf8(name.value()))),
            DNS => {
                let host = Host::read_for(text, profile.wildcards());
                ("host", matches!(host, Ok(Host::Name(_))))
            }
            ADDRESS => ("host", address_of(&name).is_some_and(|one| Host::at(one).is_ok())),
            _ => ("alternative-names", false),
        };
        findings.unless(holds, rule, format!("{:?} {text}", name.tag()));
    }
}

/// A host as people write it.
fn host_of(name: &Any) -> Option<String> {
    match name.tag() {
        DNS => core::str::from_utf8(name.value()).ok().map(str::to_owned),
        ADDRESS => address_of(name).map(|address| address.to_string()),
        _ => None,
    }
}

/// The address of an iPAddress.
fn address_of(name: &Any) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(name.value()).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(name.value()).map(IpAddr::from)).ok()
}

/// Whether an address is an SmtpUTF8Mailbox that needs to be one.
fn is_needed(mailbox: Option<String>) -> bool {
    mailbox.and_then(|text| Mailbox::read(&text).ok()).is_some_and(|mailbox| !mailbox.is_ascii())
}

fn second_parser(certificate: &Certificate, findings: &mut Findings) {
    use x509_parser::prelude::{FromDer, X509Certificate};
    match X509Certificate::from_der(certificate.der()) {
        Ok((rest, parsed)) => {
            findings.unless(rest.is_empty(), "second-parser-rest", format!("{} bytes", rest.len()));
            findings.unless(
                parsed.raw_serial() == certificate.serial().bytes(),
                "second-parser-serial",
                parsed.raw_serial_as_string(),
            );
            let same = parsed.tbs_certificate.subject.as_raw() == certificate.subject().der()
                && parsed.tbs_certificate.subject_pki.raw == certificate.key().spki();
            findings.unless(same, "second-parser-subject", "");
            for extension in parsed.extensions() {
                let unread = extension.parsed_extension().error().is_some();
                findings.unless(!unread, "second-parser-extension", extension.oid.to_id_string());
            }
        }
        Err(error) => findings.add("second-parser", error.to_string()),
    }
}
