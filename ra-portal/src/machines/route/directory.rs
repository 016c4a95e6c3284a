//! The directory (RFC 8555 7.1.1), for whoever asks, and for an account that signs what it reads
//! (6.3).

use crate::machines::answer::{Answer, Resource};
use crate::machines::profiles::PROFILES;
use crate::machines::signed::ByAccount;
use crate::machines::state::MachinesState;
use axum::extract::State;
use std::sync::Arc;

pub(super) async fn show(State(state): State<Arc<MachinesState>>) -> Resource {
    Resource::new(state.urls.to_json(&PROFILES, &state.caa))
}

pub(super) async fn read(
    State(state): State<Arc<MachinesState>>,
    signed: ByAccount,
) -> Answer<Resource> {
    signed.reads()?;
    Ok(show(State(state)).await)
}
