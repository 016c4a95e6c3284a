//! The way into the spool: what wants to be recorded waits here for the thread that writes.

use super::recorded::{NotRecorded, Recorded};
use super::writer::Writer;
use crate::AgentConfig;
use records::Disclosure;
use records::access::{Completion, Started};
use records::record::Event;
use service::{Clock, Metrics};
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// Most records that wait for the thread.
const WAITING_MAX: usize = 16_384;
/// Nobody waits longer for a record.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Whether a record begins something, and may be refused when room gets short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A request or connection: refused at 95 %.
    Begins,
    /// A denial, completion or heartbeat: may use the reserve.
    Ends,
}

/// Who waits for a record.
pub(super) type Answer = oneshot::Sender<Result<Granted, NotRecorded>>;

/// A durable record on its way to whoever waits for it. If nobody takes it, what it permits never
/// happens, and the spool records that as its end.
pub(super) struct Granted {
    recorded: Option<Recorded>,
    permits: bool,
    shared: Arc<Shared>,
}

impl Granted {
    /// `permits` says whether it lets a request pass, which then must come to an end.
    pub(super) fn new(recorded: Recorded, permits: bool, shared: &Arc<Shared>) -> Self {
        Self { recorded: Some(recorded), permits, shared: shared.clone() }
    }

    fn take(mut self) -> Result<Recorded, NotRecorded> {
        self.recorded.take().ok_or(NotRecorded::Failed)
    }
}

impl Drop for Granted {
    fn drop(&mut self) {
        if let Some(recorded) = self.recorded.take().filter(|_| self.permits) {
            self.shared.unheard.lock().unwrap_or_else(PoisonError::into_inner).push(recorded);
        }
    }
}

/// A record that is wanted.
pub(super) struct Wanted {
    pub(super) event: Event,
    pub(super) disclosures: Vec<Disclosure>,
    pub(super) micros: u64,
    pub(super) place: Place,
    pub(super) answer: Option<Answer>,
}

impl Wanted {
    /// What it ends, with its time: such records are written whenever that is possible again.
    pub(super) fn ends(&self) -> Option<(u64, Completion)> {
        match &self.event {
            Event::Completion(completion) => Some((self.micros, completion.clone())),
            _ => None,
        }
    }
}

/// How far the spool is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Number of the segment.
    pub segment: u64,
    /// Offset behind its last durable frame.
    pub offset: u64,
}

/// What the thread tells others.
pub(super) struct Shared {
    pub(super) durable: Mutex<Position>,
    pub(super) news: Notify,
    /// Bytes of segments that are not freed.
    pub(super) bytes: Mutex<u64>,
    /// Records of permitted requests that nobody took.
    pub(super) unheard: Mutex<Vec<Recorded>>,
}

/// The spool of one agent.
#[derive(Clone)]
pub struct Spool {
    sender: SyncSender<Wanted>,
    shared: Arc<Shared>,
    clock: Clock,
    /// Where the segments lie.
    pub folder: PathBuf,
}

impl Spool {
    /// Starts the thread with a new epoch; `bytes` lie there from earlier runs, `next` is free.
    pub fn start(
        config: &AgentConfig,
        (maker, started): (String, Started),
        (next, bytes): (u64, u64),
        clock: Clock,
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        let folder = config.path("spool");
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let shared = Arc::new(Shared {
            durable: Mutex::new(Position { segment: next, offset: 0 }),
            news: Notify::new(),
            bytes: Mutex::new(bytes),
            unheard: Mutex::default(),
        });
        let writer = Writer::new(config, maker, started, next, (clock, metrics, shared.clone()));
        writer.start(receiver)?;
        Ok(Self { sender, shared, clock, folder })
    }

    /// Records an event; it is durable when this returns.
    pub async fn record(
        &self,
        event: Event,
        disclosures: Vec<Disclosure>,
        place: Place,
    ) -> Result<Recorded, NotRecorded> {
        let (answer, answered) = oneshot::channel();
        let micros = self.clock.micros();
        let wanted = Wanted { event, disclosures, micros, place, answer: Some(answer) };
        self.sender.try_send(wanted).map_err(|_| NotRecorded::Failed)?;
        match tokio::time::timeout(WAIT_MAX, answered).await {
            Ok(Ok(result)) => result.and_then(Granted::take),
            _ => Err(NotRecorded::Failed),
        }
    }

    /// Records an event without waiting: the end of something that was recorded already.
    pub fn note(&self, event: Event, disclosures: Vec<Disclosure>) {
        let micros = self.clock.micros();
        let wanted = Wanted { event, disclosures, micros, place: Place::Ends, answer: None };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.sender.try_send(wanted)
        {
            tracing::error!("an end could not be recorded; it will be told as unknown");
        }
    }

    /// Records what a start has to say, before anything else: waits for room in the queue.
    pub fn begin_with(&self, events: Vec<Event>) {
        let micros = self.clock.micros();
        for event in events {
            let (place, answer) = (Place::Ends, None);
            let wanted = Wanted { event, disclosures: Vec::new(), micros, place, answer };
            if self.sender.send(wanted).is_err() {
                return;
            }
        }
    }

    /// How far it is durable.
    pub fn durable(&self) -> Position {
        self.shared.durable.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for something durable.
    pub async fn news(&self) {
        self.shared.news.notified().await;
    }

    /// Bytes of segments that are not freed.
    pub fn bytes(&self) -> u64 {
        *self.shared.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A segment was freed.
    pub fn freed(&self, bytes: u64) {
        let mut all = self.shared.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *all = all.saturating_sub(bytes);
    }
}
