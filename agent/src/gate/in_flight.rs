//! Requests under way, and what moved of them.

use super::cut::{Cut, Direction};
use super::peer::Peer;
use crate::config::GateLimits;
use crate::fixed::SLOW;
use http::Method;
use mtls::listen::Activity;
use policy::{CanonicalPath, Circumstances};
use records::Code;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// One request under way.
pub(crate) struct InFlight {
    pub(super) peer: Arc<Peer>,
    pub(super) method: Method,
    pub(super) path: Arc<CanonicalPath>,
    /// Under what it was asked.
    pub(super) under: Circumstances,
    pub(super) cut: Cut,
    /// Why it is cut.
    cause: OnceLock<Code>,
    /// Since when it is cut.
    cut_since: OnceLock<Instant>,
    pub(super) up: AtomicU64,
    pub(super) down: AtomicU64,
    /// Whether the body of the request is still coming.
    pub(super) uploading: AtomicBool,
    /// Whether the next byte of it is the client's to send, not the application's to take.
    pub(super) awaits_client: AtomicBool,
    /// Whether it became a tunnel, where silence is no fault.
    pub(super) tunnel: AtomicBool,
    /// Whether its messages come when they come, so that silence of its client is none either.
    pub(super) is_conversation: AtomicBool,
    /// Whether the application began to answer; before that another limit counts.
    answered: AtomicBool,
    /// Whether the next byte of the answer is the application's to send, not the client's to take.
    pub(super) awaits_application: AtomicBool,
    /// Whether it passes by an order, although the rules deny it.
    pub(super) by_order: bool,
    /// Generation of the world in which it was last found permitted.
    pub(super) judged_in: AtomicU64,
    /// The whole connection, which ends where its client reads no more: nothing else reaches it.
    connection: Arc<Activity>,
    pub(super) began: Instant,
    /// Milliseconds after `began` when a byte moved last.
    moved: AtomicU64,
}

impl InFlight {
    pub(super) fn new(
        peer: Arc<Peer>,
        (method, path, under): (Method, Arc<CanonicalPath>, Circumstances),
        (generation, by_order): (u64, bool),
        connection: Arc<Activity>,
    ) -> Arc<Self> {
        Arc::new(Self {
            answered: AtomicBool::new(false),
            awaits_application: AtomicBool::new(false),
            cause: OnceLock::new(),
            cut_since: OnceLock::new(),
            by_order,
            judged_in: AtomicU64::new(generation),
            connection,
            peer,
            method,
            path,
            under,
            cut: Cut::default(),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            uploading: AtomicBool::new(false),
            awaits_client: AtomicBool::new(false),
            tunnel: AtomicBool::new(false),
            is_conversation: AtomicBool::new(false),
            began: Instant::now(),
            moved: AtomicU64::new(0),
        })
    }

    /// Cuts it for a reason; the first one stays.
    pub(super) fn cut_for(&self, cause: Code) {
        let _ = self.cause.set(cause);
        let _ = self.cut_since.set(Instant::now());
        self.cut.cut();
    }

    /// Whether it was cut so long ago.
    pub(super) fn was_cut_before(&self, least: Duration) -> bool {
        self.cut_since.get().is_some_and(|since| since.elapsed() >= least)
    }

    /// Waits until it is cut: whoever carries its answer, or waits for that.
    pub(super) async fn until_cut(&self) {
        poll_fn(|context| self.cut.poll(Direction::Back, context)).await;
    }

