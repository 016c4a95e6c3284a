//! Connections to the application: HTTP/1.1, kept per connection of a person, so that two people
//! never share one.
//!
//! The task that asks moves the bytes of the application's connection as well, as long as one of
//! both waits for the other: nothing is handed over to another task and back. What must go on by
//! itself has a task of its own; what waits for the next request is watched by the task of the
//! person's connection.

pub(super) mod places;
mod stream;

pub(crate) use places::{UpstreamTrouble, Upstreams};
pub(crate) use stream::TlsToUpstream;
pub(super) use stream::connect;

use super::bell::Bell;
use super::request_body::RequestBody;
use crate::config::GateLimits;
use crate::fixed::{IDLE_MAX, WAITED_MAX};
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;
use stream::UpstreamStream;
use tokio::task::coop::unconstrained;

/// The connections of one person's connection.
pub(super) struct Pool<B: Body + 'static = RequestBody> {
    upstreams: Arc<Upstreams>,
    /// Where it looks first.
    from: usize,
    builder: Builder,
    idle: Mutex<Vec<(Upstream<B>, Instant)>>,
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
        Self { upstreams: upstreams.clone(), from, builder, idle: Mutex::default() }
    }

    /// A connection that is ready: a kept one, or a new one.
    pub(super) async fn take(&self, fresh: bool) -> std::io::Result<Upstream<B>> {
        while let Some(mut kept) = self.kept().filter(|_| !fresh) {
            if kept.is_ready() {
                return Ok(kept);
            }
        }
        let (stream, place) = self.upstreams.connect(self.from).await?;
        let (sender, connection) =
            self.builder.handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        Ok(Upstream { sender, place, here: Some(Mover::new(connection)) })
    }

    fn kept(&self) -> Option<Upstream<B>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < WAITED_MAX);
        idle.pop().map(|(upstream, _)| upstream)
    }

    /// Keeps a connection for the next request.
    pub(super) fn give_back(&self, upstream: Upstream<B>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX && !upstream.is_closed() {
            idle.push((upstream, Instant::now()));
        }
    }

    /// Lets go of those that the application closed while they waited; whoever asks is woken when
    /// it closes another one.
    fn watch(&self, context: &Context<'_>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain_mut(|(upstream, _)| {
            if let Some(here) = &upstream.here {
                here.bell.wakes(context.waker());
            }
            upstream.move_on();
            !upstream.is_closed()
        });
    }

    /// Lets go of all that wait: nothing more is asked.
    pub(super) fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A connection to the application that takes one request at a time.
pub(super) struct Upstream<B: Body + 'static = RequestBody> {
    sender: SendRequest<B>,
    /// The number of its place.
    pub(super) place: usize,
    /// Nothing where it has a task of its own, and once it is over.
    here: Option<Mover<B>>,
}

/// What moves the bytes of a connection that is polled by whoever asks for what it brings.
struct Mover<B: Body + 'static> {
    connection: Box<Connection<TokioIo<UpstreamStream>, B>>,
    bell: Arc<Bell>,
    /// What rings the bell.
    rope: Waker,
}

impl<B: Body + 'static> Mover<B> {
    fn new(connection: Connection<TokioIo<UpstreamStream>, B>) -> Self {
        let bell = Bell::new();
        Self { connection: Box::new(connection), rope: Waker::from(bell.clone()), bell }
    }
}

impl<B> Upstream<B>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Sends a request and waits for its answer; one of which nothing was sent comes back.
    pub(super) async fn send(
        &mut self,
        request: Request<B>,
    ) -> Result<Response<Incoming>, Box<TrySendError<Request<B>>>> {
        if let Some(here) = &self.here {
            // To hand it over rings.
            here.bell.attend();
        }
        let sent = self.sender.try_send_request(request);
        // What is here already is taken: whoever had it wait would have to wake somebody.
        let mut sent = pin!(unconstrained(sent));
        poll_fn(|context| self.bring(context, |context| sent.as_mut().poll(context)))
            .await
            .map_err(Box::new)
    }

    /// The next frame of the answer that comes on it.
    pub(super) fn poll_frame(
        &mut self,
        body: &mut Incoming,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.bring(context, |context| Pin::new(&mut *body).poll_frame(context))
    }

    /// What the connection brings, which is moved on for that where it has no task of its own.
    fn bring<T>(
        &mut self,
        context: &mut Context<'_>,
        mut brought: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Some(here) = &self.here else { return brought(context) };
        let bell = here.bell.clone();
        bell.wakes(context.waker());
        bell.attend();
        // It comes from nowhere but the connection, whose bell wakes whoever waits.
        let mut nobody = Context::from_waker(Waker::noop());
        let mut polled = brought(&mut nobody);
        // Twice: to take what it brings makes room, which rings.
        for _ in 0..2 {
            if !self.move_on() {
                break;
            }
            if polled.is_pending() {
                polled = brought(&mut nobody);
            }
        }
        if bell.leave() {
            context.waker().wake_by_ref();
        }
        if polled.is_pending() && self.here.is_none() { brought(context) } else { polled }
    }

    /// Moves its bytes on if something rang for them; false if nothing did.
    fn move_on(&mut self) -> bool {
        let Some(Mover { connection, bell, rope }) = &mut self.here else { return false };
        if !bell.hear() {
            return false;
        }
        if Pin::new(connection).poll(&mut Context::from_waker(rope)).is_ready() {
            // It is over, whatever it ended by: who waits for something of it hears that.
            self.here = None;
        }
        true
    }

    /// Gives it a task of its own: it becomes another protocol, or sends and receives at once.
    pub(super) fn detach(&mut self) {
        if let Some(here) = self.here.take() {
            tokio::spawn(here.connection.with_upgrades());
        }
    }

    /// Whether it takes a request, as far as is known by now.
    fn is_ready(&mut self) -> bool {
        self.move_on();
        self.sender.is_ready()
    }

    fn is_closed(&self) -> bool {
        self.sender.is_closed()
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
