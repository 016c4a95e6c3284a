//! Connections to the application: HTTP/1.1, kept per connection of a person, so that two people
//! never share one. An application of HTTP/2 has its own ([`http2`]), kept alike.
//!
//! The task that asks does what there is to do on the application's connection, and hands nothing
//! over to another task. What is sent as a head alone, which is most, needs nobody else
//! ([`direct`]); on all else the HTTP library speaks ([`library`]), and where it does it goes on
//! doing so. What waits for the next request is watched by the task of the person's connection.

mod answer;
mod direct;
mod doubt;
mod http2;
mod library;
pub(super) mod places;
mod stream;

pub(super) use answer::read_answer;
pub(crate) use places::{UpstreamTrouble, Upstreams};
pub(super) use stream::connect;
pub(crate) use stream::{HTTP2_PROTOCOL, TlsToUpstream};

use super::fields::Origin;
use super::no_answer::NoAnswer;
use super::request_body::RequestBody;
use crate::config::GateLimits;
use crate::fixed::{IDLE_MAX, WAITED_MAX};
use answer::{AnswerLimits, AnswerRest};
use bytes::Bytes;
use direct::DirectConnection;
use doubt::is_doubtful;
use http::{HeaderValue, Request, Response, header};
use http2::{Http2Answer, Http2Pool, Http2Turn};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use library::LibraryConnection;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// The connections of one person's connection.
pub(super) struct Pool<B: Body + 'static = RequestBody> {
    upstreams: Arc<Upstreams>,
    /// Where it looks first.
    from: usize,
    builder: Builder,
    limits: AnswerLimits,
    idle: Mutex<Vec<(Upstream<B>, Instant)>>,
    /// All of them, where HTTP/2 is spoken.
    http2: Option<Http2Pool>,
}

impl<B> Pool<B>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    pub(super) fn new(upstreams: &Arc<Upstreams>, limits: &GateLimits) -> Self {
        let mut builder = Builder::new();
        builder.max_headers(limits.answer_fields).max_buf_size(limits.answer_head_bytes);
        let from = upstreams.begin();
        let http2 = Http2Pool::new(upstreams.protocol(), limits);
        let (head_bytes, fields) = (limits.answer_head_bytes, limits.answer_fields);
        let limits = AnswerLimits { head_bytes, fields };
        let (upstreams, idle) = (upstreams.clone(), Mutex::default());
        Self { upstreams, from, builder, limits, idle, http2 }
    }

    /// Whether the application speaks HTTP/2.
    pub(super) fn speaks_http2(&self) -> bool {
        self.http2.is_some()
    }

    /// A connection that is ready: a kept one, or a new one; for a request that is a head alone, or
    /// for any.
    pub(super) async fn take(
        &self,
        (fresh, is_head_alone): (bool, bool),
        now: Instant,
    ) -> io::Result<Upstream<B>> {
        if let Some(http2) = &self.http2 {
            let turn = http2.take((self.upstreams.as_ref(), self.from), (fresh, now)).await?;
            let place = turn.place();
            return Ok(Upstream { place, speaker: Speaker::Http2(turn), is_last: false });
        }
        while let Some(mut kept) = self.kept(now).filter(|_| !fresh) {
            if kept.is_ready() {
                return self.speaking(kept, is_head_alone).await;
            }
        }
        let (stream, place) = self.upstreams.connect(self.from).await?;
        let speaker = Speaker::Direct(DirectConnection::new(stream, self.limits));
        self.speaking(Upstream { place, speaker, is_last: false }, is_head_alone).await
    }

    /// One that takes the request: the library is asked where it is more than a head.
    async fn speaking(
        &self,
        upstream: Upstream<B>,
        is_head_alone: bool,
    ) -> io::Result<Upstream<B>> {
        let Upstream { place, speaker, is_last } = upstream;
        let speaker = match speaker {
            Speaker::Direct(direct) if !is_head_alone => {
                let stream = TokioIo::new(direct.into_stream());
                let (sender, connection) =
                    self.builder.handshake(stream).await.map_err(io::Error::other)?;
                Speaker::Library(LibraryConnection::new(sender, connection))
            }
            speaker => speaker,
        };
        Ok(Upstream { place, speaker, is_last })
    }

    fn kept(&self, now: Instant) -> Option<Upstream<B>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| now.saturating_duration_since(*since) < WAITED_MAX);
        idle.pop().map(|(upstream, _)| upstream)
    }

    /// Keeps a connection for the next request.
    pub(super) fn give_back(&self, upstream: Upstream<B>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX && !upstream.is_last && !upstream.is_closed() {
            idle.push((upstream, Instant::now()));
        }
    }

    /// Lets go of those that the application closed while they waited; whoever asks is woken when
    /// it closes another one.
    fn watch(&self, context: &mut Context<'_>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain_mut(|(upstream, _)| match &mut upstream.speaker {
            Speaker::Direct(direct) => direct.is_ready(context),
            Speaker::Library(library) => library.is_watched(context),
            // Nothing that waits here.
            Speaker::Http2(_) => false,
        });
    }

    /// Lets go of all that wait: nothing more is asked.
    pub(super) fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(http2) = &self.http2 {
            http2.clear();
        }
    }
}

