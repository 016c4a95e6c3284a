//! Handing notices over, a task for each channel: what is due is taken from the outbox, handed to
//! the channel, and what became of it is kept and recorded in one commit. A crash in between hands
//! it over again, under the same id. A channel that takes nothing is left alone for longer and
//! longer, and holds up nobody else.

use crate::channel::Channel;
use crate::notice::{Notice, NoticeId, spelled};
use crate::outbox::{Seal, TRIED_SECONDS, pause};
use crate::parcel::{Handed, Parcel};
use crate::recipient::Recipient;
use crate::words::{self, Letterhead};
use authority::Authority;
use ca_store::table::notice::{self, DueRow, NoticeState};
use ca_store::table::person;
use records::record::{Event, Record};
use service::{Clock, Metrics, Stop, fault};
use std::time::Duration;
use store::{Doorbell, Store};
use tokio::sync::watch;

/// Notices of one look.
const CHUNK: i64 = 64;
/// Longest pause between looks: a notice that nobody told of is found then.
const LOOK_MAX: Duration = Duration::from_secs(60);
/// Pauses of a channel that takes nothing double up to here, in seconds.
const AWAY_MAX: u64 = 300;
const AFTER_FAILURE: Duration = Duration::from_secs(2);
const MAKER: &str = "notices";

/// What hands notices to one channel.
pub(crate) struct Delivery {
    pub(crate) channel: Channel,
    pub(crate) store: Store,
    pub(crate) seal: Seal,
    pub(crate) head: Letterhead,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    /// Authority as it is followed; new whenever notices may be.
    pub(crate) authority: watch::Receiver<Option<Authority>>,
    pub(crate) bell: Doorbell,
    pub(crate) stop: Stop,
}

/// What one look came to.
enum Look {
    /// Nothing is due until then.
    Idle(Duration),
    /// There may be more.
    More,
    /// The channel takes nothing.
    Away,
}

