//! A stream of HTTP/2 on which what the library ends by itself leaves in the words of whoever
//! listens.

use super::frames::{Frames, RefusalFields};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream of bytes whose frames are looked at as they are written.
pub struct WordedStream<S> {
    inner: S,
    frames: Frames,
    /// What goes out next.
    out: Vec<u8>,
    given: usize,
}

impl<S> WordedStream<S> {
    /// A stream from its beginning, whose refusals have these fields.
    pub fn new(inner: S, refuse: RefusalFields) -> Self {
        Self { inner, frames: Frames::new(refuse), out: Vec::new(), given: 0 }
    }
}

impl<S: AsyncWrite + Unpin> WordedStream<S> {
    fn poll_out(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.out.get(self.given..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.inner).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.given += written,
            }
        }
        self.out.clear();
        self.given = 0;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WordedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(context, to)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WordedStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_out(context))?;
        this.frames.take(bytes, &mut this.out);
        // What does not go now goes before anything else does.
        match this.poll_out(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_out(context))?;
        Pin::new(&mut this.inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_out(context))?;
        Pin::new(&mut this.inner).poll_shutdown(context)
    }
}
