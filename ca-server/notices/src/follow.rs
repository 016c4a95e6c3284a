//! Following the log: each record of `control` that the tree holds becomes the notices that it
//! tells. The mark is the role's floor, in a directory of its own: it is raised once the notices of
//! everything below it are durable, so that a crash makes some of them again, under the same ids,
//! and forgets none.

use crate::due;
use crate::notice::Notice;
use crate::outbox::{KEPT_SECONDS, Seal, WAITING_MAX};
use crate::tell::{self, Orders};
use authority::{Authority, OrderDigest};
use ca_store::keep::Keep;
use ca_store::replay::{Applied, Floor, Followed, Replay, ReplayError};
use ca_store::table::{notice, order};
use service::{Clock, Metrics, Stop, fault};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use store::{Doorbell, Store, Tx};
use tokio::sync::watch;

/// Entries of one step.
const CHUNK: i64 = 4_000;
/// What follows from time alone is looked for this often.
const LOOK: Duration = Duration::from_secs(300);
/// Authority is kept again after so many records, which a start replays in about a second.
const SAVE_RECORDS: u64 = 1 << 16;
/// Commits that come close together are followed together.
const GATHER: Duration = Duration::from_millis(25);
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// The condition on `/readyz`.
const CONDITION: &str = "follow";

/// What follows.
pub(crate) struct Follow {
    pub(crate) store: Store,
    pub(crate) replay: Replay,
    pub(crate) keep: Keep,
    pub(crate) seal: Seal,
    /// By which channels each notice leaves.
    pub(crate) channels: Vec<&'static str>,
    pub(crate) digest_hour: u8,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    /// Told of authority whenever there may be new notices.
    pub(crate) told: watch::Sender<Option<Authority>>,
    pub(crate) bell: Doorbell,
    pub(crate) stop: Stop,
    pub(crate) state: Following,
}

/// How far it is.
#[derive(Default)]
pub(crate) struct Following {
    tree: Option<Followed>,
    saved: u64,
    /// Up to when certificates that end soon were looked for, unix.
    looked: u64,
    /// The last day of which digests were made.
    day: String,
    next_look: Option<Instant>,
}

impl Follow {
    /// Follows until the stop, and keeps what was followed.
    pub(crate) async fn run(mut self) {
        self.state.tree = self.keep.load(self.replay.founding());
        self.state.saved = self.size();
        loop {
            let wait = match self.round().await {
                Ok(()) => {
                    self.metrics.condition(CONDITION, "");
                    LOOK
                }
                Err(error) => {
                    self.metrics.condition(CONDITION, &format!("{error:#}"));
                    AFTER_FAILURE
                }
            };
            let goes_on = tokio::select! {
                goes_on = self.stop.pause(wait) => goes_on,
                _ = self.bell.heard() => self.stop.pause(GATHER).await,
            };
            if !goes_on {
                break;
            }
        }
        if let Err(error) = self.save(0) {
            tracing::error!(error = format!("{error:#}"), "authority is not kept");
        }
    }

    fn size(&self) -> u64 {
        self.state.tree.as_ref().map_or(0, |tree| tree.edge.size())
    }

    /// The higher of what is durable and what was followed.
    fn floor(&self) -> Floor {
        let kept = self.keep.floor();
        match self.state.tree.as_ref().map(Followed::floor) {
            Some(followed) if followed.size >= kept.size => followed,
            _ => kept,
        }
    }

    async fn round(&mut self) -> anyhow::Result<()> {
        let has_room = self.has_room().await?;
        if has_room {
            self.follow().await?;
        }
        let is_time = self.state.next_look.is_none_or(|next| next <= Instant::now());
        if is_time && has_room {
            self.look().await?;
            self.state.next_look = Some(Instant::now() + LOOK);
        }
        self.save(SAVE_RECORDS)
    }

    /// Whether more notices may wait; with too many of them the log waits, where nothing is lost.
    async fn has_room(&self) -> anyhow::Result<bool> {
        let mut tx = self.store.read().await?;
        let waiting = notice::count_waiting(&mut tx).await?;
        let many = WAITING_MAX / 8 * 7;
        let what = match waiting {
            n if n >= WAITING_MAX => "full",
            n if n >= many => "nearly full",
            _ => "",
        };
        self.metrics.notice("outbox", what);
        self.metrics.set("notices_waiting", i64::try_from(waiting).unwrap_or(i64::MAX));
        Ok(waiting < WAITING_MAX)
    }

