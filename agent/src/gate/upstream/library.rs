//! A connection to the application that the HTTP library speaks on: what has a body, and what
//! becomes another protocol.
//!
//! The task that asks moves the bytes of the connection as well, as long as one of both waits for
//! the other: nothing is handed over to another task and back. What must go on by itself has a task
//! of its own.

use super::super::bell::Bell;
use super::stream::UpstreamStream;
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Connection, SendRequest};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::task::coop::unconstrained;

/// A connection that takes one request at a time.
pub(super) struct LibraryConnection<B: Body + 'static> {
    sender: SendRequest<B>,
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

impl<B> LibraryConnection<B>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    pub(super) fn new(
        sender: SendRequest<B>,
        connection: Connection<TokioIo<UpstreamStream>, B>,
    ) -> Self {
        Self { sender, here: Some(Mover::new(connection)) }
    }

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
    pub(super) fn is_ready(&mut self) -> bool {
        self.move_on();
        self.sender.is_ready()
    }

    /// The same for one that waits: whoever asks is woken when that changes.
    pub(super) fn is_watched(&mut self, context: &Context<'_>) -> bool {
        if let Some(here) = &self.here {
            here.bell.wakes(context.waker());
        }
        self.move_on();
        !self.is_closed()
    }

    /// Whether it takes no request any more.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}
