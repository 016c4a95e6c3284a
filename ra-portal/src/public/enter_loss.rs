//! `GET /lost`: where a letter and what came of it are reported lost.

use super::letter::LetterPage;
use crate::pages::{Frame, page};
use crate::state::PortalState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// `GET /lost`
pub(super) async fn show(State(portal): State<Arc<PortalState>>, f: Frame) -> Response {
    page(StatusCode::OK, &LetterPage::new(&portal, f, "loss"))
}

#[cfg(test)]
pub(super) fn sample(language: crate::pages::Language) -> String {
    use askama::Template;
    LetterPage::sample(language, "loss").render().unwrap()
}
