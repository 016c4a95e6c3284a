//! `GET /assets/NAME`: the portal's style and picture, and the one script.

use super::bench::Bench;
use super::frame::Frame;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const SCRIPT: &[u8] = include_bytes!("../../assets/desk.js");

/// Answers `GET /assets/{name}`.
pub(super) async fn fetch(State(bench): State<Arc<Bench>>, Path(name): Path<String>) -> Response {
    let (kind, bytes) = match name.as_str() {
        "app.css" => ("text/css; charset=utf-8", page::STYLE),
        "icon.svg" => ("image/svg+xml", page::ICON),
        "desk.js" => ("text/javascript; charset=utf-8", SCRIPT),
        _ => return Frame::outside(&bench).told(StatusCode::NOT_FOUND, |w| w.not_found),
    };
    ([(header::CONTENT_TYPE, kind)], bytes).into_response()
}
