//! Requests under way, and what moved of them.

use super::peer::Peer;
use http::Method;
use policy::CanonicalPath;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A body slower than this over a minute is cut, in bytes a second.
const SLOW: u64 = 1_024;

/// One request under way.
pub(crate) struct InFlight {
    pub(super) peer: Arc<Peer>,
    pub(super) method: Method,
    pub(super) path: CanonicalPath,
    pub(super) cut: CancellationToken,
    pub(super) up: AtomicU64,
    pub(super) down: AtomicU64,
    /// Whether the body of the request is still coming.
    pub(super) uploading: AtomicBool,
    /// Whether it became a tunnel, where silence is no fault.
    pub(super) tunnel: AtomicBool,
    /// Whether the application began to answer; before that another limit counts.
    answered: AtomicBool,
    /// Generation of the world in which it was last found permitted.
    pub(super) judged_in: AtomicU64,
    /// Ends the whole connection: for a client that reads no more, so that nothing else reaches it.
    pub(super) end: CancellationToken,
    pub(super) began: Instant,
    /// Milliseconds after `began` when a byte moved last.
    moved: AtomicU64,
}

impl InFlight {
    pub(super) fn new(
        peer: Arc<Peer>,
        (method, path): (Method, CanonicalPath),
        generation: u64,
        end: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            answered: AtomicBool::new(false),
            judged_in: AtomicU64::new(generation),
            end,
            peer,
            method,
            path,
            cut: CancellationToken::new(),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            uploading: AtomicBool::new(false),
            tunnel: AtomicBool::new(false),
            began: Instant::now(),
            moved: AtomicU64::new(0),
        })
    }

    /// The application began to answer.
    pub(super) fn answer(&self) {
        self.move_on(&self.down, 0);
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Bytes moved.
    pub(super) fn move_on(&self, count: &AtomicU64, bytes: usize) {
        count.fetch_add(bytes as u64, Ordering::Relaxed);
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(now, Ordering::Relaxed);
    }

    /// How long nothing has moved.
    fn silent(&self) -> Duration {
        let moved = Duration::from_millis(self.moved.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(moved)
    }

    /// Waits until the application has had everything for so long and has not begun to answer. A
    /// long upload is no late answer: bytes that move are watched by the sweep.
    pub(super) async fn overdue(&self, limit: Duration) {
        loop {
            let silent = self.silent();
            let left = match self.uploading.load(Ordering::Relaxed) {
                true => limit,
                false if silent >= limit => return,
                false => limit - silent,
            };
            tokio::time::sleep(left).await;
        }
    }

    pub(super) fn is_stuck(&self, idle: Duration) -> bool {
        let age = self.began.elapsed();
        let up = self.up.load(Ordering::Relaxed);
        let uploading = self.uploading.load(Ordering::Relaxed);
        let answered = self.answered.load(Ordering::Relaxed);
        let slow = age > Duration::from_secs(60) && up / age.as_secs().max(1) < SLOW;
        let slow = slow && uploading && !answered;
        let moving = uploading || answered;
        let tunnel = self.tunnel.load(Ordering::Relaxed);
        slow || (moving && !tunnel && self.silent() > idle)
    }
}

/// Every request under way.
#[derive(Default)]
pub(crate) struct Live {
    requests: Mutex<HashMap<u64, Arc<InFlight>>>,
    next: AtomicU64,
}

impl Live {
    /// Enters a request; gives the number to leave with.
    pub(super) fn enter(&self, request: Arc<InFlight>) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).insert(number, request);
        number
    }

    pub(super) fn leave(&self, number: u64) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }

    pub(super) fn all(&self) -> Vec<Arc<InFlight>> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.values().cloned().collect()
    }
}
