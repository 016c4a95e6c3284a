//! The body of an answer: our own, or the application's as it comes, counted, cut when the request
//! is cut.

use super::completion::CompletionGuard;
use super::connection_context::RequestGuard;
use super::cut::Direction;
use super::ended::Ended;
use super::trailers;
use super::upstream::{Pool, Upstream, UpstreamBody};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

/// The body of an answer.
pub(super) enum ResponseBody {
    /// Our own.
    Own(Full<Bytes>),
    /// The application's.
    Forwarded(Box<ForwardedBody>),
}

/// The application's answer on its way to the person.
pub(super) struct ForwardedBody {
    inner: UpstreamBody,
    end: Arc<CompletionGuard>,
    /// The connection it comes on, for the next request of the same person.
    back: Option<(Upstream, Arc<Pool>)>,
    /// Whether the fields behind it pass.
    with_trailers: bool,
    /// Its connection is busy until this is over.
    pub(super) guard: Option<RequestGuard>,
}

impl ForwardedBody {
    pub(super) fn new(
        (inner, with_trailers): (UpstreamBody, bool),
        end: Arc<CompletionGuard>,
        upstream: Upstream,
        pool: Arc<Pool>,
    ) -> Self {
        let back = Some((upstream, pool));
        let mut passed = Self { inner, end, back, with_trailers, guard: None };
        if passed.inner.is_end_stream() {
            passed.finish();
        }
        passed
    }

    fn finish(&mut self) {
        self.end.outcome("done");
        if let Some((upstream, pool)) = self.back.take() {
            pool.give_back(upstream);
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Ended;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Ended>>> {
        let passed = match self.get_mut() {
            Self::Own(full) => {
                let polled = Pin::new(full).poll_frame(context);
                return polled
                    .map(|frame| frame.map(|frame| frame.map_err(|never| match never {})));
            }
            Self::Forwarded(passed) => passed,
        };
        if passed.end.in_flight.cut.is_cut() {
            return Poll::Ready(Some(Err(Ended::Cut)));
        }
        loop {
            let polled = match &mut passed.back {
                Some((upstream, _)) => upstream.poll_frame(&mut passed.inner, context),
                None => passed.inner.poll_alone(context),
            };
            return match polled {
                Poll::Ready(Some(Ok(frame))) => {
                    let Some(data) = frame.data_ref() else {
                        let fields = frame.into_trailers().ok();
                        let Some(fields) = fields.filter(|_| passed.with_trailers) else {
                            continue;
                        };
                        passed.finish();
                        let fields = trailers::to_person(&fields);
                        return Poll::Ready(Some(Ok(Frame::trailers(fields))));
                    };
                    let in_flight = &passed.end.in_flight;
                    in_flight.move_on(&in_flight.down, data.len());
                    in_flight.awaits_application.store(false, Ordering::Relaxed);
                    if passed.inner.is_end_stream() {
                        passed.finish();
                    }
                    Poll::Ready(Some(Ok(frame)))
                }
                Poll::Ready(None) => {
                    passed.finish();
                    Poll::Ready(None)
                }
                Poll::Ready(Some(Err(error))) => {
                    passed.end.outcome("upstream-error");
                    Poll::Ready(Some(Err(error.into())))
                }
                Poll::Pending => {
                    let in_flight = &passed.end.in_flight;
                    in_flight.awaits_application.store(true, Ordering::Relaxed);
                    in_flight.cut.poll(Direction::Back, context).map(|()| Some(Err(Ended::Cut)))
                }
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(full) => full.is_end_stream(),
            Self::Forwarded(passed) => passed.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(full) => full.size_hint(),
            Self::Forwarded(passed) => passed.inner.size_hint(),
        }
    }
}
