//! The way into the spool: what wants to be recorded waits here for the thread that writes.

use super::granted::{Granted, Unheard};
use super::kept::KeptSegments;
use super::lately::Lately;
use super::postbox::Asker;
use super::recorded::{NotRecorded, Recorded};
use super::recover::RecoveredSpool;
use super::room::{self, Place, Room};
use super::segment::FrameRange;
use super::waiting::{Entrance, row};
use super::writer::Writer;
use crate::AgentConfig;
use records::access::RunStart;
use records::body::RecordBody;
use records::record::Event;
use records::{Bytes, Disclosure};
use service::{Clock, Metrics};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// Most records that wait for the thread.
const WAITING_MAX: usize = 16_384;
/// Nobody waits longer for a record.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// A record that is wanted.
pub(super) struct AppendRequest {
    pub(super) body: RecordBody,
    /// What opens its commitments, JSON; empty if it has none.
    pub(super) disclosures: Vec<u8>,
    pub(super) micros: u64,
    pub(super) place: Place,
    pub(super) asker: Option<Asker>,
}

/// What ends a request, with its time: such records are written whenever that is possible again.
pub(super) fn ends(body: RecordBody, micros: u64) -> Option<(u64, RecordBody)> {
    body.ends_request().then_some((micros, body))
}

/// An event and what opens its commitments, as they are written.
fn written(
    event: &Event,
    disclosures: &[Disclosure],
) -> Result<(RecordBody, Vec<u8>), NotRecorded> {
    let body = RecordBody::of(event).map_err(|error| {
        tracing::error!(%error, "a record has no form");
        NotRecorded::Failed
    })?;
    let opened = match disclosures {
        [] => Vec::new(),
        some => serde_json::to_vec(some).map_err(|_| NotRecorded::Failed)?,
    };
    Ok((body, opened))
}

/// How far the spool is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The segment has this number, from which its file is named.
    pub segment: u64,
    /// Offset behind its last durable frame.
    pub offset: u64,
}

/// What the thread tells others.
pub(super) struct Shared {
    pub(super) durable: Mutex<Position>,
    pub(super) news: Notify,
    /// What was written lately.
    pub(super) lately: Lately,
    /// Bytes of segments that are not freed: what the limit is about, since segments are filled
    /// ahead and freed whole.
    pub(super) bytes: Mutex<u64>,
    /// Bytes of records that the log has not acknowledged, by segment.
    waiting: Mutex<BTreeMap<u64, u64>>,
    /// The spool may hold so many bytes at most.
    pub(super) bytes_max: u64,
    /// In how many parts it is divided what one certificate has a minute.
    parts: AtomicU32,
    pub(super) metrics: Metrics,
    /// Records of permitted requests that nobody took.
    pub(super) unheard: Unheard,
    /// SHA-256 of the key that the next run names.
    pub(super) key_sha256: Mutex<Bytes>,
}

impl Shared {
    /// Changes how many bytes lie there.
    pub(super) fn count(&self, change: impl FnOnce(u64) -> u64) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *bytes = change(*bytes);
        self.metrics.set("spool_bytes", i64::try_from(*bytes).unwrap_or(i64::MAX));
        // Told under the lock, so that what is newer is told later.
        Room::of(*bytes, self.bytes_max).tell(&self.metrics);
        let parts = room::parts(*bytes, self.bytes_max);
        self.parts.store(parts, Ordering::Relaxed);
        room::tell_share(parts, &self.metrics);
    }

    /// Changes how many bytes of a segment wait for the log.
    pub(super) fn wait(&self, segment: u64, change: impl FnOnce(u64) -> u64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let left = change(waiting.remove(&segment).unwrap_or(0));
        if left > 0 {
            waiting.insert(segment, left);
        }
        let all = waiting.values().sum::<u64>();
        self.metrics.set("spool_waiting_bytes", i64::try_from(all).unwrap_or(i64::MAX));
    }

    /// How much room is left.
    pub(super) fn room(&self) -> Room {
        let bytes = *self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        Room::of(bytes, self.bytes_max)
    }
}

/// The spool of one agent.
#[derive(Clone)]
pub struct Spool {
    entrance: Arc<Entrance<AppendRequest>>,
    shared: Arc<Shared>,
    clock: Clock,
    /// The segments lie in this folder, a file each.
    pub folder: PathBuf,
    /// What of it is kept when the log has it.
    kept: KeptSegments,
}

