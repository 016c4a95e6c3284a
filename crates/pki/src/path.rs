//! Path checks behind one function; today by webpki under it, with our anchors and nothing else.

use crate::Certificate;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
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

/// What the certificate is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// TLS client.
    Client,
    /// TLS server.
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
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    end_entity
        .verify_for_usage(algorithms, &anchor, &between, time, &purpose, None, None)
        .map(|_| ())
        .map_err(foreign)
}
