//! `POST /close`: the key is closed, the session is over, the program ends.

use super::bench::Bench;
use super::frame::Frame;
use super::guard::Posted;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

/// The form has nothing but its token.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// Answers `POST /close`.
pub(super) async fn close(State(bench): State<Arc<Bench>>, _own: Posted<Nothing>) -> Response {
    bench.key.close();
    bench.session.end();
    bench.closed.notify_one();
    Frame::outside(&bench).told(StatusCode::OK, |w| w.ended)
}
