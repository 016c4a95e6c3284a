//! What goes on on one connection, and when it is over.

use super::limits::{Limits, STOP_MAX};
use super::rung::Rung;
use h2::server::Builder;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A ping of HTTP/2 is sent this often, and answered within as much.
pub(super) const PING: Duration = Duration::from_secs(20);

/// How long a stop waits for the first request of a connection, and for another one of a client
/// that had answers before.
const FIRST_REQUEST_MAX: Duration = Duration::from_secs(2);
const NEXT_REQUEST_MAX: Duration = Duration::from_millis(200);

/// Largest head of HTTP/2 that is read, so that its sender hears which limit it exceeds.
const HEAD_BYTES_MAX: u32 = 64 * 1024;

/// The requests of one connection, and its end from within.
#[derive(Debug)]
pub struct Activity {
    now: Mutex<Requests>,
    /// Rung whenever a request ends, or waits for its client.
    ended: Notify,
    /// Over HTTP/1: the rest of a body that nobody read is still to come.
    leaves_rest: AtomicBool,
    /// Whoever asks proved who they are by what they asked.
    may_stay: AtomicBool,
    /// Cancelling this token ends the connection at once.
    pub end: CancellationToken,
    /// Ends it when what is under way is answered.
    pub close: CancellationToken,
}

#[derive(Clone, Copy, Debug)]
struct Requests {
    under_way: usize,
    /// Of these, how many have a body that is still to come.
    partial: usize,
    /// How many have an answer that waits for their client to take more of it.
    untaken: usize,
    /// How many wait for a place behind their route.
    queued: usize,
    /// Of the partial ones, how many are waited for, by whoever reads them.
    awaited: usize,
    so_far: usize,
    /// When one began, moved or ended last.
    moved: Instant,
}

impl Default for Activity {
    fn default() -> Self {
        let moved = Instant::now();
        let (under_way, partial, untaken, queued, awaited, so_far) = (0, 0, 0, 0, 0, 0);
        let requests = Requests { under_way, partial, untaken, queued, awaited, so_far, moved };
        let now = Mutex::new(requests);
        let (end, close) = (CancellationToken::new(), CancellationToken::new());
        let (ended, leaves_rest, may_stay) = (Notify::new(), false.into(), false.into());
        Self { now, ended, leaves_rest, may_stay, end, close }
    }
}

impl Activity {
    /// Counts a request until what is given is dropped.
    pub fn begin(self: &Arc<Self>) -> ActiveRequest {
        self.change(|now| {
            now.under_way += 1;
            now.so_far += 1;
        });
        ActiveRequest(self.clone())
    }

    /// The body of a request is still to come, until what is given is dropped.
    pub(super) fn awaits_body(self: &Arc<Self>) -> PartialRequest {
        self.change(|now| now.partial += 1);
        PartialRequest { activity: self.clone(), is_awaited: false }
    }

    /// The answer of a request waits for its client to take more of it, until what is given is
    /// dropped.
    pub(super) fn awaits_taking(self: &Arc<Self>) -> UntakenAnswer {
        self.change(|now| now.untaken += 1);
        UntakenAnswer(self.clone())
    }

    /// A request waits for a place behind its route, until what is given is dropped.
    pub(super) fn awaits_place(self: &Arc<Self>) -> QueuedRequest {
        self.change(|now| now.queued += 1);
        QueuedRequest(self.clone())
    }

    /// A request over HTTP/1 is answered that has more of a body than was read.
    pub(super) fn leave_rest(&self) {
        self.leaves_rest.store(true, Ordering::Relaxed);
    }

    /// Whether the client may still be sending what nobody reads.
    pub(super) fn leaves_rest(&self) -> bool {
        self.leaves_rest.load(Ordering::Relaxed)
    }

    /// Whoever asks on it proved who they are by what they asked: it may wait for the next request
    /// as one that a handshake proved.
    pub(super) fn stay(&self) {
        self.may_stay.store(true, Ordering::Relaxed);
    }

