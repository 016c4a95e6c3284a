//! The log's mTLS routes. One verb a file.

mod append;
mod ask;
mod spool;

use super::auditors::Auditors;
use crate::CaConfig;
use crate::peer::Services;
use audit::trust::Trust;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use service::{Clock, Metrics};
use std::sync::Arc;
use store::Store;

const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What the routes need.
pub(super) struct LogState {
    store: Store,
    metrics: Metrics,
    clock: Clock,
    services: Services,
    config: CaConfig,
    trust: Trust,
    auditors: Auditors,
}

impl LogState {
    pub(super) fn new(
        store: Store,
        metrics: Metrics,
        clock: Clock,
        config: &CaConfig,
    ) -> anyhow::Result<Self> {
        let trust = crate::founding::trust(config)?;
        Ok(Self {
            store,
            metrics,
            clock,
            services: Services::open(config)?,
            config: config.clone(),
            auditors: Auditors::new(trust.clone()),
            trust,
        })
    }
}

pub(super) fn router(state: Arc<LogState>) -> Router {
    Router::new()
        .route(ca_api::log::APPEND, post(append::append))
        .route(ca_api::log::ASK, post(ask::ask))
        .route(ca_api::log::SPOOL, post(spool::spool))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(state)
}