impl Spool {
    /// Starts the thread with a new epoch, beside what earlier runs left.
    pub fn start(
        config: &AgentConfig,
        (maker, started): (String, RunStart),
        found: &RecoveredSpool,
        clock: Clock,
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        let folder = config.path("spool");
        let (entrance, exit) = row(WAITING_MAX, |wanted: &AppendRequest| wanted.asker.is_some());
        let shared = Arc::new(Shared {
            durable: Mutex::new(Position { segment: found.next, offset: 0 }),
            news: Notify::new(),
            lately: Lately::default(),
            bytes: Mutex::default(),
            waiting: Mutex::default(),
            bytes_max: config.spool.bytes,
            parts: AtomicU32::new(1),
            metrics: metrics.clone(),
            unheard: Unheard::default(),
            key_sha256: Mutex::new(started.key_sha256.clone()),
        });
        shared.count(|_| found.bytes);
        for (segment, bytes) in &found.waiting {
            shared.wait(*segment, |_| *bytes);
        }
        let parts = (clock, metrics, shared.clone());
        let writer = Writer::new(config, maker, started, found.next, parts);
        writer.start(exit)?;
        let kept = KeptSegments { bytes: config.spool.kept_bytes, days: config.spool.kept_days };
        Ok(Self { entrance: Arc::new(entrance), shared, clock, folder, kept })
    }

    /// Gives up a segment that the log has whole: it is kept for its owner for a while, or removed.
    pub(crate) fn give_up(&self, segment: u64) -> std::io::Result<()> {
        self.kept.take(&self.folder, segment, self.clock.seconds())
    }

    /// Records an event; it is durable when this returns.
    pub async fn record(
        &self,
        event: Event,
        disclosures: Vec<Disclosure>,
        place: Place,
    ) -> Result<Recorded, NotRecorded> {
        let (body, opened) = written(&event, &disclosures)?;
        self.record_body(body, opened, place).await
    }

    /// The same of a body that is written already, with what opens its commitments.
    pub async fn record_body(
        &self,
        body: RecordBody,
        disclosures: Vec<u8>,
        place: Place,
    ) -> Result<Recorded, NotRecorded> {
        let (answer, answered) = oneshot::channel();
        let micros = self.clock.micros();
        let asker = Some(Asker::here(answer));
        let wanted = AppendRequest { body, disclosures, micros, place, asker };
        if !self.entrance.push(wanted) {
            return Err(NotRecorded::Failed);
        }
        match tokio::time::timeout(WAIT_MAX, answered).await {
            Ok(Ok(result)) => result.and_then(Granted::take),
            _ => Err(NotRecorded::Failed),
        }
    }

    /// Records an event without waiting: the end of something that was recorded already.
    pub fn note(&self, event: &Event, disclosures: &[Disclosure]) {
        if let Ok((body, opened)) = written(event, disclosures) {
            self.note_body(body, opened);
        }
    }

    /// The same of a body that is written already.
    pub fn note_body(&self, body: RecordBody, disclosures: Vec<u8>) {
        let (micros, place) = (self.clock.micros(), Place::Ends);
        let wanted = AppendRequest { body, disclosures, micros, place, asker: None };
        if !self.entrance.push(wanted) {
            tracing::error!("an end could not be recorded; it will be told as unknown");
        }
    }

    /// Records what a start has to say of earlier runs: waits for room in the queue.
    pub fn begin_with(&self, events: &[Event]) {
        let micros = self.clock.micros();
        for event in events {
            let Ok((body, disclosures)) = written(event, &[]) else { continue };
            let (place, asker) = (Place::Ends, None);
            let wanted = AppendRequest { body, disclosures, micros, place, asker };
            if !self.entrance.push_when_there_is_room(wanted) {
                return;
            }
        }
    }

    /// Says which key signs from now on: a run that begins later names it.
    pub fn signed_by(&self, key_sha256: Bytes) {
        *self.shared.key_sha256.lock().unwrap_or_else(PoisonError::into_inner) = key_sha256;
    }