    /// Whether a request is under way all of which is here, that waits for no place and whose
    /// client does not keep us waiting with its answer: whoever holds a place for anything less can
    /// be asked to give it up.
    pub(super) fn has_whole_request(&self) -> bool {
        let requests = self.read();
        requests.under_way > requests.partial + requests.untaken + requests.queued
    }

    /// How many requests there were, if none of them is under way.
    pub(super) fn quiet(&self) -> Option<usize> {
        let requests = self.read();
        (requests.under_way == 0).then_some(requests.so_far)
    }

    /// Waits until no request is under way.
    pub async fn until_nothing_is_under_way(&self) {
        self.until(|requests| requests.under_way == 0).await;
    }

    /// Waits until nothing more can come of a connection whose client sends no more: what is under
    /// way is answered, or waits over HTTP/1 for the rest of a body. Streams of HTTP/2 are read by
    /// others than their connection, so that one may look as if it waited and have all it needs.
    pub(super) async fn until_all_is_answered(&self, is_http2: bool) {
        loop {
            self.until(|requests| requests.is_all_answered(is_http2)).await;
            // What was read before may begin now, and what was answered may leave.
            tokio::task::yield_now().await;
            if self.read().is_all_answered(is_http2) {
                return;
            }
        }
    }

    async fn until(&self, holds: impl Fn(&Requests) -> bool) {
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            // One that ends between the look and the wait is heard as well.
            ended.as_mut().enable();
            if holds(&self.read()) {
                return;
            }
            ended.await;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Requests) -> T) -> T {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.moved = Instant::now();
        change(&mut now)
    }

    fn read(&self) -> Requests {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now
    }
}

impl Requests {
    fn is_all_answered(&self, is_http2: bool) -> bool {
        self.under_way == if is_http2 { 0 } else { self.awaited }
    }
}

/// A request whose body is still to come.
#[derive(Debug)]
pub(super) struct PartialRequest {
    activity: Arc<Activity>,
    is_awaited: bool,
}

impl PartialRequest {
    /// Whether whoever reads the body waits for more of it.
    pub(super) fn awaited(&mut self, is_awaited: bool) {
        if self.is_awaited == is_awaited {
            return;
        }
        self.is_awaited = is_awaited;
        self.activity.change(|now| match is_awaited {
            true => now.awaited += 1,
            false => now.awaited -= 1,
        });
        self.activity.ended.notify_waiters();
    }
}

impl Drop for PartialRequest {
    fn drop(&mut self) {
        self.awaited(false);
        self.activity.change(|now| now.partial -= 1);
    }
}

/// An answer that its client does not take now.
#[derive(Debug)]
pub(super) struct UntakenAnswer(Arc<Activity>);

impl Drop for UntakenAnswer {
    fn drop(&mut self) {
        self.0.change(|now| now.untaken -= 1);
    }
}

/// A request that waits for a place, until it is dropped.
#[derive(Debug)]
pub struct QueuedRequest(Arc<Activity>);

impl Drop for QueuedRequest {
    fn drop(&mut self) {
        self.0.change(|now| now.queued -= 1);
    }
}

/// A request under way, which counts as activity of its connection until it is dropped.
#[derive(Debug)]
pub struct ActiveRequest(Arc<Activity>);

impl ActiveRequest {
    /// Its answer waits for its client to take more of it, until what is given is dropped.
    pub(super) fn awaits_taking(&self) -> UntakenAnswer {
        self.0.awaits_taking()
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.change(|now| now.under_way -= 1);
        self.0.ended.notify_waiters();
    }
}

