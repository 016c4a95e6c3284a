//! A certificate chain with its key, as a process shows it.

use crate::reason;
use pki::name::both;
use pki::pem::Kind;
use rustls::Error;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs as provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;

/// Why a TLS identity or configuration cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A PEM file cannot be read.
    #[error("{}", told(.path, .what))]
    File {
        /// The file.
        path: String,
        /// What is wrong, in both languages or as the system says.
        what: String,
    },
    /// rustls refuses.
    #[error("{zh} / {0}", zh = reason::of_tls(.0))]
    Tls(#[from] Error),
    /// The verifier refuses.
    #[error("客户端证书的验证无法设置 / client verifier: {0}")]
    Verifier(String),
}

/// Which file it is and what is wrong with it, in both languages if that is.
fn told(path: &str, what: &str) -> String {
    match both(&what) {
        (zh, en) if zh == en => format!("{path}: {what}"),
        (zh, en) => format!("{path}：{zh} / {path}: {en}"),
    }
}

/// A certificate chain with its key.
pub struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads a chain (leaf first, root last) and a key in clear from PEM files; a key that others
    /// can read is refused.
    pub fn from_files(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        let wrong =
            |path: &Path, what: String| TlsError::File { path: path.display().to_string(), what };
        let file =
            system::file::read_given(chain).map_err(|error| wrong(chain, error.to_string()))?;
        let certificates = pki::pem::read(&file, Kind::Certificate)
            .map_err(|error| wrong(chain, error.to_string()))?;
        let file =
            system::file::read_private(key).map_err(|error| wrong(key, error.to_string()))?;
        let pkcs8 =
            pki::pem::read_one(&file, Kind::Key).map_err(|error| wrong(key, error.to_string()))?;
        Self::from_der(certificates, &pkcs8)
    }

    /// The leaf is the first certificate of the chain, DER.
    pub fn leaf(&self) -> Option<&[u8]> {
        self.chain.first().map(|leaf| leaf.as_ref())
    }

    /// The leaf counts until then, unix seconds.
    pub fn not_after(&self) -> Option<u64> {
        Some(pki::Certificate::read(self.leaf()?).ok()?.not_after())
    }

    /// Signs with the identity's key (ECDSA in DER and in its one spelling), as a standing
    /// authorization asks it to.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, TlsError> {
        let key = provider::sign::any_ecdsa_type(&self.key)?;
        let schemes =
            [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ECDSA_NISTP384_SHA384];
        let signer = key.choose_scheme(&schemes).ok_or(Error::General("no scheme".into()))?;
        let p256 = signer.scheme() == SignatureScheme::ECDSA_NISTP256_SHA256;
        let member = pki::algorithm::by_name(if p256 { "p256" } else { "p384" });
        let member = member.ok_or(Error::General("no algorithm".into()))?;
        Ok(member.one_spelling(signer.sign(message)?))
    }

    /// Takes DER that the caller has opened already.
    pub fn from_der(chain: Vec<Vec<u8>>, pkcs8: &[u8]) -> Result<Self, TlsError> {
        let key = PrivateKeyDer::try_from(pkcs8.to_vec())
            .map_err(|what| TlsError::File { path: "key".into(), what: what.into() })?;
        Ok(Self { chain: chain.into_iter().map(CertificateDer::from).collect(), key })
    }
}
