//! `GET /ca/trust-bundle.json`: what applications need that verify identities themselves, under the
//! path that it has beside the lists. Whoever reads it believes it by the trust file.

use crate::refusal::refused;
use crate::state::PortalState;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use records::Code;
use service::Clock;
use std::sync::Arc;

/// `GET /ca/trust-bundle.json`
pub(super) async fn download(State(portal): State<Arc<PortalState>>) -> Response {
    match portal.bundle.get(&portal.trust, Clock::system().seconds()).await {
        Some(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        None => refused(Code::Unavailable).into_response(),
    }
}
