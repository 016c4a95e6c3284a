//! The rounds of a log's sequencer: commit, answer, ring; then publish, beside the next round. A
//! failure leaves records pending, or with the agents that sent them, and is told on `/readyz`; the
//! next round tries again.

use crate::index::Handed;
use crate::intake::Arrivals;
use ca_store::intake::PENDING_MAX;
use ca_store::sequence::{LEASE, Sequencer};
use service::{Gathering, Metrics, Stop};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{CommitNews, Doorbell};
use tokio::sync::Notify;

const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// A lease that another holds who does not go on is told after this long: whoever follows a killed
/// holder waits for one length of it.
const KEPT_OUT_MAX: Duration = LEASE.saturating_mul(2);
const KEPT_OUT: &str = "another process has the lease of this log and lets what waits stand: end \
                        it, or look who writes to the table `lease`";
/// So many records that wait for a tree are told before there is no room for more.
const MANY_WAIT: u64 = 80_000;
/// What waits is counted this often.
const COUNT: Duration = Duration::from_secs(5);
const FULL: &str = "full: 100,000 records wait for the tree; nothing but brakes is taken until the \
                    log goes on";
const NEARLY_FULL: &str = "nearly full: 80,000 records and more wait for the tree";
/// A round of so many records was one of a busy city: what comes next may gather for a moment.
/// What one person does alone leaves fewer at a time.
pub(super) const MANY: usize = 8;

/// What is rung where records wait for the tree of a log.
pub(super) fn waits(log: &str) -> CommitNews {
    if log == "control" { CommitNews::CONTROL_WAITS } else { CommitNews::ACCESS_WAITS }
}

/// What a log's rounds tell.
pub(super) struct Rounds {
    pub(super) sequencer: Sequencer,
    pub(super) arrivals: Arrivals,
    pub(super) bell: Doorbell,
    /// Rung by the routes of this process.
    pub(super) own: Arc<Notify>,
    /// The index, which follows the log in this process.
    pub(super) index: Arc<Notify>,
    /// Where the index takes what this process knows already.
    pub(super) handed: Arc<Handed>,
    pub(super) metrics: Metrics,
    pub(super) gathering: Gathering,
    /// Since when something waits that is left to another holder of the lease.
    pub(super) kept_out: Option<Instant>,
    /// When it was counted last what waits.
    pub(super) counted: Option<Instant>,
}

impl Rounds {
    /// Goes on until the stop.
    pub(super) async fn run(mut self, stop: Stop) {
        loop {
            let is_done = self.round().await;
            self.tell_waiting().await;
            if !is_done && !stop.pause(AFTER_FAILURE).await {
                break;
            }
            tokio::select! {
                rung = self.news() => if rung { self.sequencer.heard() },
                () = stop.wait() => break,
            }
        }
        if let Err(error) = self.sequencer.release().await {
            tracing::warn!(error = format!("{error:#}"), "the lease is left to its end");
        }
    }

    /// Tells how much waits, also while no round is done.
    async fn tell_waiting(&mut self) {
        if self.counted.is_some_and(|counted| counted.elapsed() < COUNT) {
            return;
        }
        self.counted = Some(Instant::now());
        // A database that does not answer is told by the round.
        let Ok(waiting) = self.sequencer.waiting().await else { return };
        let (full, nearly) = fullness(waiting);
        let name = waiting_name(self.sequencer.log());
        self.metrics.condition(name, full);
        self.metrics.notice(name, nearly);
    }

    /// Waits until something may wait: somebody rang, or a second is over; says whether somebody
    /// did. Behind a large round what waits gathers for a moment, but for runs, whose senders
    /// gather them.
    async fn news(&mut self) -> bool {
        let rung = tokio::select! {
            () = self.arrivals.arrived() => return false,
            rung = self.bell.heard() => rung,
            () = self.own.notified() => true,
        };
        if let Some(until) = self.gathering.until(Instant::now()) {
            tokio::select! {
                () = self.arrivals.arrived() => {}
                () = tokio::time::sleep_until(until.into()) => {}
            }
        }
        rung
    }

    /// One round; says whether it was done.
    async fn round(&mut self) -> bool {
        let name = self.sequencer.log();
        let (runs, answers) = self.arrivals.take();
        let round = match self.sequencer.round(runs).await {
            Ok(round) => round,
            Err(error) => {
                tracing::error!(log = name, error = format!("{error:#}"), "sequence");
                self.metrics.condition(name, &format!("{error:#}"));
                self.metrics.count("sequence", "unavailable");
                return false;
            }
        };
        if let Some(view) = round.view {
            for (answer, outcome) in answers.into_iter().zip(round.outcomes) {
                // Whoever went away asks again.
                let _ = answer.send((outcome, view.clone()));
            }
        }
        let now = Instant::now();
        self.kept_out = round.is_kept_out.then(|| self.kept_out.unwrap_or(now));
        self.metrics.condition(name, kept_out(self.kept_out, now));
        let count = usize::try_from(round.count).unwrap_or(usize::MAX);
        self.gathering.ended(now, count);
        if round.count > 0 {
            self.handed.give(round.keys);
            if name == "control" {
                self.bell.ring(CommitNews::CONTROL_GREW);
            }
            self.index.notify_one();
            self.metrics.count("sequence", "done");
            let batch = if name == "control" { "control_batch" } else { "access_batch" };
            self.metrics.set(batch, i64::try_from(round.count).unwrap_or(i64::MAX));
        }
        true
    }
}

/// Under which name it is told how much waits.
fn waiting_name(log: &str) -> &'static str {
    if log == "control" { "control-waiting" } else { "access-waiting" }
}

/// What is a condition where so many records wait for a tree, and what a notice.
fn fullness(waiting: u64) -> (&'static str, &'static str) {
    match waiting {
        PENDING_MAX.. => (FULL, ""),
        MANY_WAIT.. => ("", NEARLY_FULL),
        _ => ("", ""),
    }
}

/// What is told of a lease that another has since then while something waits.
fn kept_out(since: Option<Instant>, now: Instant) -> &'static str {
    let is_long = since.is_some_and(|since| now.duration_since(since) > KEPT_OUT_MAX);
    if is_long { KEPT_OUT } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A successor waits in silence for the lease of whoever was killed, and no longer.
    #[test]
    fn a_lease_that_another_keeps_is_told_after_two_lengths() {
        let now = Instant::now();
        let since = |seconds| now.checked_sub(Duration::from_secs(seconds));
        assert_eq!(kept_out(None, now), "");
        assert_eq!(kept_out(since(3), now), "");
        assert_eq!(kept_out(since(6), now), "");
        assert_eq!(kept_out(since(7), now), KEPT_OUT);
    }

    /// A log that stands still is told before it takes no more, and while it takes none: where the
    /// routes refuse, and no sooner.
    #[test]
    fn a_log_with_much_that_waits_is_told_before_it_is_full() {
        assert_eq!(fullness(MANY_WAIT - 1), ("", ""));
        assert_eq!(fullness(MANY_WAIT), ("", NEARLY_FULL));
        assert_eq!(fullness(PENDING_MAX - 1), ("", NEARLY_FULL));
        assert_eq!(fullness(PENDING_MAX), (FULL, ""));
        assert_ne!(waiting_name("access"), waiting_name("control"));
    }
}
