//! The log's mTLS routes. One verb a file.

mod append;
mod ask;
mod pulse;
mod search;
mod spool;

use super::state::LogState;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use std::sync::Arc;

const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

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