    /// The tree up to its head, and the notices of what is above the mark: kept when all of it
    /// proved to be the log, and only then marked.
    async fn follow(&mut self) -> anyhow::Result<()> {
        let (floor, mark) = (self.floor(), self.keep.floor().size);
        let mut tx = self.store.read().await?;
        let head = self.replay.head(&mut tx, &floor).await?;
        let mut tree = self.state.tree.clone();
        let mut size = self.size();
        let mut new = Vec::new();
        while size < head.size {
            if self.stop.now() {
                return Ok(());
            }
            let step = self.replay.step(&mut tx, tree.as_ref(), (&head, &floor), CHUNK).await?;
            let (next, applied) = step;
            let above = (size..).zip(&applied).filter(|(index, _)| *index >= mark);
            let above: Vec<&Applied> = above.map(|(_, applied)| applied).collect();
            new.extend(self.notices(&mut tx, &next.authority, &above).await?);
            size = next.edge.size();
            tree = Some(next);
        }
        drop(tx);
        let Some(tree) = tree.filter(|_| size > self.size()) else {
            return self.show_first(head.size);
        };
        self.insert(&new).await?;
        let floor = tree.floor();
        let authority = tree.authority.clone();
        self.state.tree = Some(tree);
        if floor.size > mark {
            tokio::task::block_in_place(|| self.keep.raise(floor))?;
        }
        fault::point("notices-marked");
        self.told.send_replace(Some(authority));
        Ok(())
    }

    /// Authority as it was kept is enough when the log did not grow.
    fn show_first(&mut self, size: u64) -> anyhow::Result<()> {
        if self.told.borrow().is_none() && self.size() == size {
            let authority = self.state.tree.as_ref().map(|tree| tree.authority.clone());
            self.told.send_replace(authority);
        }
        Ok(())
    }

    /// What some entries tell.
    async fn notices(
        &self,
        tx: &mut Tx,
        authority: &Authority,
        applied: &[&Applied],
    ) -> Result<Vec<Notice>, ReplayError> {
        let now = self.clock.seconds();
        let counts = |one: &&&Applied| one.effect().is_ok() && !due::is_late(one.record(), now);
        let records: Vec<_> = applied.iter().filter(counts).map(|one| one.record()).collect();
        let needed: BTreeSet<OrderDigest> =
            records.iter().filter_map(|record| tell::needed(record)).collect();
        let orders: Orders = order::read_of(tx, needed.into_iter().collect()).await?;
        Ok(records.iter().flat_map(|record| tell::told(record, authority, &orders)).collect())
    }

    /// Keeps notices in one commit.
    async fn insert(&self, new: &[Notice]) -> anyhow::Result<u64> {
        let now = self.clock.seconds();
        let mut rows = Vec::with_capacity(new.len() * self.channels.len());
        for notice in new {
            for channel in &self.channels {
                rows.push(self.seal.row(notice, channel, now)?);
            }
        }
        if rows.is_empty() {
            return Ok(0);
        }
        let mut tx = self.store.write().await?;
        let kept = notice::insert(&mut tx, rows).await?;
        fault::point("notices-before-commit");
        tx.commit().await?;
        fault::point("notices-after-commit");
        self.metrics.count("notice", "kept");
        Ok(kept)
    }

    /// What follows from time alone, and what is so old that it is forgotten.
    async fn look(&mut self) -> anyhow::Result<()> {
        let Some(tree) = &self.state.tree else { return Ok(()) };
        let now = self.clock.seconds();
        let mut new = due::expiring(&tree.authority, self.state.looked, now);
        let day = due::digest_day(now, self.digest_hour).filter(|day| *day != self.state.day);
        if let Some(day) = &day {
            let authority = &tree.authority;
            new.extend(tokio::task::block_in_place(|| due::digests(authority, day, now)));
        }
        let authority = tree.authority.clone();
        if self.insert(&new).await? > 0 {
            self.told.send_replace(Some(authority));
        }
        self.state.looked = now;
        self.state.day = day.unwrap_or_else(|| self.state.day.clone());
        let mut tx = self.store.write().await?;
        notice::forget(&mut tx, now.saturating_sub(KEPT_SECONDS)).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps authority once so many records followed.
    fn save(&mut self, records: u64) -> anyhow::Result<()> {
        let behind = self.size().saturating_sub(self.state.saved);
        let Some(tree) = self.state.tree.as_ref().filter(|_| behind > records) else {
            return Ok(());
        };
        tokio::task::block_in_place(|| self.keep.save(tree))?;
        self.state.saved = self.size();
        Ok(())
    }
}
