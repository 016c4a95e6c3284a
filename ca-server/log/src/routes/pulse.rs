//! Hears of agents. What a pulse says is counted in memory; nothing is written for it.

use crate::state::LogState;
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::Pulsed;
use mtls::TlsConnection;
use records::Code;
use records::access::Heartbeat;
use service::problem::Refused;
use std::sync::Arc;
use std::time::Instant;

/// `POST /v1/pulse`
pub(super) async fn pulse(
    State(state): State<Arc<LogState>>,
    Extension(connection): Extension<TlsConnection>,
    Json(message): Json<Heartbeat>,
) -> Result<Json<Pulsed>, Refused> {
    state.answered("pulse", hear(&state, &connection, &message).await)
}

async fn hear(
    state: &LogState,
    connection: &TlsConnection,
    message: &Heartbeat,
) -> Result<Pulsed, Code> {
    let now = state.clock.seconds();
    let (certificate, agent) = state.services.agent(connection, now)?;
    let (key, own) = (records::Bytes::from(certificate.key().sha256()), agent.clone());
    let application = message.application.clone();
    let served = state.follower.ask(move |authority| {
        let known = authority.agent(&own);
        known.is_some_and(|a| a.keys.contains(&key) && a.application == application)
    });
    if !served.await? {
        // A key that was replaced or closed says nothing about who lives.
        return Err(Code::NotYourRoute);
    }
    Ok(Pulsed { is_back: state.silence.hear(agent, Instant::now(), now) })
}
