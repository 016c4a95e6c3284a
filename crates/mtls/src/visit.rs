//! One look at a machine of somebody else's: a file of its web server, or the certificate that it
//! shows. It has an address, a time and a size; nothing is followed, kept or trusted of it.

use crate::suites::of_visits;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use pki::PublicKey;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Time for a connection, and for all of a visit.
const CONNECT_MAX: Duration = Duration::from_secs(5);
const VISIT_MAX: Duration = Duration::from_secs(10);
/// Most bytes of a head, and most fields.
const HEAD_BYTES_MAX: usize = 16 * 1024;
const FIELDS_MAX: usize = 64;

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// Where; nobody resolves a name again.
    pub address: SocketAddr,
    /// The name that a handshake asks for; none over plain HTTP.
    pub tls_name: Option<&'a str>,
    /// What the `Host` field says.
    pub authority: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Most bytes of a body that are read.
    pub body_bytes_max: usize,
}

/// What a web server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visited {
    /// The status.
    pub status: u16,
    /// Where it leads, if it does.
    pub location: Option<String>,
    /// The body of what was found, with status 200; nobody looks at another one.
    pub body: Vec<u8>,
}

/// Why a visit brought nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VisitError {
    /// Nobody is there.
    #[error("{0}")]
    Unreachable(String),
    /// The handshake failed.
    #[error("{0}")]
    Handshake(String),
    /// It is not HTTP, or broke off.
    #[error("{0}")]
    Broken(String),
    /// It took too long.
    #[error("timeout")]
    Late,
    /// The body is larger than anything that was asked for.
    #[error("the answer is too large")]
    TooLarge,
}

/// Fetches a file.
pub async fn fetch(visit: Visit<'_>) -> Result<Visited, VisitError> {
    let asked = async {
        let stream = connect(visit.address).await?;
        let Some(name) = visit.tls_name else { return ask(stream, visit).await };
        ask(handshake(stream, name, None).await?, visit).await
    };
    tokio::time::timeout(VISIT_MAX, asked).await.map_err(|_| VisitError::Late)?
}

/// The certificate, in DER, that a server shows to whoever speaks this protocol and asks for this
/// name; it signed the handshake with the certificate's key.
pub async fn certificate(
    address: SocketAddr,
    name: &str,
    protocol: &'static [u8],
) -> Result<Vec<u8>, VisitError> {
    let looked = async {
        let stream = connect(address).await?;
        let stream = handshake(stream, name, Some(protocol)).await?;
        let (_, connection) = stream.get_ref();
        if connection.alpn_protocol() != Some(protocol) {
            return Err(VisitError::Handshake("ALPN".into()));
        }
        let shown = connection.peer_certificates().and_then(|chain| chain.first());
        shown.map(|der| der.to_vec()).ok_or_else(|| VisitError::Handshake("no certificate".into()))
    };
    tokio::time::timeout(VISIT_MAX, looked).await.map_err(|_| VisitError::Late)?
}

async fn connect(address: SocketAddr) -> Result<TcpStream, VisitError> {
    let connecting = tokio::time::timeout(CONNECT_MAX, TcpStream::connect(address)).await;
    let stream = connecting.map_err(|_| VisitError::Late)?;
    stream.map_err(|error| VisitError::Unreachable(error.to_string()))
}

async fn handshake(
    stream: TcpStream,
    name: &str,
    protocol: Option<&'static [u8]>,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, VisitError> {
    let failed = |error: String| VisitError::Handshake(error);
    let config = anybody(protocol).map_err(|error| failed(error.to_string()))?;
    let name = ServerName::try_from(name.to_owned()).map_err(|error| failed(error.to_string()))?;
    let connected = TlsConnector::from(config).connect(name, stream).await;
    connected.map_err(|error| failed(error.to_string()))
}

async fn ask<S>(stream: S, visit: Visit<'_>) -> Result<Visited, VisitError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| VisitError::Broken(error.to_string());
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX).max_headers(FIELDS_MAX);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let speaking = tokio::spawn(connection);
    let request = Request::get(visit.path)
        .header(header::HOST, visit.authority)
        .header(header::USER_AGENT, "yinxin")
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| VisitError::Broken(error.to_string()))?;
    let visited = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let (head, mut body) = response.into_parts();
        let location = head.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let (location, mut read) = (location.map(str::to_owned), Vec::new());
        // The page beside a redirect, or that says why not, may be of any length.
        while head.status == 200
            && let Some(frame) = body.frame().await
        {
            let Ok(part) = frame.map_err(broken)?.into_data() else { continue };
            if read.len() + part.len() > visit.body_bytes_max {
                return Err(VisitError::TooLarge);
            }
            read.extend_from_slice(&part);
        }
        Ok(Visited { status: head.status.as_u16(), location, body: read })
    };
    let visited = visited.await;
    speaking.abort();
    visited
}

