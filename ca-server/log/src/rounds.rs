//! The rounds of a log's sequencer: commit, answer, ring; then publish, beside the next round. A
//! failure leaves records pending, or with the agents that sent them, and is told on `/readyz`; the
//! next round tries again.

use crate::index::Handed;
use crate::intake::Arrivals;
use ca_store::sequence::Sequencer;
use service::{Metrics, Stop};
use std::sync::Arc;
use std::time::Duration;
use store::Doorbell;
use tokio::sync::Notify;

const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// What a log's rounds tell.
pub(super) struct Rounds {
    pub(super) sequencer: Sequencer,
    pub(super) arrivals: Arrivals,
    pub(super) bell: Doorbell,
    /// Rung by the routes of this process.
    pub(super) own: Arc<Notify>,
    /// Whoever follows the log in this process: the publisher, the index.
    pub(super) followers: Vec<Arc<Notify>>,
    /// Where the index takes what this process knows already.
    pub(super) handed: Arc<Handed>,
    pub(super) metrics: Metrics,
}

impl Rounds {
    /// Goes on until the stop.
    pub(super) async fn run(mut self, stop: Stop) {
        loop {
            if !self.round().await && !stop.pause(AFTER_FAILURE).await {
                break;
            }
            tokio::select! {
                () = self.news() => {}
                () = stop.wait() => break,
            }
        }
        if let Err(error) = self.sequencer.release().await {
            tracing::warn!(error = format!("{error:#}"), "the lease is left to its end");
        }
    }

    /// Waits until something may wait: somebody rang, or a second is over.
    async fn news(&mut self) {
        tokio::select! {
            () = self.arrivals.arrived() => {}
            _ = self.bell.heard() => {}
            () = self.own.notified() => {}
        }
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
        self.metrics.condition(name, "");
        if round.count > 0 {
            self.handed.give(round.keys);
            self.bell.ring();
            self.followers.iter().for_each(|one| one.notify_one());
            self.metrics.count("sequence", "done");
            let batch = if name == "control" { "control_batch" } else { "access_batch" };
            self.metrics.set(batch, i64::try_from(round.count).unwrap_or(i64::MAX));
        }
        true
    }
}
