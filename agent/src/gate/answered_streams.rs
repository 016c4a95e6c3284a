//! A connection of HTTP/2 on which no request ends without an answer that names a code and a
//! reference, and each refusal of the library's is recorded like every other.
//!
//! A client that sends no more gets what is under way, as on HTTP/1.

use super::connection_context::ConnectionContext;
use super::page;
use super::reject::reject;
use mtls::listen::{RequestFault, WordedStream};
use records::Code;
use service::problem::{CODE, REFERENCE};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream of bytes whose frames are looked at.
pub(super) struct AnsweredStreams<S> {
    inner: WordedStream<S>,
    context: Arc<ConnectionContext>,
    /// After the client's last byte: until nothing is under way.
    idle: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Whether all that was written has left, and who waits for that.
    is_flushed: bool,
    waits: Option<Waker>,
}

impl<S> AnsweredStreams<S> {
    pub(super) fn new(inner: S, context: Arc<ConnectionContext>) -> Self {
        let refused = context.clone();
        let refuse = move |fault| {
            let (code, reference) = (code(fault), page::reference());
            let whose = (refused.source, refused.shown.serial());
            reject(&refused.gate, "head", code, whose, &reference);
            vec![(CODE.to_owned(), code.name().to_owned()), (REFERENCE.to_owned(), reference)]
        };
        let inner = WordedStream::new(inner, Box::new(refuse));
        Self { inner, context, idle: None, is_flushed: true, waits: None }
    }
}

/// The code of what the library finds wrong.
fn code(fault: RequestFault) -> Code {
    match fault {
        RequestFault::Size => Code::HeadTooLarge,
        _ => Code::Malformed,
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for AnsweredStreams<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.idle.is_none() {
            let before = to.filled().len();
            match ready!(Pin::new(&mut this.inner).poll_read(context, to)) {
                Ok(()) if to.filled().len() > before => return Poll::Ready(Ok(())),
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    return Poll::Ready(Err(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        let activity = this.context.activity.clone();
        let idle = this.idle.get_or_insert_with(|| {
            Box::pin(async move {
                // The library gives out what it has read, and writes what it was given, only while
                // there is nothing to read: it must see that once before and once after.
                tokio::task::yield_now().await;
                activity.until_nothing_is_under_way().await;
                tokio::task::yield_now().await;
            })
        });
        ready!(idle.as_mut().poll(context));
        if this.is_flushed {
            return Poll::Ready(Ok(()));
        }
        // The last of an answer is still to leave; the library would drop it with the end.
        this.idle = Some(Box::pin(std::future::ready(())));
        this.waits = Some(context.waker().clone());
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for AnsweredStreams<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.is_flushed = false;
        Pin::new(&mut this.inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.inner).poll_flush(context))?;
        this.is_flushed = true;
        if let Some(reader) = this.waits.take() {
            reader.wake();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}
