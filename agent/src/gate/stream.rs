//! Bodies: passed on frame by frame, never collected, counted, cut when the request is cut. Whoever drops
//! the last part of a request records its end.

use super::Gate;
use super::live::Underway;
use super::opened::Busy;
use super::upstream::{Pool, Sender};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use records::access::Completion;
use records::record::Event;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio_util::sync::WaitForCancellationFutureOwned;

/// Why a body ends before its time.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    /// The request is no longer permitted, or nothing moved.
    #[error("cut")]
    Cut,
    /// More than the application takes.
    #[error("too large")]
    TooLarge,
    /// The other side.
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

/// The end of a request: written once, when the last part is dropped.
pub(super) struct End {
    gate: Arc<Gate>,
    request: String,
    pub(super) underway: Arc<Underway>,
    number: u64,
    said: Mutex<(u16, Option<&'static str>)>,
}

impl End {
    pub(super) fn new(gate: &Arc<Gate>, request: String, underway: Arc<Underway>) -> Arc<Self> {
        let number = gate.live.enter(underway.clone());
        let said = Mutex::default();
        Arc::new(Self { gate: gate.clone(), request, underway, number, said })
    }

    /// Status of the answer, once it is known.
    pub(super) fn status(&self, status: u16) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).0 = status;
    }

    /// How it ends: the first cause counts, what follows from it does not. Without any the client left.
    pub(super) fn outcome(&self, outcome: &'static str) -> &'static str {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).1.get_or_insert(outcome)
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.gate.live.leave(self.number);
        let (status, outcome) = *self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = outcome.unwrap_or("client-gone");
        let cut = self.underway.cut.is_cancelled();
        let completion = Completion {
            request: std::mem::take(&mut self.request),
            outcome: if cut && outcome != "done" { "cut" } else { outcome }.into(),
            status,
            up: self.underway.up.load(Ordering::Relaxed),
            down: self.underway.down.load(Ordering::Relaxed),
            micros: u64::try_from(self.underway.began.elapsed().as_micros()).unwrap_or(0),
        };
        self.gate.spool.note(Event::Completion(completion), Vec::new());
    }
}

/// The body of a request on its way to the application.
pub(super) struct Up {
    inner: Incoming,
    end: Arc<End>,
    left: u64,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Drop for Up {
    fn drop(&mut self) {
        self.end.underway.uploading.store(false, Ordering::Relaxed);
    }
}

impl Up {
    pub(super) fn new(inner: Incoming, end: &Arc<End>, most: u64) -> Self {
        end.underway.uploading.store(!inner.is_end_stream(), Ordering::Relaxed);
        let cut = Box::pin(end.underway.cut.clone().cancelled_owned());
        Self { inner, end: end.clone(), left: most, cut }
    }
}

impl Body for Up {
    type Data = Bytes;
    type Error = Ended;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Ended>>> {
        let this = self.get_mut();
        if this.cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(Ended::Cut)));
        }
        loop {
            let polled = Pin::new(&mut this.inner).poll_frame(context);
            return match polled {
                Poll::Ready(Some(Ok(frame))) => {
                    let Some(data) = frame.data_ref() else { continue };
                    let length = data.len();
                    this.end.underway.move_on(&this.end.underway.up, length);
                    match this.left.checked_sub(length as u64) {
                        Some(left) => this.left = left,
                        None => {
                            this.end.outcome("too-large");
                            return Poll::Ready(Some(Err(Ended::TooLarge)));
                        }
                    }
                    // Its library may drop it now instead of asking once more.
                    this.end
                        .underway
                        .uploading
                        .store(!this.inner.is_end_stream(), Ordering::Relaxed);
                    Poll::Ready(Some(Ok(frame)))
                }
                Poll::Ready(None) => {
                    this.end.underway.uploading.store(false, Ordering::Relaxed);
                    Poll::Ready(None)
                }
                Poll::Ready(Some(Err(error))) => {
                    this.end.outcome("client-gone");
                    Poll::Ready(Some(Err(error.into())))
                }
                Poll::Pending => Poll::Pending,
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

/// The body of an answer.
pub(super) enum Down {
    /// Our own.
    Own(Full<Bytes>),
    /// The application's.
    Passed(Box<Passed>),
}

/// The application's answer on its way to the person.
pub(super) struct Passed {
    inner: Incoming,
    end: Arc<End>,
    /// The connection it comes on, for the next request of the same person.
    back: Option<(Sender, Arc<Pool>)>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Its connection is busy until this is over.
    pub(super) busy: Option<Busy>,
}

impl Passed {
    pub(super) fn new(inner: Incoming, end: Arc<End>, sender: Sender, pool: Arc<Pool>) -> Self {
        let cut = Box::pin(end.underway.cut.clone().cancelled_owned());
        let mut passed = Self { inner, end, back: Some((sender, pool)), cut, busy: None };
        if passed.inner.is_end_stream() {
            passed.finish();
        }
        passed
    }

    fn finish(&mut self) {
        self.end.outcome("done");
        if let Some((sender, pool)) = self.back.take() {
            pool.give_back(sender);
        }
    }
}

impl Body for Down {
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
            Self::Passed(passed) => passed,
        };
        if passed.cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(Ended::Cut)));
        }
        loop {
            let polled = Pin::new(&mut passed.inner).poll_frame(context);
            return match polled {
                Poll::Ready(Some(Ok(frame))) => {
                    let Some(data) = frame.data_ref() else { continue };
                    passed.end.underway.move_on(&passed.end.underway.down, data.len());
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
                Poll::Pending => Poll::Pending,
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(full) => full.is_end_stream(),
            Self::Passed(passed) => passed.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(full) => full.size_hint(),
            Self::Passed(passed) => passed.inner.size_hint(),
        }
    }
}
