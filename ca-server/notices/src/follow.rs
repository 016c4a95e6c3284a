//! Following the log: each record of `control` that the tree holds becomes the notices that it
//! tells. The mark is the role's floor, in a directory of its own: it is raised once the notices of
//! everything below it are durable, so that a crash makes some of them again, under the same ids,
//! and forgets none.

use crate::due;
use crate::log_clock::LogClock;
use crate::notice::Notice;
use crate::outbox::{KEPT_SECONDS, Seal};
use crate::stood::ChangedLater;
use crate::systems;
use crate::tell::{self, Orders};
use authority::{Authority, OrderDigest};
use ca_host::ProvenTime;
use ca_store::keep::Keep;
use ca_store::replay::{Applied, Floor, Followed, Replay, ReplayError};
use ca_store::table::{notice, order};
use records::Order;
use records::order::Body;
use service::{Metrics, Stop, fault};
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};
use store::{Doorbell, Store, Tx};
use tokio::sync::watch;

/// Entries of one step.
const CHUNK: i64 = 4_000;
/// What follows from time alone is looked for this often.
const LOOK: Duration = Duration::from_secs(300);
/// Authority is kept again after so many records, which a start replays in about a second.
const SAVE_RECORDS: u64 = 1 << 16;
/// Commits that come close together are followed together: nobody reads a notice sooner.
const GATHER: Duration = Duration::from_millis(500);
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// The condition on `/readyz`.
const CONDITION: &str = "follow";

/// The follower of `control` that makes notices of what its records say.
pub(crate) struct Follow {
    pub(crate) store: Store,
    pub(crate) replay: Replay,
    pub(crate) keep: Keep,
    pub(crate) seal: Seal,
    /// By which channels each notice leaves.
    pub(crate) channels: Vec<&'static str>,
    /// Notices of one channel that may wait.
    pub(crate) waiting_max: u64,
    pub(crate) digest_hour: u8,
    pub(crate) time: LogClock,
    pub(crate) metrics: Metrics,
    /// Told of authority whenever there may be new notices.
    pub(crate) told: watch::Sender<Option<Authority>>,
    pub(crate) bell: Doorbell,
    pub(crate) stop: Stop,
    pub(crate) state: FollowState,
}

