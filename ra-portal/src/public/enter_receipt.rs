//! `GET /receipt`: where whoever is shown a receipt has it checked. The code on the sheet opens
//! this page with the receipt behind `#`, and its script hands it in.

use super::check_receipt::EnterPage;
use crate::pages::{Frame, page};
use axum::http::StatusCode;
use axum::response::Response;

/// `GET /receipt`
pub(super) async fn show(f: Frame) -> Response {
    page(StatusCode::OK, &EnterPage::new(f))
}
