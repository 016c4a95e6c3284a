//! What the routes of the log share with each other, and with the sequencers and indexers of this
//! process.

use crate::auditors::Auditors;
use crate::handed_in::HandedIn;
use crate::index::Reach;
use crate::intake::Intake;
use crate::portals::Portals;
use crate::questions::AuditTurns;
use crate::rounds::waits;
use crate::searches::Searches;
use crate::silence::Silence;
use crate::verifying::Verifying;
use crate::witnesses::Witnesses;
use axum::Json;
use ca_host::CaConfig;
use ca_host::ProvenTime;
use ca_host::clock_guard::ClockGuard;
use ca_host::gates_ahead::GatesAhead;
use ca_host::services::Services;
use ca_store::follower::Follower;
use records::trust::Trust;
use records::{Code, Problem};
use service::problem::Refused;
use service::{Clock, Metrics};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::{Doorbell, Store};
use tokio::sync::Notify;

/// Forks that were recorded since the start, once each, and when the last of each agent was; and
/// agents whose runs rows contradict that nobody signed.
#[derive(Default)]
pub(super) struct Forks {
    known: VecDeque<[u8; 32]>,
    last: HashMap<String, Instant>,
    pub(super) damaged: BTreeSet<String>,
}

/// Most forks that are remembered as recorded; of more the oldest may be recorded once again.
const FORKS_MAX: usize = 1_024;

impl Forks {
    /// Whether this one is recorded, or one of its agent within this time.
    pub(super) fn is_told(&self, (agent, other): (&str, &[u8; 32]), within: Duration) -> bool {
        let pauses = self.last.get(agent).is_some_and(|at| at.elapsed() < within);
        pauses || self.known.contains(other)
    }

    /// A fork of an agent is recorded.
    pub(super) fn told(&mut self, agent: String, other: [u8; 32]) {
        self.known.push_back(other);
        let many = self.known.len().saturating_sub(FORKS_MAX);
        self.known.drain(..many);
        self.last.insert(agent, Instant::now());
    }
}

/// What the routes need.
pub(super) struct LogState {
    pub(super) store: Store,
    pub(super) metrics: Metrics,
    pub(super) clock: Clock,
    pub(super) clock_guard: ClockGuard,
    pub(super) services: Services,
    pub(super) config: CaConfig,
    pub(super) trust: Trust,
    pub(super) auditors: Auditors,
    pub(super) follower: Follower,
    pub(super) forks: Mutex<Forks>,
    /// How much of each gate is taken.
    pub(super) handed_in: HandedIn,
    /// Gates that say that they hold a longer tree.
    pub(super) gates_ahead: GatesAhead,
    /// Whose runs are verified.
    pub(super) verifying: Verifying,
    /// How much of each portal is kept.
    pub(super) portals: Portals,
    /// Whose questions are answered.
    pub(super) questions: AuditTurns,
    /// The searches that portals made, recorded one by one or counted.
    pub(super) searches: Searches,
    /// When agents were heard of.
    pub(super) silence: Silence,
    /// Whose questions about certificates are answered.
    pub(super) witnesses: Witnesses,
    /// Runs that were verified go here.
    pub(super) intake: Intake,
    /// How far each index is.
    pub(super) reach: HashMap<&'static str, Reach>,
    pub(super) bell: Doorbell,
    /// The sequencers of this process, which do not hear its own doorbell.
    pub(super) sequencers: HashMap<&'static str, Arc<Notify>>,
}

/// What the routes share with the sequencers and indexers of this process.
pub(super) struct Shared {
    pub(super) intake: Intake,
    pub(super) reach: HashMap<&'static str, Reach>,
    pub(super) follower: Follower,
    pub(super) bell: Doorbell,
    pub(super) sequencers: HashMap<&'static str, Arc<Notify>>,
}

impl LogState {
    /// The answer to a call, counted; a refusal gets a reference number.
    pub(super) fn answered<T>(
        &self,
        act: &'static str,
        result: Result<T, Code>,
    ) -> Result<Json<T>, Refused> {
        let outcome = result.as_ref().map_or_else(|code| code.name(), |_| "done");
        self.metrics.count(act, outcome);
        result.map(Json).map_err(|code| {
            // Without randomness there is no number, and the refusal stands all the same.
            let reference = ca_host::random::id().unwrap_or_default();
            Refused(Problem::new(code, reference))
        })
    }

    pub(super) fn new(
        store: Store,
        metrics: Metrics,
        clock: Clock,
        config: &CaConfig,
        shared: Shared,
    ) -> anyhow::Result<Self> {
        let trust = ca_host::trust(config)?;
        let follower = shared.follower;
        Ok(Self {
            store,
            metrics,
            clock,
            clock_guard: follower.clock_guard(config, clock)?,
            services: Services::open(config)?,
            config: config.clone(),
            auditors: Auditors::new(follower.clone()),
            follower,
            forks: Mutex::default(),
            handed_in: HandedIn::default(),
            gates_ahead: GatesAhead::default(),
            verifying: Verifying::default(),
            portals: Portals::default(),
            questions: AuditTurns::default(),
            searches: Searches::default(),
            silence: Silence::default(),
            witnesses: Witnesses::default(),
            trust,
            intake: shared.intake,
            reach: shared.reach,
            bell: shared.bell,
            sequencers: shared.sequencers,
        })
    }

    /// The time as it is believed now; that it is not is told.
    pub(super) fn time(&self) -> ProvenTime {
        self.clock_guard.time_told(self.clock, self.follower.last_time(), &self.metrics)
    }

    /// Tells everybody that a record waits for the tree of a log.
    pub(super) fn news(&self, log: &str) {
        self.bell.ring(waits(log));
        self.sequencers.get(log).inspect(|own| own.notify_one());
    }

    /// Who follows authority for this process.
    pub(super) fn follower(&self) -> Follower {
        self.follower.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An agent that contradicts itself for as long as the process runs is remembered up to a
    /// bound.
    #[test]
    fn forks_are_remembered_up_to_a_bound() {
        let mut forks = Forks::default();
        let other = |count: usize| {
            let mut other = [0; 32];
            other[..8].copy_from_slice(&count.to_be_bytes());
            other
        };
        for count in 0..=FORKS_MAX {
            assert!(!forks.is_told(("gate", &other(count)), Duration::ZERO), "{count}");
            forks.told("gate".into(), other(count));
            assert!(forks.is_told(("gate", &other(count)), Duration::ZERO));
        }
        assert_eq!(forks.known.len(), FORKS_MAX);
        assert!(!forks.is_told(("gate", &other(0)), Duration::ZERO), "the oldest");
        assert!(forks.is_told(("gate", &other(0)), Duration::from_secs(60)), "one a minute");
        assert!(!forks.is_told(("other", &other(0)), Duration::from_secs(60)));
    }
}