/// A connection to the application that takes one request at a time, or a stream of HTTP/2.
pub(super) struct Upstream<B: Body + 'static = RequestBody> {
    /// The number of its place.
    pub(super) place: usize,
    speaker: Speaker<B>,
    /// Whether the answer that it brings is its last: nobody knows what stands behind that, or
    /// behind its request.
    is_last: bool,
}

/// Who speaks on a connection.
enum Speaker<B: Body + 'static> {
    /// Whoever asks.
    Direct(DirectConnection),
    /// The HTTP library.
    Library(LibraryConnection<B>),
    /// Whoever asks, beside others on the same connection.
    Http2(Http2Turn),
}

/// Why a request has no answer.
pub(super) struct NotSent<B> {
    /// The request, if nothing of it was sent.
    pub(super) unsent: Option<Request<B>>,
    pub(super) error: NoAnswer,
}

impl<B> Upstream<B>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Sends a request, with where it comes from, and waits for its answer; one of which nothing
    /// was sent comes back.
    pub(super) async fn send(
        &mut self,
        mut request: Request<B>,
        origin: Option<&Origin>,
    ) -> Result<Response<UpstreamBody>, Box<NotSent<B>>> {
        let (method, has_body) = (request.method().clone(), !request.body().is_end_stream());
        let asks_protocol = request.headers().contains_key(header::UPGRADE);
        let sent = match &mut self.speaker {
            Speaker::Library(library) => {
                if let Some(origin) = origin {
                    origin.tell(request.headers_mut());
                }
                if has_body && !asks_protocol {
                    // What an application leaves unread of it would be its next request.
                    let close = HeaderValue::from_static("close");
                    request.headers_mut().insert(header::CONNECTION, close);
                }
                let sent = library.send(request).await;
                sent.map(|answer| answer.map(UpstreamBody::Library)).map_err(|mut error| {
                    let unsent = error.take_message();
                    Box::new(NotSent { unsent, error: error.into_error().into() })
                })
            }
            Speaker::Http2(turn) => {
                let sent = turn.send(request, origin).await;
                sent.map(|answer| answer.map(UpstreamBody::Http2))
            }
            Speaker::Direct(direct) if request.body().is_end_stream() => {
                let (asked, _) = request.into_parts();
                // One that comes back from the library was told already.
                let origin = origin.filter(|_| !asked.headers.contains_key(header::HOST));
                let beside = origin.map(Origin::written).unwrap_or_default();
                let sent = direct.send(&asked, beside).await;
                sent.map(|answer| answer.map(UpstreamBody::Direct))
                    .map_err(|error| Box::new(NotSent { unsent: None, error }))
            }
            Speaker::Direct(_) => {
                // A body would be lost.
                let error = NoAnswer::Stream(io::ErrorKind::InvalidInput.into());
                Err(Box::new(NotSent { unsent: None, error }))
            }
        };
        // One that was to become another protocol may be taken for that by whoever answers.
        self.is_last |= has_body || asks_protocol;
        self.is_last |= sent.as_ref().is_ok_and(|one| is_doubtful(&method, one));
        sent
    }

    /// The next frame of the answer that comes on it.
    pub(super) fn poll_frame(
        &mut self,
        body: &mut UpstreamBody,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, NoAnswer>>> {
        match (&mut self.speaker, body) {
            (Speaker::Direct(direct), UpstreamBody::Direct(rest)) => {
                direct.poll_frame(rest, context)
            }
            (Speaker::Library(library), UpstreamBody::Library(body)) => {
                library.poll_frame(body, context).map_err(NoAnswer::from)
            }
            (_, body) => body.poll_alone(context),
        }
    }

    /// Gives it a task of its own: it becomes another protocol, or sends and receives at once. What
    /// is sent as a head alone needs none.
    pub(super) fn detach(&mut self) {
        if let Speaker::Library(library) = &mut self.speaker {
            library.detach();
        }
    }

    /// The answer does not come in time: a connection that others share is theirs no more.
    pub(super) fn retire(&self) {
        if let Speaker::Http2(turn) = &self.speaker {
            turn.retire();
        }
    }

    /// Whether it takes a request, as far as is known by now.
    fn is_ready(&mut self) -> bool {
        match &mut self.speaker {
            Speaker::Direct(direct) => direct.is_ready(&mut Context::from_waker(Waker::noop())),
            Speaker::Library(library) => library.is_ready(),
            Speaker::Http2(_) => true,
        }
    }

    fn is_closed(&self) -> bool {
        match &self.speaker {
            Speaker::Direct(direct) => direct.is_closed(),
            Speaker::Library(library) => library.is_closed(),
            // Its connection is kept beside it, and this stream takes no other request.
            Speaker::Http2(_) => true,
        }
    }
}

