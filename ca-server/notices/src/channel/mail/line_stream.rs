//! What a mail server says, a line a read, and no more of it than a conversation has. `lettre`
//! reads a line of any length before it looks at it; and what it has read behind the answer to
//! STARTTLS, which came in clear from anybody, it would take for what the server says within TLS.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader, ReadBuf};

/// Most bytes of one conversation, TLS counted: its replies are a few hundred each.
const SAID_BYTES_MAX: usize = 256 * 1024;

/// A stream that gives no more than a line at a time, and ends with an error behind so many bytes.
#[derive(Debug)]
pub(super) struct LineStream<S> {
    inner: BufReader<S>,
    peer: SocketAddr,
    /// Bytes that may still be given.
    left: usize,
}

impl<S: AsyncRead> LineStream<S> {
    pub(super) fn new(inner: S, peer: SocketAddr) -> Self {
        Self { inner: BufReader::new(inner), peer, left: SAID_BYTES_MAX }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LineStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let held = ready!(Pin::new(&mut this.inner).poll_fill_buf(context))?;
        let line = held.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        let (part, _) = line.split_at(line.len().min(to.remaining()));
        this.left = this.left.checked_sub(part.len()).ok_or_else(says_too_much)?;
        to.put_slice(part);
        let given = part.len();
        Pin::new(&mut this.inner).consume(given);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for LineStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + Debug> AsyncTokioStream for LineStream<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

fn says_too_much() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it says more than a conversation has")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn told(bytes: &[u8]) -> LineStream<&[u8]> {
        LineStream::new(bytes, SocketAddr::from(([127, 0, 0, 1], 25)))
    }

    /// Whoever is on the way says something behind the answer to STARTTLS: it is left to TLS, which
    /// takes it for no answer of the server's.
    #[tokio::test]
    async fn what_is_said_in_clear_is_no_reply_within_tls() {
        let mut stream = told(b"220 go ahead\r\n250 you are known\r\n");
        let mut buffer = [0; 64];
        let count = stream.read(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..count], b"220 go ahead\r\n", "nothing of the next line");
        let count = stream.read(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..count], b"250 you are known\r\n");
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 0, "the end is one");
        // A small buffer gets all of a line in parts.
        let mut all = String::new();
        let mut stream = told(b"250-one\r\n250 two").take(7);
        stream.read_to_string(&mut all).await.unwrap();
        stream.set_limit(64);
        stream.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "250-one\r\n250 two");
    }

    #[tokio::test]
    async fn a_conversation_has_so_many_bytes() {
        let bytes = vec![b'x'; SAID_BYTES_MAX + 1];
        let mut all = Vec::new();
        let most = bytes.get(..SAID_BYTES_MAX).unwrap();
        told(most).read_to_end(&mut all).await.unwrap();
        assert_eq!(all, most);
        let error = told(&bytes).read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        // What is said back is not counted.
        let (near, mut far) = tokio::io::duplex(64);
        let mut near = LineStream::new(near, SocketAddr::from(([127, 0, 0, 1], 25)));
        near.write_all(b"QUIT\r\n").await.unwrap();
        near.shutdown().await.unwrap();
        let mut said = String::new();
        far.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "QUIT\r\n");
    }
}