impl Delivery {
    /// Hands over until the stop.
    pub(crate) async fn run(mut self) {
        let mut failures = 0u32;
        loop {
            let wait = match self.look().await {
                Ok(Look::More) => {
                    failures = 0;
                    Duration::ZERO
                }
                Ok(Look::Idle(wait)) => {
                    failures = 0;
                    wait
                }
                Ok(Look::Away) => {
                    failures = failures.saturating_add(1);
                    Duration::from_secs(2u64.saturating_pow(failures.min(9) - 1).min(AWAY_MAX))
                }
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "notices are not handed over");
                    AFTER_FAILURE
                }
            };
            let is_away = failures > 0;
            let goes_on = tokio::select! {
                goes_on = self.stop.pause(wait) => goes_on,
                changed = self.authority.changed(), if !is_away => changed.is_ok(),
            };
            if !goes_on {
                return;
            }
        }
    }

    async fn look(&mut self) -> anyhow::Result<Look> {
        let Some(authority) = self.authority.borrow_and_update().clone() else {
            return Ok(Look::Idle(LOOK_MAX));
        };
        let (name, now) = (self.channel.name(), self.clock.seconds());
        let mut tx = self.store.read().await?;
        let due = notice::due(&mut tx, (name, now), CHUNK).await?;
        if due.is_empty() {
            let next = notice::next_due(&mut tx, name).await?;
            let wait = next.map_or(LOOK_MAX, |next| Duration::from_secs(next.saturating_sub(now)));
            return Ok(Look::Idle(wait.clamp(Duration::from_secs(1), LOOK_MAX)));
        }
        let people = due.iter().map(|row| row.person.clone()).collect();
        let opened = person::disclosures(&mut tx, people).await?;
        drop(tx);
        for row in &due {
            if self.stop.now() {
                return Ok(Look::Idle(LOOK_MAX));
            }
            let Some((id, notice)) = self.seal.open(row, name) else {
                self.set_aside(row).await?;
                continue;
            };
            let disclosures = opened.get(&notice.person).map_or(&[][..], Vec::as_slice);
            let recipient = Recipient::of(&authority, &notice.person, disclosures);
            let handed = self.hand((id, &notice), &recipient, &authority).await;
            fault::point("notice-handed-over");
            let is_away = matches!(handed, Handed::Away(_));
            self.told(&handed);
            self.settle(row, (id, &notice), handed).await?;
            fault::point("notice-settled");
            if is_away {
                return Ok(Look::Away);
            }
        }
        Ok(Look::More)
    }

    async fn hand(
        &self,
        (id, notice): (NoticeId, &Notice),
        recipient: &Recipient,
        authority: &Authority,
    ) -> Handed {
        let unit = notice.facts.unit.as_deref().and_then(|unit| authority.unit(unit));
        let unit = unit.map_or("", |unit| unit.name.as_str());
        let written = words::write(notice, recipient, unit, &self.head);
        let now = self.clock.seconds();
        let parcel = Parcel { id, notice, recipient, written: &written, now };
        self.channel.hand(&parcel).await
    }

    /// Says on `/readyz` how the channel is; notices are no reason to be not ready.
    fn told(&self, handed: &Handed) {
        let (name, outcome) = (self.channel.name(), outcome(handed));
        self.metrics.count(name, outcome);
        let problem = match handed {
            Handed::Away(why) => format!("takes no notices: {why}"),
            _ => self.channel.looked_after().unwrap_or_default(),
        };
        self.metrics.notice(name, &problem);
    }

    /// Keeps what became of a notice, and records it once it is over.
    async fn settle(
        &self,
        row: &DueRow,
        (id, notice): (NoticeId, &Notice),
        handed: Handed,
    ) -> anyhow::Result<()> {
        let now = self.clock.seconds();
        let is_late = row.made.saturating_add(TRIED_SECONDS) < now;
        let state = match handed {
            Handed::Taken => NoticeState::Sent,
            Handed::NoAddress | Handed::Refused(_) => NoticeState::Failed,
            Handed::Later(_) | Handed::Away(_) if is_late => NoticeState::Failed,
            Handed::Later(_) => NoticeState::Waiting(now + pause(row.tries)),
            // The channel pauses, not the notice; it only goes behind those that were not tried.
            Handed::Away(_) => NoticeState::Waiting(now + 1),
        };
        if let Handed::Refused(why) | Handed::Later(why) = &handed {
            tracing::warn!(notice = spelled(&id), why, "a notice is not taken");
        }
        let outcome = match (state, &handed) {
            (NoticeState::Waiting(_), _) => None,
            (_, Handed::Later(_) | Handed::Away(_)) => Some("too-late"),
            (_, handed) => Some(outcome(handed)),
        };
        let mut tx = self.store.write().await?;
        let is_own = notice::settle(&mut tx, (&id, self.channel.name()), state).await?;
        if let Some(outcome) = outcome.filter(|_| is_own) {
            let record = self.record((id, notice), outcome)?;
            let salt = system::random::bytes()?;
            ca_store::ledger::insert(&mut tx, &record, record.write()?, salt).await?;
        }
        tx.commit().await?;
        if outcome.is_some() {
            self.bell.ring();
        }
        Ok(())
    }

    fn record(&self, (id, notice): (NoticeId, &Notice), outcome: &str) -> anyhow::Result<Record> {
        Ok(Record {
            v: 1,
            id: system::random::bytes::<16>()?.into(),
            log: "access".into(),
            maker: MAKER.into(),
            time: records::time::micros(self.clock.micros()),
            link: None,
            event: Event::Notified {
                notice: spelled(&id),
                about: notice.kind.name().into(),
                person: notice.person.clone(),
                channel: self.channel.name().into(),
                outcome: outcome.into(),
            },
        })
    }

    /// A row that this role did not write is sent to nobody.
    async fn set_aside(&self, row: &DueRow) -> anyhow::Result<()> {
        self.metrics.count(self.channel.name(), "forged");
        tracing::error!(notice = spelled(&row.id), "a notice in the database is not ours");
        let mut tx = self.store.write().await?;
        let place = (row.id.as_slice(), self.channel.name());
        notice::settle(&mut tx, place, NoticeState::Failed).await?;
        Ok(tx.commit().await?)
    }
}

/// What became of a notice, as records and counters say it.
fn outcome(handed: &Handed) -> &'static str {
    match handed {
        Handed::Taken => "done",
        Handed::NoAddress => "no-address",
        Handed::Refused(_) => "refused",
        Handed::Later(_) => "later",
        Handed::Away(_) => "away",
    }
}
