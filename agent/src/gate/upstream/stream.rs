//! A stream to the application: TCP, TLS over it, or a socket of this machine.

use crate::config::UpstreamAddress;
use crate::fixed::CONNECT_MAX;
use mtls::dial::{DialledStream, shake};
use rustls::ClientConfig;
use std::io::{Error, ErrorKind, IoSlice, Result};
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
                let stream = TcpStream::connect(address).await?;
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
