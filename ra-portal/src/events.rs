//! A process's own events: durable in the spool before the answer or counted with one that is,
//! shipped to the log in order, freed after its acknowledgement. Those that come together share one
//! commit, and nobody looks for some where none came.

use ca_api::{Append, Log, SaltedRecord};
use records::record::{Event, Record};
use service::{Clock, Metrics, Stop, Tally};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::{Store, StoreError, spool};
use tokio::sync::{Notify, mpsc, oneshot};

const SHIPPED_MAX: i64 = 256;
/// Events of one commit.
const TOGETHER_MAX: usize = 256;
/// Events that come close together are shipped together: each piece costs the log two commits,
/// which hold issuance up.
const GATHER: Duration = Duration::from_millis(250);
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Most events that wait; beyond them nothing is answered that must be recorded.
const WAITING_MAX: u64 = 100_000;
/// From here on it is told that the spool is nearly full.
const WAITING_MANY: u64 = WAITING_MAX / 8 * 7;
/// Acts that were done are recorded one by one up to so many of a kind a minute.
const DONE_MAX: u32 = 10;
/// How often it is looked whether a count is due.
const COUNTED: Duration = Duration::from_secs(1);

/// What an event says beside its time: act, outcome, person.
type Kind = (String, String, String);

/// The spool of one process. Of refusals the first of a kind is an event, those after it are
/// counted and told each minute by one; acts are, beyond ten of a kind. So nobody makes the log
/// grow by asking again and again.
#[derive(Clone)]
pub struct Events {
    store: Store,
    /// `PORTAL/portal-public` or `PORTAL/portal-staff`: the common name of its certificate.
    maker: String,
    process: &'static str,
    clock: Clock,
    counted: Arc<Mutex<Tally<Kind, ()>>>,
    began: Instant,
    /// How many events wait.
    waiting: Arc<AtomicU64>,
    /// Whether the last event could not be kept.
    fails: Arc<AtomicBool>,
    keeper: mpsc::Sender<NewEvent>,
    /// Something was kept that is not shipped.
    news: Arc<Notify>,
}

/// An event on its way into the spool.
struct NewEvent {
    record: Vec<u8>,
    salt: [u8; 32],
    kept: oneshot::Sender<bool>,
}

/// The event is not durable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotKept {
    /// The database, at the start.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The spool; what failed is in the diagnostic log.
    #[error("the spool does not keep the event")]
    Spool,
    /// No randomness, or no canonical form.
    #[error("the event cannot be written: {0}")]
    Write(&'static str),
    /// Too many wait already.
    #[error("the spool is full")]
    Full,
}

impl Events {
    /// Opens the spool of a process of a portal, with what waits there, and begins to keep.
    pub async fn open(
        store: Store,
        portal: &str,
        process: &'static str,
        clock: Clock,
    ) -> Result<Self, NotKept> {
        let maker = format!("{portal}/portal-{process}");
        let waiting = spool::count(&store, &maker).await?;
        let waiting = Arc::new(AtomicU64::new(u64::try_from(waiting).unwrap_or(0)));
        let (keeper, new) = mpsc::channel(TOGETHER_MAX);
        let (counted, began, news) = (Arc::default(), Instant::now(), Arc::new(Notify::new()));
        let told = (Arc::clone(&news), Arc::clone(&waiting));
        tokio::spawn(keep_together(store.clone(), maker.clone(), new, told));
        let fails = Arc::default();
        Ok(Self { store, maker, process, clock, counted, began, waiting, fails, keeper, news })
    }

    /// Keeps an event, or counts it with those of its kind.
    pub async fn keep(&self, act: &str, outcome: &str, person: &str) -> Result<(), NotKept> {
        let kind = (act.to_owned(), outcome.to_owned(), person.to_owned());
        let most = if outcome == "done" { DONE_MAX } else { 1 };
        self.has_room()?;
        // While nothing can be kept nothing is counted either: whoever asks is not answered.
        let fails = self.fails.load(Ordering::Relaxed);
        let is_counted = self.counting(|counted| {
            let is_told = counted.is_told(&kind, most) && !fails;
            match is_told {
                true => counted.count(&kind, ()),
                // Told before it is kept: many that come at once are one all the same.
                false => counted.told(kind.clone()),
            }
            is_told
        });
        if is_counted {
            return Ok(());
        }
        let kept = self.keep_count(&kind, 1).await;
        if kept.is_err() {
            self.counting(|counted| counted.not_told(&kind));
        }
        kept
    }

    /// Keeps what was counted so far: nobody is answered any more.
    pub async fn keep_rest(&self) -> Result<(), NotKept> {
        let mut kept = Ok(());
        for (kind, count, ()) in self.counting(Tally::rest) {
            kept = kept.and(self.keep_count(&kind, count).await);
        }
        kept
    }

    /// Sums up and ships until the stop.
    pub async fn run(self, log: Log, metrics: Metrics, stop: Stop) {
        tokio::join!(self.clone().sum_up(stop.clone()), self.ship(log, metrics, stop));
    }

