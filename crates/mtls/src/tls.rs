//! rustls configurations with every option that matters written out.

use crate::path::{PathOnly, PinnedRoot};
use crate::shown::ShownIdentity;
use crate::suites::crypto;
use crate::web::{ByName, WebHost};
use rustls::client::WantsClientCert;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::server::WantsServerCert;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::time_provider::DefaultTimeProvider;
use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    ServerConfig, SignatureScheme, SupportedProtocolVersion,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub use crate::identity::{Identity, TlsError};
pub use rustls::pki_types::UnixTime;
pub use rustls::time_provider::TimeProvider;

/// A handshake of TLS 1.2 is recorded with its messages; what is larger than this is refused.
const MESSAGES_BYTES_MAX: usize = 32 * 1024;

/// What a listener does about client certificates.
#[derive(Clone)]
pub enum ClientAuth {
    /// The server asks clients for no certificate.
    None,
    /// Asks, proves possession, and leaves the judgement of the path to the HTTP layer, which can
    /// tell people why.
    Optional {
        /// Subject of the issuing CA, DER, named in the request so that browsers choose well.
        issuers: Vec<Vec<u8>>,
    },
    /// Must lead to this root. Whether it is in time is left to who judges the peer, by a time that
    /// a clock which moved does not change.
    Required {
        /// The root certificate in which chains have to end, DER.
        root: Vec<u8>,
        /// The clock of the process.
        clock: Arc<dyn TimeProvider>,
    },
}

static BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
static LATEST: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];

/// A version of TLS that a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// RFC 5246, with an extended master secret (RFC 7627) only.
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3 (RFC 8446).
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

/// A listener's configuration: TLS 1.3, no tickets, no resumption.
pub fn server(
    identity: Identity,
    clients: &ClientAuth,
    protocols: &[&str],
) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = builder(Version::Tls13, clients)?;
    let config = builder.with_single_cert(identity.chain, identity.key)?;
    Ok(hardened(config, protocols))
}

/// The same, with another certificate for a name that browsers know.
pub fn server_for_browsers(
    identity: Identity,
    clients: &ClientAuth,
    protocols: &[&str],
    web: Option<Arc<WebHost>>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let Some(web) = web else { return server(identity, clients, protocols) };
    let builder = builder(Version::Tls13, clients)?;
    let config = builder.with_cert_resolver(Arc::new(ByName::new(identity, web)?));
    Ok(hardened(config, protocols))
}

/// The same, spoken from a version on (older clients get an alert), with what may be exchanged
/// while the listener goes on.
pub fn server_from(
    version: Version,
    shown: Arc<ShownIdentity>,
    clients: &ClientAuth,
    protocols: &[&str],
) -> Result<Arc<ServerConfig>, TlsError> {
    Ok(hardened(builder(version, clients)?.with_cert_resolver(shown), protocols))
}

fn builder(
    version: Version,
    clients: &ClientAuth,
) -> Result<ConfigBuilder<ServerConfig, WantsServerCert>, TlsError> {
    let clock = match clients {
        ClientAuth::Required { clock, .. } => clock.clone(),
        ClientAuth::None | ClientAuth::Optional { .. } => Arc::new(DefaultTimeProvider),
    };
    let builder = ServerConfig::builder_with_details(crypto(), clock)
        .with_protocol_versions(version.and_later())?;
    Ok(match clients {
        ClientAuth::None => builder.with_no_client_auth(),
        ClientAuth::Optional { issuers } => {
            let hints = issuers.iter().cloned().map(DistinguishedName::from).collect();
            builder.with_client_cert_verifier(Arc::new(PossessionOnly { hints, crypto: crypto() }))
        }
        ClientAuth::Required { root, .. } => {
            builder.with_client_cert_verifier(Arc::new(PathOnly::to(root)?))
        }
    })
}

/// No tickets, no resumption, nothing before a handshake is over.
fn hardened(mut config: ServerConfig, protocols: &[&str]) -> Arc<ServerConfig> {
    config.require_ems = true;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// A client's configuration: the server's chain must end in the root with this SHA-256.
pub fn client(
    root_sha256: [u8; 32],
    identity: Option<Identity>,
) -> Result<Arc<ClientConfig>, TlsError> {
    client_by(root_sha256, identity, Arc::new(DefaultTimeProvider))
}

/// The same, by the clock of a process.
pub fn client_by(
    root_sha256: [u8; 32],
    identity: Option<Identity>,
    clock: Arc<dyn TimeProvider>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_details(crypto(), clock)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinnedRoot::new(root_sha256)));
    Ok(hardened_client(match identity {
        Some(identity) => builder.with_client_auth_cert(identity.chain, identity.key)?,
        None => builder.with_no_client_auth(),
    }))
}

/// A client's configuration for a server that is not of the city: its chain must end in one of
/// these authorities.
pub fn client_of_web(
    roots: &[Vec<u8>],
    clock: Arc<dyn TimeProvider>,
) -> Result<Arc<ClientConfig>, TlsError> {
    Ok(hardened_client(builder_of_web(roots, clock)?.with_no_client_auth()))
}

/// The same, for an application behind a gate: it is shown the gate's own certificate, if it asks,
/// as it is by then.
pub fn client_of_application(
    roots: &[Vec<u8>],
    shown: Arc<ShownIdentity>,
    clock: Arc<dyn TimeProvider>,
) -> Result<Arc<ClientConfig>, TlsError> {
    Ok(hardened_client(builder_of_web(roots, clock)?.with_client_cert_resolver(shown)))
}

fn builder_of_web(
    roots: &[Vec<u8>],
    clock: Arc<dyn TimeProvider>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsError> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(CertificateDer::from(root.clone()))?;
    }
    let verifier =
        rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(store), crypto());
    let verifier = verifier.build().map_err(|error| TlsError::Verifier(error.to_string()))?;
    Ok(ClientConfig::builder_with_details(crypto(), clock)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_webpki_verifier(verifier))
}

/// No resumption, nothing before a handshake is over.
fn hardened_client(mut config: ClientConfig) -> Arc<ClientConfig> {
    config.resumption = rustls::client::Resumption::disabled();
    config.enable_early_data = false;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
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
