//! The log's mTLS routes. One verb a file.

mod append;
mod spool;

use crate::CaConfig;
use crate::peer::Services;
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
}

impl LogState {
    pub(super) fn new(
        store: Store,
        metrics: Metrics,
        clock: Clock,
        config: &CaConfig,
    ) -> anyhow::Result<Self> {
        Ok(Self { store, metrics, clock, services: Services::open(config)? })
    }
}

pub(super) fn router(state: Arc<LogState>) -> Router {
    Router::new()
        .route(ca_api::log::APPEND, post(append::append))
        .route(ca_api::log::SPOOL, post(spool::spool))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(state)
}
