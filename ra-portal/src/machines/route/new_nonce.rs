//! A fresh nonce (RFC 8555 7.2): 200 to HEAD, 204 to GET. Who signs what it reads (6.3) has one
//! with the answer anyway.

use crate::machines::answer::Answer;
use crate::machines::signed::ByAccount;
use crate::machines::state::MachinesState;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use std::sync::Arc;

const REPLAY_NONCE: HeaderName = HeaderName::from_static("replay-nonce");

pub(super) async fn look(State(state): State<Arc<MachinesState>>) -> Answer<impl IntoResponse> {
    Ok((StatusCode::OK, [(REPLAY_NONCE, state.nonces.draw()?)]))
}

pub(super) async fn draw(State(state): State<Arc<MachinesState>>) -> Answer<impl IntoResponse> {
    Ok((StatusCode::NO_CONTENT, [(REPLAY_NONCE, state.nonces.draw()?)]))
}

pub(super) async fn read(signed: ByAccount) -> Answer<StatusCode> {
    signed.reads()?;
    Ok(StatusCode::NO_CONTENT)
}