/// The body of an answer, as it comes on its connection.
pub(super) enum UpstreamBody {
    /// Read from the connection itself; this is what is still to come.
    Direct(AnswerRest),
    /// Read by the HTTP library.
    Library(Incoming),
    /// Read from a stream of HTTP/2.
    Http2(Http2Answer),
}

impl UpstreamBody {
    /// The next frame of one whose connection is done with it.
    pub(super) fn poll_alone(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, NoAnswer>>> {
        match self {
            Self::Direct(AnswerRest::Nothing) => Poll::Ready(None),
            Self::Direct(_) => Poll::Ready(Some(Err(NoAnswer::Ended))),
            Self::Library(body) => Pin::new(body).poll_frame(context).map_err(NoAnswer::from),
            Self::Http2(body) => body.poll_frame(context),
        }
    }

    /// Whether nothing more comes.
    pub(super) fn is_end_stream(&self) -> bool {
        match self {
            Self::Direct(rest) => *rest == AnswerRest::Nothing,
            Self::Library(body) => body.is_end_stream(),
            Self::Http2(body) => body.is_end_stream(),
        }
    }

    /// How much comes, as far as is known.
    pub(super) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Direct(AnswerRest::Nothing) => SizeHint::with_exact(0),
            Self::Direct(AnswerRest::Length(left)) => SizeHint::with_exact(*left),
            Self::Direct(_) => SizeHint::default(),
            Self::Library(body) => body.size_hint(),
            Self::Http2(body) => body.size_hint(),
        }
    }
}

/// What is spoken with a person, and beside it the connections to the application that wait for
/// their next request.
pub(super) struct Conversation<C> {
    pub(super) person: C,
    pub(super) pool: Arc<Pool>,
}

impl<C: Future + Unpin> Future for Conversation<C> {
    type Output = C::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<C::Output> {
        let this = self.get_mut();
        this.pool.watch(context);
        Pin::new(&mut this.person).poll(context)
    }
}

#[cfg(test)]
mod tests;
