//! Bodies and streams that must move: who sends a body too slowly, or does not take its answer, is
//! cut. So is who takes it by the byte: what is held for them meanwhile is held from others.

use super::activity::{ActiveAnswer, PartialRequest};
use super::budget::Portion;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A client that keeps us waiting takes at least so much of an answer in the time that one may
/// take.
const TAKEN_BYTES_MIN: usize = 8 * 1024;
/// Over HTTP/2 an answer leaves in pieces of this size: each one is seen to be taken.
const PIECE_BYTES: usize = 16 * 1024;

/// Why a body of a request ends before its time.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// It took too long.
    #[error("the body did not come in time")]
    Late,
    /// There is no room for it now.
    #[error("too many bytes of requests are held")]
    Crowded,
    /// The other side.
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

/// The body of a request, whole within a time, and within what its sender may have held here.
pub(super) struct PacedBody {
    inner: Incoming,
    late: Pin<Box<Sleep>>,
    portion: Arc<Portion>,
    partial: Option<PartialRequest>,
}

impl PacedBody {
    pub(super) fn new(
        inner: Incoming,
        limit: Duration,
        portion: Arc<Portion>,
        partial: PartialRequest,
    ) -> Self {
        let partial = (!inner.is_end_stream()).then_some(partial);
        Self { inner, late: Box::pin(tokio::time::sleep(limit)), portion, partial }
    }

    fn took(&mut self, frame: &Frame<Bytes>) -> Result<(), BodyError> {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        if self.inner.is_end_stream() {
            self.partial = None;
        }
        if self.portion.take(bytes) { Ok(()) } else { Err(BodyError::Crowded) }
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(this.took(&frame).map(|()| frame))),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => {
                this.partial = None;
                Poll::Ready(None)
            }
            Poll::Pending if this.late.as_mut().poll(context).is_ready() => {
                Poll::Ready(Some(Err(BodyError::Late)))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The body of an answer; its request is under way until it is dropped.
pub(super) struct AnswerBody {
    inner: axum::body::Body,
    /// What is left of a frame that leaves in pieces.
    rest: Bytes,
    is_http2: bool,
    answer: ActiveAnswer,
    /// What its request and itself hold until then.
    _held: [Arc<Portion>; 2],
}

impl AnswerBody {
    pub(super) fn new(
        inner: axum::body::Body,
        is_http2: bool,
        answer: ActiveAnswer,
        held: [Arc<Portion>; 2],
    ) -> Self {
        Self { inner, rest: Bytes::new(), is_http2, answer, _held: held }
    }

    fn piece(&mut self, whole: Bytes) -> Frame<Bytes> {
        self.rest = whole;
        let length = if self.is_http2 { PIECE_BYTES } else { self.rest.len() };
        Frame::data(self.rest.split_to(length.min(self.rest.len())))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        this.answer.moved();
        if !this.rest.is_empty() {
            let rest = std::mem::take(&mut this.rest);
            return Poll::Ready(Some(Ok(this.piece(rest))));
        }
        Pin::new(&mut this.inner)
            .poll_frame(context)
            .map_ok(|frame| frame.into_data().map_or_else(|other| other, |whole| this.piece(whole)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.inner.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

/// A stream whose client takes what is written within a time, and not by the byte.
pub(super) struct PacedStream<S> {
    inner: S,
    limit: Duration,
    late: Option<Pin<Box<Sleep>>>,
    /// Bytes that were taken since the time began.
    taken: usize,
}

impl<S> PacedStream<S> {
    pub(super) fn new(inner: S, limit: Duration) -> Self {
        Self { inner, limit, late: None, taken: 0 }
    }

    /// Passes on what a write came to, unless too little has moved for too long.
    fn wrote(
        &mut self,
        polled: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &polled {
            self.taken = self.taken.saturating_add(*bytes);
        }
        match &polled {
            // Nobody waited: nothing is slow.
            Poll::Ready(_) if self.late.is_none() => polled,
            _ => self.in_time(polled, context),
        }
    }

    /// Passes on whether everything was taken.
    fn flushed(
        &mut self,
        polled: Poll<io::Result<()>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if polled.is_ready() {
            self.late = None;
            return polled;
        }
        self.in_time(polled, context)
    }

    fn in_time<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        loop {
            if self.late.is_none() {
                self.taken = 0;
            }
            let limit = self.limit;
            let late = self.late.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
            if late.as_mut().poll(context).is_pending() {
                return polled;
            }
            if self.taken < TAKEN_BYTES_MIN {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.late = None;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PacedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(context, to)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PacedStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.wrote(polled, context)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_flush(context);
        this.flushed(polled, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_shutdown(context);
        this.flushed(polled, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_write_vectored(context, slices);
        this.wrote(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const LIMIT: Duration = Duration::from_millis(600);

    /// Whoever takes an answer by the byte is cut like whoever takes nothing of it; whoever is slow
    /// and takes it is not.
    #[tokio::test]
    async fn an_answer_that_is_taken_by_the_byte_ends_in_time() {
        let (ours, mut theirs) = duplex(1);
        let drip = tokio::spawn(async move {
            let mut pace = tokio::time::interval(LIMIT / 30);
            while theirs.read_u8().await.is_ok() {
                pace.tick().await;
            }
        });
        let mut stream = PacedStream::new(ours, LIMIT);
        let written = stream.write_all(&[7; 64 * 1024]);
        let written = tokio::time::timeout(Duration::from_secs(20), written).await;
        let error = written.expect("it is written for ever").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drip.abort();

        let (ours, mut theirs) = duplex(TAKEN_BYTES_MIN);
        let taking = tokio::spawn(async move {
            let (mut pace, mut piece) = (tokio::time::interval(LIMIT / 6), [0; TAKEN_BYTES_MIN]);
            let mut taken = 0;
            while let Ok(1..) = theirs.read_exact(&mut piece).await {
                taken += piece.len();
                pace.tick().await;
            }
            taken
        });
        let mut stream = PacedStream::new(ours, LIMIT);
        stream.write_all(&[7; 10 * TAKEN_BYTES_MIN]).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(taking.await.unwrap(), 10 * TAKEN_BYTES_MIN);
    }
}
