//! One connection over TLS to a server, of the city or not, for what is no HTTP.

use crate::client::CallError;
use crate::reason;
use crate::tls::{Identity, TimeProvider, TlsError, client, client_of_web};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What a tunnel of a gate speaks within TLS (ALPN, RFC 7301). A client that offers other protocols
/// and not this one is refused, so that no browser is made to speak HTTP to a database.
pub const TUNNEL_PROTOCOL: &str = "yinxin-tunnel";

/// A stream over TLS of whoever dialled.
pub type DialledStream<S> = TlsStream<S>;

/// Longest wait for the connection and the handshake.
const DIAL_MAX: Duration = Duration::from_secs(10);

/// A client of tunnels, who shows a certificate and believes one root.
#[derive(Clone, Debug)]
pub struct TunnelClient(Arc<ClientConfig>);

impl TunnelClient {
    /// Believes the root with this SHA-256, and shows an identity.
    pub fn new(root_sha256: [u8; 32], identity: Identity) -> Result<Self, TlsError> {
        let mut config = (*client(root_sha256, Some(identity))?).clone();
        config.alpn_protocols = vec![TUNNEL_PROTOCOL.as_bytes().to_vec()];
        Ok(Self(Arc::new(config)))
    }

    /// Connects to a port of a host in a bounded time.
    pub async fn dial(&self, host: &str, port: u16) -> Result<TlsStream<TcpStream>, CallError> {
        let address = format!("{host}:{port}");
        let unreachable = |error: io::Error| {
            let (what, zh) = (error.to_string(), reason::of_io(&error));
            CallError::Unreachable { address: address.clone(), what, zh }
        };
        let dialled = async {
            // As everywhere, names below `localhost` are this machine without a resolver.
            let stream = if host == "localhost" || host.ends_with(".localhost") {
                TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
            } else {
                TcpStream::connect((host, port)).await
            };
            let stream = stream.map_err(unreachable)?;
            let _ = stream.set_nodelay(true);
            shake(stream, host, self.0.clone()).await.map_err(|error| {
                let (what, zh) = (error.to_string(), reason::of_io(&error));
                CallError::NotTrusted { address: address.clone(), what, zh }
            })
        };
        match tokio::time::timeout(DIAL_MAX, dialled).await {
            Ok(dialled) => dialled,
            Err(_) => Err(unreachable(io::ErrorKind::TimedOut.into())),
        }
    }
}

/// A client of servers that are not of the city and speak no HTTP.
#[derive(Clone, Debug)]
pub struct WebDialler(Arc<ClientConfig>);

impl WebDialler {
    /// Believes these authorities, and offers no protocol.
    pub fn new(roots: &[Vec<u8>], clock: Arc<dyn TimeProvider>) -> Result<Self, TlsError> {
        let mut config = (*client_of_web(roots, clock)?).clone();
        config.alpn_protocols.clear();
        Ok(Self(Arc::new(config)))
    }

    /// Speaks TLS over a stream that is connected, with whoever must bear this name.
    pub async fn shake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        name: &str,
    ) -> io::Result<DialledStream<S>> {
        shake(stream, name, self.0.clone()).await
    }
}

/// Speaks TLS over a stream that is connected, with whoever must bear this name.
pub async fn shake<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    name: &str,
    config: Arc<ClientConfig>,
) -> io::Result<TlsStream<S>> {
    let name = ServerName::try_from(name.to_owned())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    TlsConnector::from(config).connect(name, stream).await
}
