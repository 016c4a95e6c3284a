//! Path checks behind one function; today by webpki under it, with our anchors and nothing else.

use crate::Certificate;
use crate::algorithm::{Algorithm, by_name};
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, UnixTime,
};
use std::time::Duration;
use webpki::aws_lc_rs::{
    ECDSA_P256_SHA256, ECDSA_P384_SHA384, ED25519, RSA_PKCS1_2048_8192_SHA256,
};
use webpki::{
    EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert,
};

/// Why a certificate does not lead to an anchor of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The peer's certificate is over.
    #[error("the certificate expired at {not_after} (unix)")]
    Expired {
        /// End of validity, unix.
        not_after: u64,
    },
    /// The peer's certificate has not begun.
    #[error("the certificate is not valid before {not_before} (unix)")]
    NotYetValid {
        /// Begin of validity, unix.
        not_before: u64,
    },
    /// Not issued by a CA of ours, or not for this purpose.
    #[error("the certificate does not lead to our root for this purpose: {0}")]
    Foreign(String),
}

struct Purpose(webpki::KeyUsage);

impl ExtendedKeyUsageValidator for Purpose {
    fn validate(&self, iter: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        self.0.validate(iter)
    }
}

/// The registry's algorithms as the path check asks for them: certificates of ours have one
/// spelling, wherever they come from.
static ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 4] = [
    &OneSpelling { name: "p256", inner: ECDSA_P256_SHA256 },
    &OneSpelling { name: "p384", inner: ECDSA_P384_SHA384 },
    ED25519,
    RSA_PKCS1_2048_8192_SHA256,
];

/// An ECDSA algorithm that accepts the smaller `s` only.
#[derive(Debug)]
struct OneSpelling {
    name: &'static str,
    inner: &'static dyn SignatureVerificationAlgorithm,
}

impl SignatureVerificationAlgorithm for OneSpelling {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let own = |member: &Algorithm| member.is_one_spelling(signature);
        by_name(self.name).filter(|member| own(member)).ok_or(InvalidSignature)?;
        self.inner.verify_signature(public_key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.inner.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.inner.signature_alg_id()
    }
}

/// What the certificate is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// The certificate is for a TLS client.
    Client,
    /// The certificate is for a TLS server.
    Server,
    /// Answers for the status of certificates.
    OcspSigning,
}

/// id-kp-OCSPSigning, content octets.
const OCSP_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09];

/// Checks that `leaf` leads over `intermediates` to `root` at `now` (unix) for `usage`. Revocation
/// is asked elsewhere, at every request.
pub fn check(
    leaf: &Certificate,
    intermediates: &[Certificate],
    root: &Certificate,
    now: u64,
    usage: Usage,
) -> Result<(), PathError> {
    if now > leaf.not_after() {
        return Err(PathError::Expired { not_after: leaf.not_after() });
    }
    if now < leaf.not_before() {
        return Err(PathError::NotYetValid { not_before: leaf.not_before() });
    }
    let foreign = |error: webpki::Error| PathError::Foreign(format!("{error:?}"));
    let root = CertificateDer::from(root.der());
    let anchor = [anchor_from_trusted_cert(&root).map_err(foreign)?];
    let between: Vec<CertificateDer<'_>> =
        intermediates.iter().map(|certificate| CertificateDer::from(certificate.der())).collect();
    let der = CertificateDer::from(leaf.der());
    let end_entity = EndEntityCert::try_from(&der).map_err(foreign)?;
    let purpose = Purpose(match usage {
        Usage::Client => webpki::KeyUsage::client_auth(),
        Usage::Server => webpki::KeyUsage::server_auth(),
        Usage::OcspSigning => webpki::KeyUsage::required_if_present(OCSP_SIGNING),
    });
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now));
    end_entity
        .verify_for_usage(&ALGORITHMS, &anchor, &between, time, &purpose, None, None)
        .map(|_| ())
        .map_err(foreign)
}
