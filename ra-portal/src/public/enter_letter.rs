//! `GET /letter`: where a letter is opened.

use super::letter::LetterPage;
use crate::pages::{Frame, page};
use crate::state::PortalState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// `GET /letter`
pub(super) async fn show(State(portal): State<Arc<PortalState>>, f: Frame) -> Response {
    page(StatusCode::OK, &LetterPage::new(&portal, f, "open"))
}

#[cfg(test)]
pub(super) fn sample(language: crate::pages::Language) -> String {
    use askama::Template;
    let problem = records::Problem::new(records::Code::WrongCode, "5GPJWBSG64S36D1N".into());
    LetterPage::sample(language, "open").again("0123456789ABCDEF".into(), problem).render().unwrap()
}
