//! The end of a connection of HTTP/1 whose client may still be sending (RFC 9112 9.6).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Sleep;

/// What is read at once.
const PIECE_BYTES: usize = 8 * 1024;

/// Reads on after our last byte, and drops it: a connection that is closed with unread bytes is
/// reset, and takes along the answer that its client did not read yet.
pub struct Linger {
    left: usize,
    over: Pin<Box<Sleep>>,
}

impl Linger {
    /// For so many bytes, and so long.
    pub fn new(most: usize, limit: Duration) -> Self {
        Self { left: most, over: Box::pin(tokio::time::sleep(limit)) }
    }

    /// Whether the client is done, or has had enough.
    pub fn poll<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let mut piece = [0; PIECE_BYTES];
        loop {
            if self.left == 0 || self.over.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut piece);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.left = self.left.saturating_sub(buffer.filled().len());
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
