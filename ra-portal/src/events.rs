//! A process's own events: durable in the spool before the answer, shipped to the log in order,
//! freed after its acknowledgement.

use ca_api::{Append, Log, SaltedRecord};
use records::record::{Event, Record};
use service::{Clock, Metrics, Stop};
use std::time::Duration;
use store::{Store, StoreError, spool};

const SHIPPED_MAX: i64 = 256;
const LOOK: Duration = Duration::from_millis(50);
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// The spool of one process.
#[derive(Clone)]
pub struct Events {
    store: Store,
    /// `PORTAL/portal-public` or `PORTAL/portal-staff`: the common name of its certificate.
    maker: String,
    process: &'static str,
    clock: Clock,
}

/// The event is not durable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotKept {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness, or no canonical form.
    #[error("the event cannot be written: {0}")]
    Write(&'static str),
}

impl Events {
    /// The spool of a process of a portal.
    pub fn new(store: Store, portal: &str, process: &'static str, clock: Clock) -> Self {
        Self { store, maker: format!("{portal}/portal-{process}"), process, clock }
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
        let bytes = record.write().map_err(|_| NotKept::Write("no canonical form"))?;
        let kept = spool::keep(&self.store, &self.maker, &bytes, &salt).await;
        if let Err(error) = &kept {
            tracing::error!(%error, "spool");
        }
        Ok(kept?)
    }

    /// Ships until the stop; what cannot be shipped waits.
    pub async fn ship(self, log: Log, metrics: Metrics, stop: Stop) {
        let mut watch = self.store.watch();
        loop {
            if !watch.changed() {
                if !stop.pause(LOOK).await {
                    return;
                }
                continue;
            }
            let pause = match self.ship_some(&log).await {
                Ok(count) => {
                    metrics.condition("spool", "");
                    metrics.set("spooled", i64::try_from(count).unwrap_or(i64::MAX));
                    if count == usize::try_from(SHIPPED_MAX).unwrap_or(0) { continue } else { LOOK }
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
