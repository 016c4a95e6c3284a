//! rustls configurations with every option that matters written out.

use pki::pem::Kind;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self as provider, cipher_suite as suite};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    ServerConfig, SignatureScheme, SupportedProtocolVersion,
};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// A handshake of TLS 1.2 is recorded with its messages; what is larger than this is refused.
const MESSAGES_BYTES_MAX: usize = 32 * 1024;

/// Why a TLS identity or configuration cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A PEM file cannot be read.
    #[error("{path}: {what}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// rustls refuses.
    #[error(transparent)]
    Tls(#[from] Error),
    /// The verifier refuses.
    #[error("client verifier: {0}")]
    Verifier(String),
}

/// A certificate chain with its key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads a chain (leaf first, root last) and a key in clear from PEM files; a key that others
    /// can read is refused.
    pub fn from_files(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        let wrong =
            |path: &Path, what: String| TlsError::File { path: path.display().to_string(), what };
        let file = std::fs::read(chain).map_err(|error| wrong(chain, error.to_string()))?;
        let certificates = pki::pem::read(&file, Kind::Certificate)
            .map_err(|error| wrong(chain, error.to_string()))?;
        let file =
            system::file::read_private(key).map_err(|error| wrong(key, error.to_string()))?;
        let pkcs8 =
            pki::pem::read_one(&file, Kind::Key).map_err(|error| wrong(key, error.to_string()))?;
        Self::from_der(certificates, &pkcs8)
    }

    /// The leaf, DER.
    pub fn leaf(&self) -> Option<&[u8]> {
        self.chain.first().map(|leaf| leaf.as_ref())
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

/// What a listener does about client certificates.
#[derive(Clone)]
pub enum ClientAuth {
    /// Never asks.
    None,
    /// Asks, proves possession, and leaves the judgement of the path to the HTTP layer, which can
    /// tell people why.
    Optional {
        /// Subject of the issuing CA, DER, named in the request so that browsers choose well.
        issuers: Vec<Vec<u8>>,
    },
    /// Must lead to this root.
    Required {
        /// Root certificate, DER.
        root: Vec<u8>,
    },
}

static BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
static LATEST: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// RFC 5246, with an extended master secret (RFC 7627) only.
    #[serde(rename = "1.2")]
    Tls12,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    Tls13,
}

impl Version {
    /// As records and settings write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }

    /// This version and every later one.
    fn and_later(self) -> &'static [&'static SupportedProtocolVersion] {
        match self {
            Self::Tls12 => &BOTH,
            Self::Tls13 => &LATEST,
        }
    }
}

/// The suites of TLS 1.2 are those with ephemeral keys and AEAD, for our keys, which are of EC.
fn crypto() -> Arc<CryptoProvider> {
    let cipher_suites = vec![
        suite::TLS13_AES_256_GCM_SHA384,
        suite::TLS13_AES_128_GCM_SHA256,
        suite::TLS13_CHACHA20_POLY1305_SHA256,
        suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    Arc::new(CryptoProvider { cipher_suites, ..provider::default_provider() })
}

/// A listener's configuration: TLS 1.3, no tickets, no resumption.
pub fn server(
    identity: Identity,
    clients: &ClientAuth,
    protocols: &[&str],
) -> Result<Arc<ServerConfig>, TlsError> {
    server_from(Version::Tls13, identity, clients, protocols)
}

/// The same, spoken from a version on: older clients get an alert.
pub fn server_from(
    version: Version,
    identity: Identity,
    clients: &ClientAuth,
    protocols: &[&str],
) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = ServerConfig::builder_with_provider(crypto())
        .with_protocol_versions(version.and_later())?;
    let builder = match clients {
        ClientAuth::None => builder.with_no_client_auth(),
        ClientAuth::Optional { issuers } => {
            let hints = issuers.iter().cloned().map(DistinguishedName::from).collect();
            builder.with_client_cert_verifier(Arc::new(PossessionOnly { hints, crypto: crypto() }))
        }
        ClientAuth::Required { root } => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from(root.clone()))?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto())
                .build()
                .map_err(|error| TlsError::Verifier(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(identity.chain, identity.key)?;
    config.require_ems = true;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(Arc::new(config))
}

/// A client's configuration: the server's chain must end in the root with this SHA-256.
pub fn client(
    root_sha256: [u8; 32],
    identity: Option<Identity>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_provider(crypto())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinnedRoot { root_sha256, crypto: crypto() }));
    let mut config = match identity {
        Some(identity) => builder.with_client_auth_cert(identity.chain, identity.key)?,
        None => builder.with_no_client_auth(),
    };
    config.resumption = rustls::client::Resumption::disabled();
    config.enable_early_data = false;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Accepts a chain if it holds the root with the pinned fingerprint and leads to it.
#[derive(Debug)]
struct PinnedRoot {
    root_sha256: [u8; 32],
    crypto: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedRoot {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let pinned = intermediates.iter().find(|certificate| {
            pki::Certificate::read(certificate).is_ok_and(|c| c.sha256() == self.root_sha256)
        });
        let root = pinned.ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let mut roots = RootCertStore::empty();
        roots.add(root.clone().into_owned())?;
        let roots = Arc::new(roots);
        rustls::client::WebPkiServerVerifier::builder_with_provider(roots, self.crypto.clone())
            .build()
            .map_err(|error| Error::General(error.to_string()))?
            .verify_server_cert(leaf, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken here".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.crypto.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto.signature_verification_algorithms.supported_schemes()
    }
}

/// Proves that the client holds the key of the certificate it shows, and nothing more.
#[derive(Debug)]
struct PossessionOnly {
    hints: Vec<DistinguishedName>,
    crypto: Arc<CryptoProvider>,
}

impl ClientCertVerifier for PossessionOnly {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        messages: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if messages.len() > MESSAGES_BYTES_MAX {
            return Err(Error::General("the handshake is too large to be recorded".into()));
        }
        let algorithms = &self.crypto.signature_verification_algorithms;
        let valid =
            rustls::crypto::verify_tls12_signature(messages, certificate, signed, algorithms)?;
        crate::proof::keep(Version::Tls12, messages, signed);
        Ok(valid)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.crypto.signature_verification_algorithms;
        let valid =
            rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)?;
        crate::proof::keep(Version::Tls13, message, signed);
        Ok(valid)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto.signature_verification_algorithms.supported_schemes()
    }
}
