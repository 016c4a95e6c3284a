//! Hears of agents. What a pulse says is counted in memory; nothing is written for it.

use super::call::AgentCall;
use crate::state::LogState;
use axum::Json;
use axum::extract::State;
use ca_api::PulseAnswer;
use records::Code;
use records::access::Heartbeat;
use service::problem::Refused;
use std::sync::Arc;
use std::time::Instant;

/// Answers `POST /v1/pulse`.
pub(super) async fn pulse(
    State(state): State<Arc<LogState>>,
    call: AgentCall<Heartbeat>,
) -> Result<Json<PulseAnswer>, Refused> {
    state.answered("pulse", hear(&state, call).await)
}

async fn hear(state: &LogState, call: AgentCall<Heartbeat>) -> Result<PulseAnswer, Code> {
    let AgentCall { certificate, agent, message } = call;
    let (key, own) = (records::Bytes::from(certificate.key().sha256()), agent.clone());
    let served = state.follower.ask(move |authority| {
        let known = authority.agent(&own);
        known.is_some_and(|a| a.keys.contains(&key) && a.application == message.application)
    });
    if !served.await? {
        // A key that was replaced or closed says nothing about who lives.
        return Err(Code::NotYourRoute);
    }
    let now = state.time().unix();
    Ok(PulseAnswer { is_back: state.silence.hear(agent, Instant::now(), now) })
}
