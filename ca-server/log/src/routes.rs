//! The log's mTLS routes. One verb a file; who speaks is judged before anything is read
//! (`call.rs`).

mod append;
mod ask;
mod call;
mod issued;
mod pulse;
mod search;
mod spool;

use super::state::LogState;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
pub(super) use call::judge;
use records::spooled::SPOOLED_BYTES_MAX;
use std::sync::Arc;

/// Largest piece of a portal's records, in bytes.
const RECORDS_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Largest question, with the certificate of whoever signed it, and largest pulse, in bytes.
const QUESTION_BYTES_MAX: usize = 64 * 1024;

pub(super) fn router(state: Arc<LogState>) -> Router {
    let records = DefaultBodyLimit::max(RECORDS_BYTES_MAX);
    let spooled = DefaultBodyLimit::max(SPOOLED_BYTES_MAX);
    Router::new()
        .route(ca_api::log::APPEND, post(append::append).layer(records))
        .route(ca_api::log::ASK, post(ask::ask))
        .route(ca_api::log::ISSUED, post(issued::issued))
        .route(ca_api::log::PULSE, post(pulse::pulse))
        .route(ca_api::log::SEARCH, post(search::search))
        .route(ca_api::log::SPOOL, post(spool::spool).layer(spooled))
        .layer(DefaultBodyLimit::max(QUESTION_BYTES_MAX))
        .with_state(state)
}
