//! The body of a request: passed on frame by frame, never collected, counted, cut when the request
//! is cut.

use super::completion::CompletionGuard;
use super::cut::Direction;
use super::ended::Ended;
use super::swallow::swallow;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use mtls::listen::ClientBody;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

/// The body of a request on its way to the application.
pub(super) struct RequestBody {
    inner: ClientBody,
    end: Arc<CompletionGuard>,
    left: u64,
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.end.in_flight.uploading.store(false, Ordering::Relaxed);
        if self.inner.is_end_stream() || self.end.in_flight.cut.is_cut() {
            return;
        }
        // An application that answers before it has everything: whoever is still sending reads
        // that answer only afterwards.
        let rest = std::mem::replace(&mut self.inner, ClientBody::Empty);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(swallow(rest.without_waiting()));
        }
    }
}

impl RequestBody {
    pub(super) fn new(inner: ClientBody, end: &Arc<CompletionGuard>, most: u64) -> Self {
        end.in_flight.uploading.store(!inner.is_end_stream(), Ordering::Relaxed);
        Self { inner, end: end.clone(), left: most }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Ended;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Ended>>> {
        let this = self.get_mut();
        if this.end.in_flight.cut.is_cut() {
            return Poll::Ready(Some(Err(Ended::Cut)));
        }
        loop {
            let polled = Pin::new(&mut this.inner).poll_frame(context);
            return match polled {
                Poll::Ready(Some(Ok(frame))) => {
                    let Some(data) = frame.data_ref() else { continue };
                    let length = data.len();
                    let in_flight = &this.end.in_flight;
                    in_flight.move_on(&in_flight.up, length);
                    in_flight.awaits_client.store(false, Ordering::Relaxed);
                    match this.left.checked_sub(length as u64) {
                        Some(left) => this.left = left,
                        None => {
                            this.end.outcome("too-large");
                            return Poll::Ready(Some(Err(Ended::TooLarge)));
                        }
                    }
                    // Its library may drop it now instead of asking once more.
                    this.end
                        .in_flight
                        .uploading
                        .store(!this.inner.is_end_stream(), Ordering::Relaxed);
                    Poll::Ready(Some(Ok(frame)))
                }
                Poll::Ready(None) => {
                    this.end.in_flight.uploading.store(false, Ordering::Relaxed);
                    Poll::Ready(None)
                }
                Poll::Ready(Some(Err(error))) => {
                    this.end.outcome("client-gone");
                    Poll::Ready(Some(Err(error.into())))
                }
                Poll::Pending => {
                    let in_flight = &this.end.in_flight;
                    in_flight.awaits_client.store(true, Ordering::Relaxed);
                    in_flight.cut.poll(Direction::There, context).map(|()| Some(Err(Ended::Cut)))
                }
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