/// A builder of HTTP/2 connections with every limit of the protocol written out. Whoever proved
/// nothing has fewer streams, and less of them waits here.
pub(super) fn http2_builder(is_proven: bool) -> Builder {
    let (streams, window) = if is_proven { (100, 1024 * 1024) } else { (16, 128 * 1024) };
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(streams)
        .max_header_list_size(HEAD_BYTES_MAX)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(Some(100))
        .max_send_buffer_size(64 * 1024)
        .header_table_size(4 * 1024)
        .initial_window_size(64 * 1024)
        .initial_connection_window_size(window);
    builder
}

/// Speaks HTTP until the connection ends, is idle too long, too old, or the stop comes. One that
/// has proved nothing, or has asked for nothing, may be idle only as long as a head may take.
///
/// `close` asks the connection to end once what is under way is answered.
pub async fn drive<E: std::error::Error, C: Future<Output = Result<(), E>>>(
    connection: C,
    close: impl FnOnce(Pin<&mut C>),
    activity: &Activity,
    limits: &Limits,
    is_proven: bool,
    stopping: &CancellationToken,
) {
    let mut connection = std::pin::pin!(connection);
    let began = Instant::now();
    let idle = |requests: &Requests| {
        let may_stay = is_proven || activity.may_stay.load(Ordering::Relaxed);
        if may_stay && requests.so_far > 0 { limits.idle } else { limits.header }
    };
    loop {
        let requests = activity.read();
        let from = if requests.under_way > 0 { Instant::now() } else { requests.moved };
        let over = (from + idle(&requests)).min(began + limits.life);
        let mut ends = std::pin::pin!(ending(activity, stopping, over));
        let ending = tokio::select! {
            biased;
            ending = Rung::new(ends.as_mut()) => ending,
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    let source = error.source();
                    tracing::debug!(%error, ?source, "connection");
                }
                return;
            }
        };
        match ending {
            Ending::AtOnce => return,
            Ending::Gently => break,
            Ending::Late => {}
        }
        let now = activity.read();
        let is_idle = now.under_way == 0 && now.moved.elapsed() >= idle(&now);
        if is_idle && now.so_far == 0 {
            // Nothing is under way, not even a handshake of HTTP/2 that a gentle end would wait
            // for.
            return;
        }
        if is_idle || began.elapsed() >= limits.life {
            break;
        }
    }
    if stopping.is_cancelled() && has_ended(connection.as_mut(), activity).await {
        return;
    }
    close(connection.as_mut());
    tokio::select! {
        _ = tokio::time::timeout(STOP_MAX, connection) => {}
        () = activity.end.cancelled() => {}
    }
}

/// Waits, at a stop, for a request that its client may be sending: over HTTP/1 nobody hears that
/// the connection is to end but by an answer, and a request that meets its end is lost. Says
/// whether the connection is over.
async fn has_ended<C: Future>(mut connection: Pin<&mut C>, activity: &Activity) -> bool {
    let before = activity.read();
    if before.under_way > 0 {
        return false;
    }
    let patience = if before.so_far == 0 { FIRST_REQUEST_MAX } else { NEXT_REQUEST_MAX };
    let comes = poll_fn(|cx| match connection.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if activity.read().so_far > before.so_far => Poll::Ready(false),
        Poll::Pending => Poll::Pending,
    });
    tokio::select! {
        () = activity.end.cancelled() => true,
        is_over = tokio::time::timeout(patience, comes) => is_over.unwrap_or(false),
    }
}

/// Why a connection is ended from here.
enum Ending {
    /// Somebody else has its place.
    AtOnce,
    /// What is under way is answered first.
    Gently,
    /// Its time may be over.
    Late,
}

async fn ending(activity: &Activity, stopping: &CancellationToken, over: Instant) -> Ending {
    tokio::select! {
        biased;
        () = activity.end.cancelled() => Ending::AtOnce,
        () = activity.close.cancelled() => Ending::Gently,
        () = stopping.cancelled() => Ending::Gently,
        () = tokio::time::sleep_until(over.into()) => Ending::Late,
    }
}
