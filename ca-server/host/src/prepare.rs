//! Preparing a certificate: profile, subject and key become the exact bytes that will be recorded
//! and signed, and the lint judges them before anything is recorded.

use pki::certificate::{CertificateContent, TbsCertificate};
use pki::lint::{Finding, LintContext, lint};
use pki::name::DistinguishedName;
use pki::oid::Arc;
use pki::{Certificate, CertificateProfile, PublicKey, SerialNumber, extension};

/// Seconds by which notBefore lies before the clock, for clocks that are a little behind.
const BACKDATE_SECONDS: u64 = 300;

/// Whoever signs a certificate: another one's key, or its own where it is a root.
pub enum CertificateIssuer<'a> {
    /// A root signs itself.
    Itself,
    /// An authority with a certificate.
    Authority(&'a Certificate),
}

/// Everything that goes into a certificate.
pub struct CertificateInputs<'a> {
    /// The certificate is made by this profile, as it is in force.
    pub profile: &'a CertificateProfile,
    /// The city's object identifiers begin with this arc.
    pub arc: &'a Arc,
    /// The certificate is signed by this issuer.
    pub issuer: CertificateIssuer<'a>,
    /// The issuer's public key, against which the lints look.
    pub issuer_key: &'a PublicKey,
    /// Serial number, drawn for this certificate.
    pub serial: &'a SerialNumber,
    /// The certificate is made at this time, unix seconds.
    pub now: u64,
    /// The certificate names this subject (RFC 5280 4.1.2.6).
    pub subject: &'a DistinguishedName,
    /// The certificate is for this public key.
    pub key: &'a PublicKey,
    /// The alternative names have these DNS names, in this order.
    pub dns: &'a [String],
    /// The alternative names have these mail addresses, in this order.
    pub mail: &'a [String],
    /// Where its status and its issuer's certificate are; a root has nobody to ask.
    pub addresses: Option<Addresses>,
}

/// Addresses that stand in a certificate.
pub struct Addresses {
    /// The list of this shard is fetched from here (cRLDistributionPoints).
    pub crl: String,
    /// The issuer's certificate is fetched from here (caIssuers).
    pub issuer: String,
    /// OCSP, where it is answered.
    pub ocsp: Option<String>,
}

/// A certificate that may be recorded; only [`prepare`] makes it.
///
/// ```compile_fail,E0451
/// let forged = ca_host::prepare::Prepared { tbs: todo!(), not_after: 0 };
/// ```
pub struct Prepared {
    tbs: TbsCertificate,
    not_after: u64,
}

impl Prepared {
    /// The bytes that are to be signed, of which an intent says the SHA-256.
    pub fn tbs(&self) -> &TbsCertificate {
        &self.tbs
    }

    /// The certificate is valid until this second, unix.
    pub fn not_after(&self) -> u64 {
        self.not_after
    }
}

/// The reason why no certificate was prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The certificate has no DER encoding.
    #[error(transparent)]
    Encode(#[from] pki::certificate::CertificateError),
    /// The issuer's certificate names no key identifier.
    #[error("the issuer's certificate has no key identifier")]
    KeyIdentifier,
    /// The lint found these.
    #[error("the lint objects: {0:?}")]
    Lint(Vec<Finding>),
}

/// Builds the certificate's content and lints it; any finding of the lint is an error.
pub fn prepare(inputs: &CertificateInputs<'_>) -> Result<Prepared, PrepareError> {
    let encode = pki::certificate::CertificateError::from;
    let not_before = inputs.now.saturating_sub(BACKDATE_SECONDS);
    let not_after = not_before + u64::from(inputs.profile.validity_days()) * 86_400 - 1;
    let (issuer, issuer_name, identifier) = match inputs.issuer {
        CertificateIssuer::Itself => (None, inputs.subject, inputs.key.identifier()),
        CertificateIssuer::Authority(certificate) => (
            Some(certificate),
            certificate.subject(),
            certificate.key_identifier().ok_or(PrepareError::KeyIdentifier)?,
        ),
    };
    let mut extensions = inputs.profile.extensions(inputs.arc).map_err(encode)?;
    let more = [
        extension::subject_key_identifier(&inputs.key.identifier()),
        extension::authority_key_identifier(&identifier),
    ];
    for extension in more {
        extensions.push(extension.map_err(encode)?);
    }
    if !inputs.dns.is_empty() || !inputs.mail.is_empty() {
        extensions.push(extension::subject_alt_name(inputs.dns, inputs.mail).map_err(encode)?);
    }
    if let Some(addresses) = &inputs.addresses {
        extensions.push(extension::crl_distribution_point(&addresses.crl).map_err(encode)?);
        // A responder's own status is not asked of itself.
        let ocsp = addresses.ocsp.as_deref().filter(|_| !inputs.profile.answers_status());
        let access = extension::information_access(ocsp, &addresses.issuer);
        extensions.push(access.map_err(encode)?);
    }
    let signature = inputs.issuer_key.algorithm().signature_identifier().map_err(encode)?;
    let tbs = TbsCertificate::build(CertificateContent {
        serial: inputs.serial,
        signature: &signature,
        issuer: issuer_name,
        not_before,
        not_after,
        subject: inputs.subject,
        key: inputs.key.spki(),
        extensions,
    })
    .map_err(encode)?;
    let expected = LintContext {
        profile: inputs.profile,
        issuer,
        arc: inputs.arc,
        issuer_key: inputs.issuer_key,
        now: inputs.now,
    };
    match lint(&tbs, &expected) {
        findings if findings.is_empty() => Ok(Prepared { tbs, not_after }),
        findings => Err(PrepareError::Lint(findings)),
    }
}
