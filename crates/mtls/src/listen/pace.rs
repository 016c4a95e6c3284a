//! Bodies that must move: who sends one too slowly is cut. An answer leaves in pieces that are seen
//! to be taken.

use super::activity::{ActiveRequest, Activity, PartialRequest};
use super::budget::Portion;
use super::client_body::{BrokenBody, ClientBody};
use super::request_place::RequestPlace;
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
    #[error("too many requests of its sender are held")]
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
    partial: Option<PartialRequest>,
    activity: Arc<Activity>,
    charge: RequestCharge,
}

/// What a request takes of what its sender may have here at once.
#[derive(Clone)]
pub(super) struct RequestCharge {
    /// The bytes that it holds.
    pub(super) portion: Arc<Portion>,
    /// Its place among those that are answered.
    pub(super) place: Arc<RequestPlace>,
    /// Whether it did not come in time.
    pub(super) was_late: Arc<AtomicBool>,
}

impl RequestCharge {
    pub(super) fn new(portion: Arc<Portion>, place: RequestPlace) -> Self {
        Self { portion, place: Arc::new(place), was_late: Arc::default() }
    }
}

impl PacedBody {
    /// A body of a request on a connection.
    pub(super) fn new(
        inner: ClientBody,
        limit: Duration,
        activity: Arc<Activity>,
        charge: RequestCharge,
    ) -> Self {
        let partial = (!inner.is_end_stream()).then(|| activity.awaits_body());
        let late = Box::pin(tokio::time::sleep(limit));
        Self { inner, limit, late, partial, activity, charge }
    }

    fn took(&mut self, frame: &Frame<Bytes>) -> Result<(), BodyError> {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        let ended = if self.inner.is_end_stream() { self.ended() } else { Ok(()) };
        if self.charge.portion.take(bytes) { ended } else { Err(BodyError::Crowded) }
    }

    /// All of it is here.
    fn ended(&mut self) -> Result<(), BodyError> {
        self.partial = None;
        if self.charge.place.take_again() { Ok(()) } else { Err(BodyError::Crowded) }
    }

    /// What there is to say while more is to come: nothing, unless there is no more time for it, or
    /// others need the room that it holds.
    fn waits(&mut self, context: &mut Context<'_>) -> Option<BodyError> {
        self.charge.place.give_up();
        self.charge.portion.wait(Some(context.waker()));
        if self.charge.portion.gave_way() {
            return Some(BodyError::Crowded);
        }
        if self.late.as_mut().poll(context).is_ready() {
            self.charge.was_late.store(true, Ordering::Relaxed);
            return Some(BodyError::Late);
        }
        None
    }
}

impl Drop for PacedBody {
    fn drop(&mut self) {
        self.charge.portion.wait(None);
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
        if polled.is_pending() {
            return match this.waits(context) {
                Some(error) => Poll::Ready(Some(Err(error))),
                None => Poll::Pending,
            };
        }
        this.charge.portion.wait(None);
        if this.charge.portion.gave_way() {
            return Poll::Ready(Some(Err(BodyError::Crowded)));
        }
        match polled {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(this.took(&frame).map(|()| frame))),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(this.ended().err().map(Err)),
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
    /// What it holds until then; its request holds nothing any more.
    _held: Arc<Portion>,
}

impl AnswerBody {
    pub(super) fn new(
        inner: axum::body::Body,
        is_http2: bool,
        under_way: Option<ActiveRequest>,
        held: Arc<Portion>,
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
