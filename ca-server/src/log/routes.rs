//! The log's mTLS routes. One verb a file.

mod append;

use crate::CaConfig;
use anyhow::Context;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use service::Metrics;
use std::sync::Arc;
use store::Store;

const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What the routes need.
pub(super) struct LogState {
    store: Store,
    metrics: Metrics,
    /// Subject common names of certificates may hand in records: services only, under the policy of
    /// the `service` profile.
    issuing: pki::Certificate,
    arc: pki::oid::Arc,
}

impl LogState {
    pub(super) fn new(store: Store, metrics: Metrics, config: &CaConfig) -> anyhow::Result<Self> {
        let issuing = std::fs::read(config.path("public/ca/issuing-1.cer"))?;
        let trust = crate::founding::trust(config)?;
        Ok(Self {
            store,
            metrics,
            issuing: pki::Certificate::read(&issuing)?,
            arc: pki::oid::Arc::read(&trust.arc).context("arc")?,
        })
    }
}

pub(super) fn router(state: Arc<LogState>) -> Router {
    Router::new()
        .route(ca_api::log::APPEND, post(append::append))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(state)
}
