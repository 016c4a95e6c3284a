//! The directory (RFC 8555 7.1.1), for whoever asks, and for an account that signs what it reads
//! (6.3).

use crate::machines::answer::{Answer, Resource};
use crate::machines::signed::ByAccount;
use crate::machines::state::MachinesState;
use axum::extract::State;
use std::sync::Arc;

/// Profiles of systems, each with its sentence.
const PROFILES: [(&str, &str); 3] = [
    ("server", "网站与服务器的 TLS 证书 / TLS servers"),
    ("system", "业务系统之间互相证明身份 / systems that prove who they are to each other"),
    ("device", "网络设备 / network devices"),
];

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
