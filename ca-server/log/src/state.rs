//! What the routes of the log share with each other, and with the sequencers and indexers of this
//! process.

use crate::auditors::Auditors;
use crate::index::Reach;
use crate::intake::Intake;
use crate::portals::Portals;
use crate::rounds::waits;
use crate::searches::Searches;
use crate::silence::Silence;
use axum::Json;
use ca_host::CaConfig;
use ca_host::ProvenTime;
use ca_host::clock_guard::ClockGuard;
use ca_host::services::Services;
use ca_store::follower::Follower;
use records::trust::Trust;
use records::{Code, Problem};
use service::problem::Refused;
use service::{Clock, Metrics};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use store::{Doorbell, Store};
use tokio::sync::Notify;

/// Forks that were recorded since the start, once each, and when the last of each agent was; and
/// agents whose runs rows contradict that nobody signed.
#[derive(Default)]
pub(super) struct Forks {
    pub(super) known: HashSet<[u8; 32]>,
    pub(super) last: HashMap<String, Instant>,
    pub(super) damaged: BTreeSet<String>,
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
    /// How much of each portal is kept.
    pub(super) portals: Portals,
    /// What portals searched.
    pub(super) searches: Searches,
    /// When agents were heard of.
    pub(super) silence: Silence,
    /// Where runs go.
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
            portals: Portals::default(),
            searches: Searches::default(),
            silence: Silence::default(),
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
