//! What the log's routes work with.

use crate::auditors::Auditors;
use crate::silence::Silence;
use ca_host::CaConfig;
use ca_host::services::Services;
use ca_store::follower::Follower;
use records::trust::Trust;
use service::{Clock, Metrics};
use std::collections::HashSet;
use std::sync::Mutex;
use store::Store;

/// What the routes need.
pub(crate) struct LogState {
    pub(crate) store: Store,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
    pub(crate) services: Services,
    pub(crate) config: CaConfig,
    pub(crate) trust: Trust,
    pub(crate) auditors: Auditors,
    pub(crate) follower: Follower,
    /// Forks that were recorded since the start, once each.
    pub(crate) forks: Mutex<HashSet<[u8; 32]>>,
    /// When agents were heard of.
    pub(crate) silence: Silence,
}

impl LogState {
    pub(crate) fn new(
        store: Store,
        metrics: Metrics,
        clock: Clock,
        config: &CaConfig,
    ) -> anyhow::Result<Self> {
        let trust = ca_host::trust(config)?;
        let follower = Follower::new(store.clone(), trust.clone());
        Ok(Self {
            store,
            metrics,
            clock,
            services: Services::open(config)?,
            config: config.clone(),
            auditors: Auditors::new(follower.clone()),
            follower,
            forks: Mutex::default(),
            silence: Silence::default(),
            trust,
        })
    }

    /// Who follows authority for this process.
    pub(crate) fn follower(&self) -> Follower {
        self.follower.clone()
    }
}
