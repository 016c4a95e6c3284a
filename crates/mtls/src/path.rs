//! Whether a certificate leads to the city's root, at a time that fits its path: a clock that moved
//! would end handshakes, and with them revocations.

use crate::identity::TlsError;
use crate::led_to_root::{Chain, LedToRoot};
use crate::suites::crypto;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};
use std::sync::Arc;
use std::time::Duration;

/// Accepts a chain if it holds the root with the pinned fingerprint and leads to it. A certificate
/// that begins later than our clock says that our clock is behind: whoever signed it was there.
#[derive(Debug)]
pub(crate) struct PinnedRoot {
    root_sha256: [u8; 32],
    crypto: Arc<CryptoProvider>,
    led: LedToRoot,
}

impl PinnedRoot {
    /// Judges chains by the root with this SHA-256.
    pub(crate) fn new(root_sha256: [u8; 32]) -> Self {
        Self { root_sha256, crypto: crypto(), led: LedToRoot::default() }
    }
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
        let chain = Chain::of(leaf, intermediates, name);
        if self.led.has(&chain, now) {
            return Ok(ServerCertVerified::assertion());
        }
        let pinned = intermediates.iter().find(|certificate| {
            pki::Certificate::read(certificate).is_ok_and(|c| c.sha256() == self.root_sha256)
        });
        let root = pinned.ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let mut roots = RootCertStore::empty();
        roots.add(root.clone().into_owned())?;
        let roots = Arc::new(roots);
        let begun = life(leaf, intermediates).map_or(now, |(from, _)| now.max(from));
        rustls::client::WebPkiServerVerifier::builder_with_provider(roots, self.crypto.clone())
            .build()
            .map_err(|error| Error::General(error.to_string()))?
            .verify_server_cert(leaf, intermediates, name, ocsp, begun)?;
        self.led.remember(chain, begun);
        Ok(ServerCertVerified::assertion())
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

/// Proves that the client's certificate leads to the root and that it holds its key. A clock that
/// moved would end every handshake, and with it every revocation: the path is judged at a time that
/// fits it.
#[derive(Debug)]
pub(crate) struct PathOnly(Arc<dyn ClientCertVerifier>);

impl PathOnly {
    /// Judges paths to this root, DER.
    pub(crate) fn to(root: &[u8]) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(root.to_vec()))?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto());
        let verifier = verifier.build().map_err(|error| TlsError::Verifier(error.to_string()))?;
        Ok(Self(verifier))
    }
}

impl ClientCertVerifier for PathOnly {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let fits = life(leaf, intermediates).map_or(now, |(from, until)| now.max(from).min(until));
        self.0.verify_client_cert(leaf, intermediates, fits)
    }

    fn verify_tls12_signature(
        &self,
        messages: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(messages, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Since when, and until when, all certificates of a path are in time. What else is sent (RFC 8446
/// 4.4.2), whatever its times are, says nothing of it.
fn life(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> Option<(UnixTime, UnixTime)> {
    let read = |one: &CertificateDer<'_>| pki::Certificate::read(one).ok();
    let mut others: Vec<pki::Certificate> = intermediates.iter().filter_map(read).collect();
    let mut one = read(leaf)?;
    let mut life = (one.not_before(), one.not_after());
    while let Some(at) = others.iter().position(|other| other.subject() == one.issuer()) {
        one = others.swap_remove(at);
        life = (life.0.max(one.not_before()), life.1.min(one.not_after()));
    }
    let unix = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    Some((unix(life.0), unix(life.1)))
}

#[cfg(test)]
mod tests;