    /// What something comes to, or nothing if it is cut before.
    pub(super) async fn unless_cut<T>(&self, awaited: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.until_cut() => None,
            done = awaited => Some(done),
        }
    }

    /// Ends its whole connection.
    pub(super) fn end_connection(&self) {
        self.connection.end.cancel();
    }

    /// Why it was cut, if it was.
    pub(super) fn cause(&self) -> Option<Code> {
        self.cause.get().copied()
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

    /// Waits until nothing has moved for so long.
    pub(super) async fn until_silent(&self, limit: Duration) {
        loop {
            let silent = self.silent();
            if silent >= limit {
                return;
            }
            tokio::time::sleep(limit - silent).await;
        }
    }

    /// Waits until the application has had everything for so long and has not begun to answer. A
    /// long upload is no late answer: bytes that move are watched by the sweep.
    pub(super) async fn overdue(&self, limit: Duration) {
        loop {
            let moved = self.moved.load(Ordering::Relaxed);
            // Reckoned from what is known: most are answered long before, and ask for no time.
            let until = self.began + Duration::from_millis(moved) + limit;
            tokio::time::sleep_until(until.into()).await;
            if self.uploading.load(Ordering::Relaxed) {
                tokio::time::sleep(limit).await;
            } else if self.moved.load(Ordering::Relaxed) == moved {
                return;
            }
        }
    }

    /// Who keeps it waiting for longer than may be, if somebody does.
    pub(super) fn stuck(&self, limits: &GateLimits) -> Option<Code> {
        let age = self.began.elapsed();
        let up = self.up.load(Ordering::Relaxed);
        let uploading = self.uploading.load(Ordering::Relaxed);
        let answered = self.answered.load(Ordering::Relaxed);
        let silent_for = |seconds| self.silent() > Duration::from_secs(seconds);
        let is_conversation = self.is_conversation.load(Ordering::Relaxed);
        let quiet = match is_conversation {
            true => limits.conversation_idle_seconds,
            false => limits.answer_idle_seconds,
        };
        if self.tunnel.load(Ordering::Relaxed) {
            return None;
        }
        if uploading && !answered {
            let slow = age > Duration::from_secs(60) && up / age.as_secs().max(1) < SLOW;
            let awaits_client = self.awaits_client.load(Ordering::Relaxed);
            let late = if awaits_client { Code::RequestLate } else { Code::UpstreamLate };
            if is_conversation {
                let limit = if awaits_client { quiet } else { limits.body_idle_seconds };
                return silent_for(limit).then_some(late);
            }
            return (slow || silent_for(limits.body_idle_seconds)).then_some(late);
        }
        if answered && self.awaits_application.load(Ordering::Relaxed) {
            return silent_for(quiet).then_some(Code::UpstreamLate);
        }
        (answered && silent_for(limits.body_idle_seconds)).then_some(Code::RequestLate)
    }
}

#[cfg(test)]
mod tests {
    use super::super::peer::tests::somebody;
    use super::*;

    /// Whoever waits for something, as for a connection to an application that takes none, waits no
    /// longer once the request is cut; what is cut already begins nothing.
    #[tokio::test]
    async fn what_is_cut_waits_for_nothing() {
        let path = Arc::new(CanonicalPath::read("/a").unwrap());
        let under_way = || {
            let asked = (Method::GET, path.clone(), Default::default());
            InFlight::new(somebody(1), asked, (1, false), Arc::default())
        };
        let gone = under_way();
        gone.cut_for(Code::CertificateRevoked);
        assert_eq!(gone.unless_cut(async { 7 }).await, None);
        let request = under_way();
        assert_eq!(request.unless_cut(async { 7 }).await, Some(7));
        let waiting = request.unless_cut(std::future::pending::<()>());
        let (waited, ()) = tokio::join!(waiting, async { request.cut_for(Code::NotPermitted) });
        assert_eq!((waited, request.cause()), (None, Some(Code::NotPermitted)));
    }

    /// A connection has a while in which what was cut of it ends by itself, however often somebody
    /// looks: other requests on it go on.
    #[test]
    fn what_is_cut_has_a_while_to_end() {
        let path = Arc::new(CanonicalPath::read("/a").unwrap());
        let asked = (Method::GET, path, Default::default());
        let request = InFlight::new(somebody(1), asked, (1, false), Arc::default());
        assert!(!request.was_cut_before(Duration::ZERO), "it is not cut");
        request.cut_for(Code::NotPermitted);
        assert!(request.was_cut_before(Duration::ZERO));
        assert!(!request.was_cut_before(Duration::from_secs(3_600)));
    }

    /// A client that sends nothing of a body is late; one whose messages come when they come has
    /// the time of a conversation, and so has its application then, whatever that of an answer is.
    /// An application that takes none of them is late in both cases.
    #[test]
    fn a_conversation_may_be_silent_and_an_upload_may_not() {
        let path = Arc::new(CanonicalPath::read("/a").unwrap());
        let asked = (Method::POST, path, Default::default());
        let request = InFlight::new(somebody(1), asked, (1, false), Arc::default());
        let limits = GateLimits { body_idle_seconds: 0, ..GateLimits::default() };
        let set = |flag: &AtomicBool, is: bool| flag.store(is, Ordering::Relaxed);
        set(&request.uploading, true);
        set(&request.awaits_client, true);
        std::thread::yield_now();
        assert_eq!(request.stuck(&limits), Some(Code::RequestLate));
        set(&request.is_conversation, true);
        assert_eq!(request.stuck(&limits), None);
        let none = GateLimits { conversation_idle_seconds: 0, ..limits.clone() };
        assert_eq!(request.stuck(&none), Some(Code::RequestLate));
        set(&request.awaits_client, false);
        assert_eq!(request.stuck(&limits), Some(Code::UpstreamLate));
        set(&request.answered, true);
        set(&request.awaits_application, true);
        let of_answers = GateLimits { answer_idle_seconds: 0, ..limits.clone() };
        assert_eq!(request.stuck(&of_answers), None);
        assert_eq!(request.stuck(&none), Some(Code::UpstreamLate));
        set(&request.is_conversation, false);
        assert_eq!(request.stuck(&of_answers), Some(Code::UpstreamLate));
    }
}