/// A configuration for a server whose certificate nobody trusts: that it holds the certificate's
/// key is all that is proven. TLS 1.2 is the least (RFC 8737 3).
fn anybody(protocol: Option<&'static [u8]>) -> Result<Arc<ClientConfig>, Error> {
    let verifier = Anybody { crypto: of_visits(), is_asked_for_key: protocol.is_some() };
    let mut config = ClientConfig::builder_with_provider(of_visits())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    config.enable_early_data = false;
    config.alpn_protocols = vec![protocol.unwrap_or(b"http/1.1").to_vec()];
    Ok(Arc::new(config))
}

/// Takes whatever certificate; its key signs the handshake.
#[derive(Debug)]
struct Anybody {
    crypto: Arc<CryptoProvider>,
    /// Whether what it shows proves something; a web server that a redirect leads to proves nothing
    /// by it.
    is_asked_for_key: bool,
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    /// By the key alone, as below.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = pki::certificate::shown_key(certificate);
        let key = key.and_then(|key| PublicKey::read(&key).ok());
        let scheme = u16::from(signed.scheme);
        let holds = key.is_some_and(|key| key.verify_tls12(scheme, message, signed.signature()));
        match holds || !self.is_asked_for_key {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(Error::InvalidCertificate(CertificateError::BadSignature)),
        }
    }

    /// By the key alone: a certificate with an extension that is critical and of no use elsewhere,
    /// as those of challenges have, is read by nobody else.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = pki::certificate::shown_key(certificate);
        let key = key.ok_or(Error::General("no certificate".into()))?;
        let algorithms = &self.crypto.signature_verification_algorithms;
        let key = SubjectPublicKeyInfoDer::from(key);
        verify_tls13_signature_with_raw_key(message, &key, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::sign::{CertifiedKey, SingleCertAndKey};
    use rustls::version::{TLS12, TLS13};
    use rustls::{ServerConfig, SupportedProtocolVersion};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    const ALPN: &[u8] = b"acme-tls/1";

    /// What is seen at a server that shows the certificate of its own key, or of another one.
    async fn seen(
        version: &'static SupportedProtocolVersion,
        protocol: &[u8],
        is_own: bool,
    ) -> Result<Vec<u8>, VisitError> {
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let params = CertificateParams::new(vec!["acme.test".to_owned()]).unwrap();
        let shown = params.self_signed(if is_own { &key } else { &other }).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
        let shown = CertifiedKey::new(vec![shown.der().clone()], key);
        let mut config = ServerConfig::builder_with_provider(of_visits())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
        config.alpn_protocols = vec![protocol.to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        let serving = async {
            let (stream, _) = listener.accept().await.unwrap();
            // Who saw enough leaves.
            let _ = TlsAcceptor::from(Arc::new(config)).accept(stream).await;
        };
        tokio::join!(certificate(place, "acme.test", ALPN), serving).0
    }

    #[tokio::test]
    async fn a_certificate_is_shown_by_who_holds_its_key_and_speaks_the_protocol() {
        for version in [&TLS12, &TLS13] {
            assert!(seen(version, ALPN, true).await.is_ok(), "{version:?}");
            let foreign = seen(version, ALPN, false).await;
            assert!(matches!(foreign, Err(VisitError::Handshake(_))), "{version:?}: {foreign:?}");
            let web = seen(version, b"http/1.1", true).await;
            assert!(matches!(web, Err(VisitError::Handshake(_))), "{version:?}: {web:?}");
        }
    }

    /// What is seen of an answer that begins so, with a page of 2 KiB.
    async fn fetched(head: &str) -> Result<Visited, VisitError> {
        let page = "x".repeat(2_048);
        let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 2048\r\n\r\n{page}");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tls_name, authority, path, body_bytes_max) = (None, "acme.test", "/", 1_024);
        let visit = Visit { address, tls_name, authority, path, body_bytes_max };
        let serving = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1_024]).await;
            // Who saw enough leaves.
            let _ = stream.write_all(answer.as_bytes()).await;
        };
        tokio::join!(fetch(visit), serving).0
    }

    #[tokio::test]
    async fn a_page_that_nobody_looks_at_may_be_of_any_length() {
        let moved = fetched("302 Found\r\nLocation: /there").await.unwrap();
        assert_eq!((moved.status, moved.location.as_deref()), (302, Some("/there")));
        let missing = fetched("404 Not Found").await.unwrap();
        assert_eq!((missing.status, missing.body.len()), (404, 0));
        let large = fetched("200 OK").await;
        assert!(matches!(large, Err(VisitError::TooLarge)), "{large:?}");
    }
}
