//! The log's mTLS routes. One verb a file.

mod append;
mod ask;
mod pulse;
mod search;
mod spool;

use super::auditors::Auditors;
use super::index::Reach;
use super::intake::Intake;
use super::silence::Silence;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use ca_host::CaConfig;
use ca_host::services::Services;
use ca_store::follower::Follower;
use records::trust::Trust;
use service::{Clock, Metrics};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use store::{Doorbell, Store};
use tokio::sync::Notify;

const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What the routes need.
pub(super) struct LogState {
    pub(super) store: Store,
    pub(super) metrics: Metrics,
    pub(super) clock: Clock,
    services: Services,
    config: CaConfig,
    trust: Trust,
    auditors: Auditors,
    follower: Follower,
    /// Forks that were recorded since the start, once each.
    forks: Mutex<HashSet<[u8; 32]>>,
    /// When agents were heard of.
    pub(super) silence: Silence,
    /// Where runs go.
    intake: Intake,
    /// How far each index is.
    reach: HashMap<&'static str, Reach>,
    bell: Doorbell,
    /// The sequencers of this process, which do not hear its own doorbell.
    sequencers: Vec<Arc<Notify>>,
}

/// What the routes share with the sequencers and indexers of this process.
pub(super) struct Shared {
    pub(super) intake: Intake,
    pub(super) reach: HashMap<&'static str, Reach>,
    pub(super) follower: Follower,
    pub(super) bell: Doorbell,
    pub(super) sequencers: Vec<Arc<Notify>>,
}

impl LogState {
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
            services: Services::open(config)?,
            config: config.clone(),
            auditors: Auditors::new(follower.clone()),
            follower,
            forks: Mutex::default(),
            silence: Silence::default(),
            trust,
            intake: shared.intake,
            reach: shared.reach,
            bell: shared.bell,
            sequencers: shared.sequencers,
        })
    }

    /// Tells everybody that something was committed.
    pub(super) fn news(&self) {
        self.bell.ring();
        self.sequencers.iter().for_each(|one| one.notify_one());
    }

    /// Who follows authority for this process.
    pub(super) fn follower(&self) -> Follower {
        self.follower.clone()
    }
}

pub(super) fn router(state: Arc<LogState>) -> Router {
    Router::new()
        .route(ca_api::log::APPEND, post(append::append))
        .route(ca_api::log::ASK, post(ask::ask))
        .route(ca_api::log::PULSE, post(pulse::pulse))
        .route(ca_api::log::SEARCH, post(search::search))
        .route(ca_api::log::SPOOL, post(spool::spool))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(state)
}