    /// Keeps each minute what was counted, until the stop.
    async fn sum_up(self, stop: Stop) {
        while stop.pause(COUNTED).await {
            for (kind, count, ()) in self.counting(Tally::due) {
                if self.keep_count(&kind, count).await.is_err() {
                    self.counting(|counted| counted.again(&kind, count, ()));
                }
            }
        }
    }

    fn counting<T>(&self, work: impl FnOnce(&mut Tally<Kind, ()>) -> T) -> T {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.at(self.began.elapsed().as_secs());
        work(&mut counted)
    }

    fn has_room(&self) -> Result<(), NotKept> {
        let is_full = self.waiting.load(Ordering::Relaxed) >= WAITING_MAX;
        if is_full { Err(NotKept::Full) } else { Ok(()) }
    }

    async fn keep_count(&self, kind: &Kind, count: u64) -> Result<(), NotKept> {
        let (act, outcome, person) = kind.clone();
        self.has_room()?;
        let id = system::random::bytes::<16>().ok().ok_or(NotKept::Write("no randomness"))?;
        let salt = system::random::bytes::<32>().ok().ok_or(NotKept::Write("no randomness"))?;
        let process = self.process.into();
        let record = Record {
            v: 1,
            id: id.into(),
            log: "access".into(),
            maker: self.maker.clone(),
            time: records::time::micros(self.clock.micros()),
            link: None,
            event: Event::Portal { process, act, outcome, person, count },
        };
        let record = record.write().map_err(|_| NotKept::Write("no canonical form"))?;
        let (kept, answer) = oneshot::channel();
        let new = NewEvent { record, salt, kept };
        self.keeper.send(new).await.map_err(|_| NotKept::Spool)?;
        let kept = answer.await.is_ok_and(|kept| kept);
        self.fails.store(!kept, Ordering::Relaxed);
        if kept { Ok(()) } else { Err(NotKept::Spool) }
    }

    /// Says how full the spool is.
    fn tell(&self, metrics: &Metrics) {
        let waiting = self.waiting.load(Ordering::Relaxed);
        metrics.set("spooled", i64::try_from(waiting).unwrap_or(i64::MAX));
        let full = if waiting >= WAITING_MAX { "full: too many events wait" } else { "" };
        metrics.condition("spool-full", full);
        let many = (WAITING_MANY..WAITING_MAX).contains(&waiting);
        metrics.notice("spool-full", if many { "nearly full" } else { "" });
    }

    /// Ships until the stop; what cannot be shipped waits.
    async fn ship(self, log: Log, metrics: Metrics, stop: Stop) {
        loop {
            let pause = match self.ship_some(&log).await {
                Ok(count) => {
                    metrics.condition("spool", "");
                    self.tell(&metrics);
                    if count > 0 {
                        continue;
                    }
                    tokio::select! {
                        () = self.news.notified() => GATHER,
                        () = stop.wait() => return,
                    }
                }
                Err(error) => {
                    self.tell(&metrics);
                    metrics.condition("spool", &format!("events wait: {error}"));
                    AFTER_FAILURE
                }
            };
            if !stop.pause(pause).await {
                return;
            }
        }
    }

    async fn ship_some(&self, log: &Log) -> anyhow::Result<usize> {
        let waiting = spool::oldest(&self.store, &self.maker, SHIPPED_MAX).await?;
        let Some(last) = waiting.last().map(|spooled| spooled.position) else { return Ok(0) };
        let count = waiting.len();
        let records = waiting
            .into_iter()
            .map(|spooled| SaltedRecord {
                record: spooled.record.into(),
                salt: spooled.salt.into(),
                disclosures: Vec::new(),
            })
            .collect();
        let appended = log.append(&Append { records }).await?;
        anyhow::ensure!(appended.count == count as u64, "the log took fewer records");
        let freed = spool::free(&self.store, &self.maker, last).await?;
        let less = |waiting: u64| Some(waiting.saturating_sub(freed));
        let _ = self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        Ok(count)
    }
}

/// Keeps what waits, with one commit for all that came meanwhile, until nobody can bring more.
async fn keep_together(
    store: Store,
    maker: String,
    mut new: mpsc::Receiver<NewEvent>,
    (news, waiting): (Arc<Notify>, Arc<AtomicU64>),
) {
    let mut batch = Vec::new();
    while new.recv_many(&mut batch, TOGETHER_MAX).await > 0 {
        let (events, answers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|one| ((one.record, one.salt), one.kept)).unzip();
        // Counted before it can be shipped and freed.
        let count = answers.len() as u64;
        waiting.fetch_add(count, Ordering::Relaxed);
        let kept = spool::keep(&store, &maker, events).await;
        if let Err(error) = &kept {
            waiting.fetch_sub(count, Ordering::Relaxed);
            tracing::error!(%error, "spool");
        }
        news.notify_one();
        for answer in answers {
            // Whoever asked may be gone.
            let _ = answer.send(kept.is_ok());
        }
    }
}
