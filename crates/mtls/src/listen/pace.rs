//! Bodies that must move: who sends one too slowly is cut. An answer leaves in pieces that are seen
//! to be taken.

use super::activity::{ActiveRequest, Activity, PartialRequest};
use super::budget::Portion;
use super::client_body::{BrokenBody, ClientBody};
use super::swallow::swallow;
use bytes::{Bytes, BytesMut};
use http::Request;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// Over HTTP/2 an answer leaves in pieces of this size: each one is seen to be taken.
const PIECE_BYTES: usize = 16 * 1024;
/// So many bytes of a brake are read before it counts: a loss, a suspension or an approval has no
/// more, and many halves of something larger are more than one source may have held.
const BEGUN_BYTES: usize = 64 * 1024;
/// Most bytes over HTTP/2 that a client still gets to send of a request that is answered already.
const SWALLOWED_BYTES_MAX: usize = 1024 * 1024;

/// Why a body of a request ends before its time.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// It took too long.
    #[error("the body did not come in time")]
    Late,
    /// There is no room for it now.
    #[error("too many bytes of requests are held")]
    Crowded,
    /// The other side broke the body off.
    #[error(transparent)]
    Broken(#[from] BrokenBody),
}

/// The body of a request, whole within a time, and within what its sender may have held here.
pub(super) struct PacedBody {
    inner: ClientBody,
    limit: Duration,
    late: Pin<Box<Sleep>>,
    portion: Arc<Portion>,
    partial: Option<PartialRequest>,
    activity: Arc<Activity>,
    was_late: Arc<AtomicBool>,
}

impl PacedBody {
    /// A body of a request on a connection; `was_late` hears if it does not come in time.
    pub(super) fn new(
        inner: ClientBody,
        limit: Duration,
        portion: Arc<Portion>,
        activity: Arc<Activity>,
        was_late: Arc<AtomicBool>,
    ) -> Self {
        let partial = (!inner.is_end_stream()).then(|| activity.awaits_body());
        let late = Box::pin(tokio::time::sleep(limit));
        Self { inner, limit, late, portion, partial, activity, was_late }
    }

    fn took(&mut self, frame: &Frame<Bytes>) -> Result<(), BodyError> {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        if self.inner.is_end_stream() {
            self.partial = None;
        }
        if self.portion.take(bytes) { Ok(()) } else { Err(BodyError::Crowded) }
    }
}

impl Drop for PacedBody {
    fn drop(&mut self) {
        if self.inner.is_end_stream() {
            return;
        }
        if !matches!(self.inner, ClientBody::Http2(_)) {
            return self.activity.leave_rest();
        }
        // Its stream stays open for its own end: some clients take an early one for no answer.
        let rest = std::mem::replace(&mut self.inner, ClientBody::Empty).without_waiting();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(swallow(rest, SWALLOWED_BYTES_MAX, self.limit));
        }
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
        let polled = Pin::new(&mut this.inner).poll_frame(context);
        if let Some(partial) = &mut this.partial {
            partial.awaited(polled.is_pending());
        }
        match polled {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(this.took(&frame).map(|()| frame))),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => {
                this.partial = None;
                Poll::Ready(None)
            }
            Poll::Pending if this.late.as_mut().poll(context).is_ready() => {
                this.was_late.store(true, Ordering::Relaxed);
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

/// A request as far as it came: all of it, or so much as a brake has that one person sends.
pub(super) async fn begun(request: Request<PacedBody>) -> Request<axum::body::Body> {
    let (head, mut rest) = request.into_parts();
    let (mut bytes, mut broken) = (BytesMut::new(), None);
    while bytes.len() < BEGUN_BYTES && broken.is_none() {
        match rest.frame().await {
            Some(Ok(frame)) => bytes.extend(frame.into_data().ok()),
            Some(Err(error)) => broken = Some(error),
            None => break,
        }
    }
    let body = BegunBody { bytes: bytes.freeze(), broken, rest };
    Request::from_parts(head, axum::body::Body::new(body))
}

/// A body of which the beginning was read before its request is looked at.
struct BegunBody {
    bytes: Bytes,
    /// Why there is no more of it.
    broken: Option<BodyError>,
    rest: PacedBody,
}

impl Body for BegunBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if !this.bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.bytes)))));
        }
        match this.broken.take() {
            Some(error) => Poll::Ready(Some(Err(error))),
            None => Pin::new(&mut this.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty() && self.broken.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, begun) = (self.rest.size_hint(), self.bytes.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + begun);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + begun);
        }
        hint
    }
}

/// The body of an answer; its request is under way until it is dropped.
pub(super) struct AnswerBody {
    inner: axum::body::Body,
    /// What is left of a frame that leaves in pieces.
    rest: Bytes,
    is_http2: bool,
    /// Over HTTP/2 whoever speaks it keeps this.
    _under_way: Option<ActiveRequest>,
    /// What its request and itself hold until then.
    _held: [Arc<Portion>; 2],
}

impl AnswerBody {
    pub(super) fn new(
        inner: axum::body::Body,
        is_http2: bool,
        under_way: Option<ActiveRequest>,
        held: [Arc<Portion>; 2],
    ) -> Self {
        Self { inner, rest: Bytes::new(), is_http2, _under_way: under_way, _held: held }
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
