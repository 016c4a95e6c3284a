//! A stream to the application: TCP, TLS over it, or a socket of this machine.

use crate::config::UpstreamAddress;
use crate::fixed::CONNECT_MAX;
use mtls::dial::{DialledStream, shake};
use rustls::ClientConfig;
use service::open_files::is_for_want_of_own;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// HTTP/2 in the handshake of TLS (RFC 9113 3.2).
pub(crate) const HTTP2_PROTOCOL: &[u8] = b"h2";

/// What is read from and written to.
#[derive(Debug)]
pub(crate) enum UpstreamStream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<DialledStream<TcpStream>>),
}

/// How an application is reached over TLS.
pub(crate) struct TlsToUpstream {
    /// The name that it must have.
    pub(crate) name: String,
    /// Whom the gate believes there, and what it shows.
    pub(crate) config: Arc<ClientConfig>,
}

/// Connects in a bounded time. An application that is not who it must be gives
/// [`ErrorKind::InvalidData`].
pub(crate) async fn connect(
    address: &UpstreamAddress,
    tls: Option<&TlsToUpstream>,
) -> Result<UpstreamStream> {
    let connecting = async {
        match address {
            UpstreamAddress::Tcp(address) => {
                let stream = TcpStream::connect(address).await;
                let stream = stream.map_err(|error| blamed(*address, error))?;
                stream.set_nodelay(true)?;
                let Some(tls) = tls else { return Ok(UpstreamStream::Tcp(stream)) };
                let stream = shake(stream, &tls.name, tls.config.clone()).await?;
                let asks = tls.config.alpn_protocols.iter().any(|one| one == HTTP2_PROTOCOL);
                if asks && stream.get_ref().1.alpn_protocol() != Some(HTTP2_PROTOCOL) {
                    return Err(Error::new(ErrorKind::InvalidData, "no HTTP/2 over TLS"));
                }
                Ok(UpstreamStream::Tls(Box::new(stream)))
            }
            UpstreamAddress::Unix(path) => {
                UnixStream::connect(path).await.map(UpstreamStream::Unix)
            }
        }
    };
    let connected = tokio::time::timeout(CONNECT_MAX, connecting).await;
    connected.map_err(|_| Error::from(ErrorKind::TimedOut))?
}

/// Why nobody is reached there: no port of this machine is free, or none of its addresses leads
/// there at all, as to `[::1]` where IPv6 is off. Both are one error.
fn blamed(address: SocketAddr, error: Error) -> Error {
    match error.kind() {
        ErrorKind::AddrNotAvailable if !is_led_to(address) => {
            Error::new(ErrorKind::HostUnreachable, error)
        }
        _ => error,
    }
}

/// Whether an address of this machine leads there: UDP has ports of its own, and sends nothing to
/// find that out. Where this machine has not enough to look, it is not known.
fn is_led_to(address: SocketAddr) -> bool {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    match UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(address)) {
        Ok(()) => true,
        Err(error) => error.kind() != ErrorKind::AddrNotAvailable && is_for_want_of_own(&error),
    }
}

impl AsyncRead for UpstreamStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, to),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, to),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, to),
        }
    }
}

impl AsyncWrite for UpstreamStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Unix(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where no port is free the gate is at fault; where none of its addresses leads to the
    /// application nobody else is, and that is dead. What says why by itself stays as it is.
    #[test]
    fn an_address_that_nothing_leads_to_is_no_want_of_ports() {
        let no_port = || Error::from_raw_os_error(99);
        let at = |address: &str| address.parse::<SocketAddr>().unwrap();
        assert!(is_for_want_of_own(&blamed(at("127.0.0.1:80"), no_port())));
        let unreachable = blamed(at("255.255.255.255:80"), no_port());
        assert_eq!(unreachable.kind(), ErrorKind::HostUnreachable);
        assert!(!is_for_want_of_own(&unreachable));
        let refused = blamed(at("255.255.255.255:80"), ErrorKind::ConnectionRefused.into());
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }
}