/// How far it is.
#[derive(Default)]
pub(crate) struct FollowState {
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
        self.time.note(self.state.tree.as_ref().map_or(0, |tree| tree.last_time));
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
        let open = self.open_channels().await?;
        if !open.is_empty() {
            self.follow(&open).await?;
        }
        let is_time = self.state.next_look.is_none_or(|next| next <= Instant::now());
        // What time alone tells, and what is forgotten by it, waits for a clock that is right.
        if is_time && !open.is_empty() && self.time.now().is_believed() {
            self.look(&open).await?;
            self.state.next_look = Some(Instant::now() + LOOK);
        }
        self.save(SAVE_RECORDS)
    }

    /// The channels for which more notices may wait. One that has too many is left out, and keeps
    /// nobody from being told by another; where all have, the log waits, where nothing is lost.
    async fn open_channels(&self) -> anyhow::Result<Vec<&'static str>> {
        let mut tx = self.store.read().await?;
        let waiting = notice::count_waiting(&mut tx, &self.channels).await?;
        drop(tx);
        let waits = |channel: &&'static str| waiting.get(*channel).copied().unwrap_or(0);
        let most = self.channels.iter().map(waits).max().unwrap_or(0);
        let what = match most {
            n if n >= self.waiting_max => "full",
            n if n >= self.waiting_max / 8 * 7 => "nearly full",
            _ => "",
        };
        self.metrics.notice("outbox", what);
        let all: u64 = waiting.values().sum();
        self.metrics.set("notices_waiting", i64::try_from(all).unwrap_or(i64::MAX));
        Ok(with_room(&self.channels, &waiting, self.waiting_max))
    }

    /// The tree up to its head, and the notices of what is above the mark: kept when all of it
    /// proved to be the log, and only then marked.
    async fn follow(&mut self, open: &[&'static str]) -> anyhow::Result<()> {
        let (floor, mark) = (self.replay.above(self.floor()), self.keep.floor().size);
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
            // What is late by the log itself is late by every clock.
            let proven = ProvenTime::of_log(next.last_time);
            new.extend(self.notices(&mut tx, &next.authority, &above).await?);
            new.retain(|(happened, _)| !due::is_late(*happened, proven));
            size = next.edge.size();
            tree = Some(next);
        }
        drop(tx);
        let Some(tree) = tree.filter(|_| size > self.size()) else {
            return self.show_first(head.size);
        };
        self.time.note(tree.last_time);
        let now = self.time.now();
        let new = new.into_iter().filter(|(happened, _)| !due::is_late(*happened, now));
        let new: Vec<Notice> = new.map(|(_, notice)| notice).collect();
        self.insert(&new, open).await?;
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

    /// What some entries tell, with when each happened, unix.
    async fn notices(
        &self,
        tx: &mut Tx,
        authority: &Authority,
        applied: &[&Applied],
    ) -> Result<Vec<(u64, Notice)>, ReplayError> {
        let counts = |one: &&&Applied| one.effect().is_ok();
        let records: Vec<_> = applied.iter().filter(counts).map(|one| one.record()).collect();
        let needed: BTreeSet<OrderDigest> =
            records.iter().flat_map(|record| tell::needed(record, authority)).collect();
        let mut orders: Orders = order::read_of(tx, needed.iter().copied().collect()).await?;
        // What was carried out is what was judged, whatever becomes of its row.
        let judged = applied.iter().filter_map(|one| one.judged());
        let judged = judged.filter(|one| needed.contains(&one.digest()));
        orders.extend(
            judged.map(|one| (one.digest(), (Order::clone(one.order()), Body::clone(one.body())))),
        );
        let (mut changed, mut all) = (ChangedLater::default(), Vec::new());
        for one in applied.iter().filter(counts).rev() {
            let record = one.record();
            for notice in tell::told(record, authority, &orders).into_iter().rev() {
                let former = changed.for_former_leader(&notice);
                for mut one in former.into_iter().chain([notice]) {
                    changed.keep_in(&mut one, authority);
                    all.push((record.unix(), one));
                }
            }
            if let Some(judged) = one.judged() {
                changed.note(judged.order(), judged.body());
            }
        }
        all.reverse();
        Ok(all)
    }

    /// Keeps notices for some channels in one commit.
    async fn insert(&self, new: &[Notice], open: &[&'static str]) -> anyhow::Result<u64> {
        let now = self.time.now().unix();
        let mut rows = Vec::with_capacity(new.len() * open.len());
        for notice in new {
            for channel in open.iter().filter(|channel| notice.goes_by(channel)) {
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
    async fn look(&mut self, open: &[&'static str]) -> anyhow::Result<()> {
        let Some(tree) = &self.state.tree else { return Ok(()) };
        let now = self.time.now().unix();
        let mut new = due::expiring(&tree.authority, self.state.looked, now);
        new.extend(systems::lapsing(&tree.authority, self.state.looked, now));
        let day = due::digest_day(now, self.digest_hour).filter(|day| *day != self.state.day);
        if let Some(day) = &day {
            let authority = &tree.authority;
            new.extend(tokio::task::block_in_place(|| due::digests(authority, day, now)));
        }
        let authority = tree.authority.clone();
        if self.insert(&new, open).await? > 0 {
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

/// The channels of which fewer notices wait than may.
fn with_room(
    channels: &[&'static str],
    waiting: &HashMap<String, u64>,
    most: u64,
) -> Vec<&'static str> {
    let has_room = |channel: &&&'static str| waiting.get(**channel).is_none_or(|n| *n < most);
    channels.iter().filter(has_room).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gateway that is gone for good keeps no mail back.
    #[test]
    fn a_channel_that_is_full_stops_no_other() {
        let waiting = |mail: u64, webhook: u64| {
            HashMap::from([("mail".to_owned(), mail), ("webhook".to_owned(), webhook)])
        };
        let open = |waiting: &HashMap<String, u64>| with_room(&["mail", "webhook"], waiting, 100);
        assert_eq!(open(&HashMap::new()), ["mail", "webhook"]);
        assert_eq!(open(&waiting(99, 100)), ["mail"]);
        assert_eq!(open(&waiting(100, 99)), ["webhook"]);
        assert!(open(&waiting(100, 100)).is_empty(), "then the log waits");
    }
}
