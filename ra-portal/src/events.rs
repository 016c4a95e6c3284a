//! A process's own events: durable in the spool before the answer, shipped to the log in order,
//! freed after its acknowledgement. Those that come together share one commit, and nobody looks for
//! some where none came.

use ca_api::{Append, Log, SaltedRecord};
use records::record::{Event, Record};
use service::{Clock, Metrics, Stop};
use std::sync::Arc;
use std::time::Duration;
use store::{Store, spool};
use tokio::sync::{Notify, mpsc, oneshot};

const SHIPPED_MAX: i64 = 256;
/// Events of one commit.
const TOGETHER_MAX: usize = 256;
/// Events that come close together are shipped together.
const GATHER: Duration = Duration::from_millis(50);
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// The spool of one process.
#[derive(Clone)]
pub struct Events {
    store: Store,
    /// `PORTAL/portal-public` or `PORTAL/portal-staff`: the common name of its certificate.
    maker: String,
    process: &'static str,
    clock: Clock,
    keeper: mpsc::Sender<Waiting>,
    /// Something was kept that is not shipped.
    news: Arc<Notify>,
}

/// An event on its way into the spool.
struct Waiting {
    record: Vec<u8>,
    salt: [u8; 32],
    kept: oneshot::Sender<bool>,
}

/// The event is not durable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotKept {
    /// The spool; what failed is in the diagnostic log.
    #[error("the spool does not keep the event")]
    Spool,
    /// No randomness, or no canonical form.
    #[error("the event cannot be written: {0}")]
    Write(&'static str),
}

impl Events {
    /// Opens the spool of a process of a portal, and begins to keep.
    pub fn open(store: Store, portal: &str, process: &'static str, clock: Clock) -> Self {
        let maker = format!("{portal}/portal-{process}");
        let (keeper, waiting) = mpsc::channel(TOGETHER_MAX);
        let news = Arc::new(Notify::new());
        tokio::spawn(keep_together(store.clone(), maker.clone(), waiting, news.clone()));
        Self { store, maker, process, clock, keeper, news }
    }

    /// Keeps an event.
    pub async fn keep(&self, act: &str, outcome: &str, person: &str) -> Result<(), NotKept> {
        let id = system::random::bytes::<16>().ok().ok_or(NotKept::Write("no randomness"))?;
        let salt = system::random::bytes::<32>().ok().ok_or(NotKept::Write("no randomness"))?;
        let record = Record {
            v: 1,
            id: id.into(),
            log: "access".into(),
            maker: self.maker.clone(),
            time: records::time::micros(self.clock.micros()),
            link: None,
            event: Event::Portal {
                process: self.process.into(),
                act: act.into(),
                outcome: outcome.into(),
                person: person.into(),
            },
        };
        let record = record.write().map_err(|_| NotKept::Write("no canonical form"))?;
        let (kept, answer) = oneshot::channel();
        let waiting = Waiting { record, salt, kept };
        self.keeper.send(waiting).await.map_err(|_| NotKept::Spool)?;
        if answer.await.is_ok_and(|kept| kept) { Ok(()) } else { Err(NotKept::Spool) }
    }

    /// Ships until the stop; what cannot be shipped waits.
    pub async fn ship(self, log: Log, metrics: Metrics, stop: Stop) {
        loop {
            let pause = match self.ship_some(&log).await {
                Ok(count) => {
                    metrics.condition("spool", "");
                    metrics.set("spooled", i64::try_from(count).unwrap_or(i64::MAX));
                    if count > 0 {
                        continue;
                    }
                    tokio::select! {
                        () = self.news.notified() => GATHER,
                        () = stop.wait() => return,
                    }
                }
                Err(error) => {
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
        spool::free(&self.store, &self.maker, last).await?;
        Ok(count)
    }
}

/// Keeps what waits, with one commit for all that came meanwhile, until nobody can bring more.
async fn keep_together(
    store: Store,
    maker: String,
    mut waiting: mpsc::Receiver<Waiting>,
    news: Arc<Notify>,
) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, TOGETHER_MAX).await > 0 {
        let (events, answers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|one| ((one.record, one.salt), one.kept)).unzip();
        let kept = spool::keep(&store, &maker, events).await;
        if let Err(error) = &kept {
            tracing::error!(%error, "spool");
        }
        news.notify_one();
        for answer in answers {
            // Whoever asked may be gone.
            let _ = answer.send(kept.is_ok());
        }
    }
}
