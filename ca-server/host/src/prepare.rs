//! Preparing a certificate: profile, subject and key become the exact bytes that will be recorded
//! and signed, and the lint judges them before anything is recorded.

use pki::certificate::{Content, TbsCertificate};
use pki::lint::{Expected, Finding, lint};
use pki::name::DistinguishedName;
use pki::oid::Arc;
use pki::{Certificate, CertificateProfile, PublicKey, SerialNumber, extension};

/// Seconds by which notBefore lies before the clock, for clocks that are a little behind.
const BACKDATE_SECONDS: u64 = 300;

/// Who signs.
pub enum Authority<'a> {
    /// A root signs itself.
    Itself,
    /// An authority with a certificate.
    Issuer(&'a Certificate),
}

/// Everything that goes into a certificate.
pub struct Wanted<'a> {
    /// The profile in force.
    pub profile: &'a CertificateProfile,
    /// The city's arc.
    pub arc: &'a Arc,
    /// Who signs.
    pub authority: Authority<'a>,
    /// The signer's key.
    pub authority_key: &'a PublicKey,
    /// Serial number, drawn for this certificate.
    pub serial: &'a SerialNumber,
    /// The time, unix.
    pub now: u64,
    /// Subject.
    pub subject: &'a DistinguishedName,
    /// Subject key.
    pub key: &'a PublicKey,
    /// DNS names.
    pub dns: &'a [String],
    /// Mail addresses.
    pub mail: &'a [String],
    /// Where its status and its issuer's certificate are; a root has nobody to ask.
    pub addresses: Option<Addresses>,
}

/// Addresses that stand in a certificate.
pub struct Addresses {
    /// The CRL shard.
    pub crl: String,
    /// The issuer's certificate.
    pub issuer: String,
    /// OCSP, where it is answered.
    pub ocsp: Option<String>,
}

/// A certificate that may be recorded; only [`prepare`] makes it.
pub struct Prepared {
    /// The bytes.
    pub tbs: TbsCertificate,
    /// Last second of validity, unix.
    pub not_after: u64,
}

/// Why nothing was prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// Encoding.
    #[error(transparent)]
    Encode(#[from] pki::certificate::CertificateError),
    /// The lint objects.
    #[error("the lint objects: {0:?}")]
    Lint(Vec<Finding>),
}

/// Builds and lints.
pub fn prepare(wanted: &Wanted<'_>) -> Result<Prepared, PrepareError> {
    let encode = pki::certificate::CertificateError::from;
    let not_before = wanted.now.saturating_sub(BACKDATE_SECONDS);
    let not_after = not_before + u64::from(wanted.profile.validity_days()) * 86_400 - 1;
    let (issuer, issuer_name, identifier) = match wanted.authority {
        Authority::Itself => (None, wanted.subject, wanted.key.identifier()),
        Authority::Issuer(certificate) => (
            Some(certificate),
            certificate.subject(),
            certificate.key_identifier().unwrap_or_default(),
        ),
    };
    let mut extensions = wanted.profile.extensions(wanted.arc).map_err(encode)?;
    let more = [
        extension::subject_key_identifier(&wanted.key.identifier()),
        extension::authority_key_identifier(&identifier),
    ];
    for extension in more {
        extensions.push(extension.map_err(encode)?);
    }
    if !wanted.dns.is_empty() || !wanted.mail.is_empty() {
        extensions.push(extension::subject_alt_name(wanted.dns, wanted.mail).map_err(encode)?);
    }
    if let Some(addresses) = &wanted.addresses {
        extensions.push(extension::crl_distribution_point(&addresses.crl).map_err(encode)?);
        // A responder's own status is not asked of itself.
        let ocsp = addresses.ocsp.as_deref().filter(|_| !wanted.profile.answers_status());
        let access = extension::information_access(ocsp, &addresses.issuer);
        extensions.push(access.map_err(encode)?);
    }
    let signature = wanted.authority_key.algorithm().signature_identifier().map_err(encode)?;
    let tbs = TbsCertificate::build(Content {
        serial: wanted.serial,
        signature: &signature,
        issuer: issuer_name,
        not_before,
        not_after,
        subject: wanted.subject,
        key: wanted.key.spki(),
        extensions,
    })
    .map_err(encode)?;
    let expected = Expected {
        profile: wanted.profile,
        issuer,
        arc: wanted.arc,
        issuer_key: wanted.authority_key,
        now: wanted.now,
    };
    match lint(&tbs, &expected) {
        findings if findings.is_empty() => Ok(Prepared { tbs, not_after }),
        findings => Err(PrepareError::Lint(findings)),
    }
}
