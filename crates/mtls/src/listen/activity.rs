//! What goes on on one connection, and when it is over.

use super::accept::STOP_MAX;
use super::limits::Limits;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A ping of HTTP/2 is sent this often, and answered within as much.
const PING: Duration = Duration::from_secs(20);

/// The requests of one connection, and its end from within.
#[derive(Debug)]
pub struct Activity {
    now: Mutex<Requests>,
    /// Rung whenever a request ends.
    ended: Notify,
    /// Ends the connection at once.
    pub end: CancellationToken,
    /// Ends it when what is under way is answered.
    pub close: CancellationToken,
}

#[derive(Clone, Copy, Debug)]
struct Requests {
    under_way: usize,
    so_far: usize,
    /// Of those under way, how many have an answer that the client is to take.
    answered: usize,
    /// When one began, moved or ended last.
    moved: Instant,
}

impl Default for Activity {
    fn default() -> Self {
        let now =
            Mutex::new(Requests { under_way: 0, so_far: 0, answered: 0, moved: Instant::now() });
        let (end, close) = (CancellationToken::new(), CancellationToken::new());
        Self { now, ended: Notify::new(), end, close }
    }
}

impl Activity {
    /// Counts a request until what is given is dropped.
    pub fn begin(self: &Arc<Self>) -> ActiveRequest {
        self.change(|requests| {
            requests.under_way += 1;
            requests.so_far += 1;
        });
        ActiveRequest(self.clone())
    }

    /// Waits until no request is under way.
    pub async fn until_nothing_is_under_way(&self) {
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            // One that ends between the look and the wait is heard as well.
            ended.as_mut().enable();
            if self.read().under_way == 0 {
                return;
            }
            ended.await;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Requests)) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut now);
        now.moved = Instant::now();
    }

    fn read(&self) -> Requests {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request under way.
#[derive(Debug)]
pub struct ActiveRequest(Arc<Activity>);

impl ActiveRequest {
    /// Its answer leaves from now on. Over HTTP/2 a client that does not take it is cut here; over
    /// HTTP/1 the stream itself says that it does not move.
    pub fn answer(self, is_http2: bool) -> ActiveAnswer {
        self.0.change(|requests| requests.answered += usize::from(is_http2));
        ActiveAnswer(self, is_http2)
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.change(|requests| requests.under_way -= 1);
        self.0.ended.notify_waiters();
    }
}

/// An answer that the client is to take, until it is dropped.
#[derive(Debug)]
pub struct ActiveAnswer(ActiveRequest, bool);

impl ActiveAnswer {
    /// The client took some of it.
    pub fn moved(&self) {
        self.0.0.change(|_| ());
    }
}

impl Drop for ActiveAnswer {
    fn drop(&mut self) {
        self.0.0.change(|requests| requests.answered -= usize::from(self.1));
    }
}

/// A builder of HTTP/2 connections with every limit of the protocol written out.
pub fn http2_builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(16 * 1024)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(100)
        .max_send_buf_size(64 * 1024)
        .header_table_size(4 * 1024)
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}

/// Speaks HTTP until the connection ends, is idle too long, too old, or the stop comes. One that
/// has proved nothing, or has asked for nothing, may be idle only as long as a head may take. One
/// whose client takes nothing of an answer is cut: HTTP/2 has windows that stay shut while pings
/// are answered.
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
    loop {
        let requests = activity.read();
        let idle = if is_proven && requests.so_far > 0 { limits.idle } else { limits.header };
        let from = if requests.under_way > 0 { Instant::now() } else { requests.moved };
        let over = (from + idle).min(began + limits.life);
        // An answer may begin while nothing is looked at: the next look is no later than its time.
        let taken = if requests.answered > 0 { requests.moved } else { Instant::now() };
        let over = over.min(taken + limits.body);
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    let source = error.source();
                    tracing::debug!(%error, ?source, "connection");
                }
                return;
            }
            () = activity.end.cancelled() => return,
            () = activity.close.cancelled() => break,
            () = stopping.cancelled() => break,
            () = tokio::time::sleep_until(over.into()) => {}
        }
        let now = activity.read();
        if now.answered > 0 && now.moved.elapsed() >= limits.body {
            return;
        }
        let is_idle = now.under_way == 0 && now.moved.elapsed() >= idle;
        if is_idle && now.so_far == 0 {
            // Nothing is under way, not even a handshake of HTTP/2 that a gentle end would wait
            // for.
            return;
        }
        if is_idle || began.elapsed() >= limits.life {
            break;
        }
    }
    close(connection.as_mut());
    let _ = tokio::time::timeout(STOP_MAX, connection).await;
}