    /// How far it is durable.
    pub fn durable(&self) -> Position {
        self.shared.durable.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for something durable.
    pub async fn news(&self) {
        self.shared.news.notified().await;
    }

    /// Durable frames between two offsets of a segment, after the chain value `before`, without
    /// reading them back: as many as are handed in together, if they were written lately.
    pub fn lately(&self, segment: u64, span: (u64, u64), before: &[u8; 32]) -> Option<FrameRange> {
        self.shared.lately.range(segment, span, before)
    }

    /// Bytes of records that the log has not acknowledged.
    pub fn waiting(&self) -> u64 {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// How many requests one certificate has a minute, of as many as are set: fewer while little
    /// room is left, so that nobody takes that from all others.
    pub fn share_of_one(&self, a_minute: u32) -> u32 {
        room::share_of_one(a_minute, self.shared.parts.load(Ordering::Relaxed))
    }

    /// The log acknowledged so many bytes of a segment, up to an offset.
    pub fn acknowledged(&self, segment: u64, bytes: u64, offset: u64) {
        self.shared.wait(segment, |all| all.saturating_sub(bytes));
        self.shared.lately.forget(segment, offset);
    }

    /// A segment was freed: nothing of it waits.
    pub fn freed(&self, segment: u64, bytes: u64) {
        self.shared.wait(segment, |_| 0);
        self.shared.count(|all| all.saturating_sub(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::super::postbox::Postbox;
    use super::super::recover;
    use super::*;
    use records::access::Completion;

    fn config(folder: &std::path::Path) -> AgentConfig {
        let here = "127.0.0.1:1".parse().unwrap();
        let mut config = AgentConfig::new(folder, here, here, here);
        config.spool.segment_bytes = 64 * 1024;
        config
    }

    fn start(config: &AgentConfig) -> Spool {
        let found = recover(&config.path("spool"), "gate-1").unwrap();
        let started = RunStart {
            agent: "gate-1".into(),
            application: "exchange".into(),
            version: "1".into(),
            key_sha256: records::Bytes(vec![7; 32]),
            cause: String::new(),
        };
        let from = ("gate-1/agent".to_owned(), started);
        Spool::start(config, from, &found, Clock::system(), Metrics::default()).unwrap()
    }

    /// What one certificate has a minute follows from what lies there.
    #[tokio::test]
    async fn a_spool_that_is_freed_divides_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let spool = start(&config(folder.path()));
        spool.shared.count(|_| spool.shared.bytes_max / 2);
        assert_eq!(spool.share_of_one(600_000), 6_000);
        spool.shared.count(|_| 0);
        assert_eq!(spool.share_of_one(600_000), 600_000);
    }

    /// A thread that is stuck lets nothing pass: whoever waits for it hears no in a bounded time.
    #[tokio::test]
    async fn nothing_passes_while_the_thread_is_stuck() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = start(&config(folder.path()));
        let (entrance, _stuck) = row(WAITING_MAX, |wanted: &AppendRequest| wanted.asker.is_some());
        spool.entrance = Arc::new(entrance);
        let event = Event::Completion(Completion::without_answer("gate-1/A/1".into(), "cut"));
        let waited =
            tokio::time::timeout(WAIT_MAX * 2, spool.record(event, Vec::new(), Place::Begins));
        assert_eq!(waited.await.unwrap(), Err(NotRecorded::Failed));
    }

    /// Whoever asks on the thread of a lane is answered there, each with a record of its own; and
    /// so is who asks anywhere else meanwhile.
    #[tokio::test]
    async fn who_asks_on_a_lane_is_answered_there() {
        let folder = tempfile::tempdir().unwrap();
        let spool = start(&config(folder.path()));
        let ended = || Event::Completion(Completion::without_answer("gate-1/A/1".into(), "cut"));
        let of_lane = spool.clone();
        let lane = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_time().build().unwrap().block_on(async {
                Postbox::open();
                let mut asking = tokio::task::JoinSet::new();
                for _ in 0..100 {
                    let spool = of_lane.clone();
                    asking.spawn(async move {
                        spool.record(ended(), Vec::new(), Place::Ends).await.unwrap().request_id()
                    });
                }
                asking.join_all().await
            })
        });
        let mut names = Vec::new();
        for _ in 0..10 {
            let recorded = spool.record(ended(), Vec::new(), Place::Ends).await.unwrap();
            names.push(recorded.request_id());
        }
        names.extend(lane.join().unwrap());
        assert_eq!(names.len(), 110);
        assert_eq!(names.into_iter().collect::<std::collections::BTreeSet<_>>().len(), 110);
    }

    /// What waits is told in bytes of records; what is full is judged by what lies on the disk,
    /// where a segment was filled ahead.
    #[tokio::test]
    async fn what_waits_is_told_apart_from_what_the_disk_holds() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let spool = start(&config);
        let held = |spool: &Spool| *spool.shared.bytes.lock().unwrap();
        let began = spool.waiting();
        assert!(began > 0 && began < 2_048, "the record of the start: {began}");
        assert_eq!(held(&spool), config.spool.segment_bytes);
        let ended = || Event::Completion(Completion::without_answer("gate-1/A/1".into(), "cut"));
        spool.record(ended(), Vec::new(), Place::Ends).await.unwrap();
        let one = spool.waiting() - began;
        assert!(one > 0 && one < 2_048, "{one}");
        // The log has the first of them; another segment changes nothing.
        let segment = spool.durable().segment;
        spool.acknowledged(segment, began, 0);
        spool.acknowledged(segment + 1, 99, 0);
        assert_eq!((spool.waiting(), held(&spool)), (one, config.spool.segment_bytes));
        // What a start finds is what was not acknowledged: of this run all, as `acked` says.
        drop(spool);
        let mut acked = recover::AckedPosition::read(&config.path("spool")).unwrap();
        acked.segment = segment;
        acked.records = 1;
        acked.write(&config.path("spool")).unwrap();
        let again = start(&config);
        assert_eq!(again.waiting(), one + began, "and the record of its own start");
        // A segment that was freed, or set aside as damaged, holds nothing that waits.
        again.freed(segment, 100);
        assert_eq!(again.waiting(), began);
        again.acknowledged(again.durable().segment, began, 0);
        assert_eq!(again.waiting(), 0);
        assert!(held(&again) >= config.spool.segment_bytes);
    }
}
