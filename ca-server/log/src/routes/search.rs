//! A portal searches on behalf of an auditor who is logged in there: a convenience, recorded as the
//! portal's claim, within the auditor's scope, without what opens commitments. Proof comes only by
//! the auditor's own key.

use super::call::PortalCall;
use crate::state::LogState;
use crate::{search as finding, summary};
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use pki::Certificate;
use records::evidence::{Search, SearchAnswer};
use records::{Bytes, Code};
use service::problem::Refused;
use std::sync::Arc;

/// Answers `POST /v1/search`.
pub(super) async fn search(
    State(state): State<Arc<LogState>>,
    call: PortalCall<AsOfficer<Search>>,
) -> Result<Json<SearchAnswer>, Refused> {
    state.answered("search", answer(&state, call.name, &call.message).await)
}

async fn answer(
    state: &LogState,
    by: String,
    message: &AsOfficer<Search>,
) -> Result<SearchAnswer, Code> {
    if !by.ends_with("/portal-staff") {
        return Err(Code::NotYourRoute);
    }
    let certificate =
        Certificate::read(&message.certificate.0).map_err(|_| Code::CertificateForeign)?;
    let now = state.time().unix();
    let auditor = state.auditors.holder(&certificate, &by, now).await?;
    let asked = &message.message;
    if !asked.is_sound() {
        return Err(Code::Malformed);
    }
    let failed = |error: anyhow::Error| {
        tracing::error!(error = format!("{error:#}"), "search");
        Code::Unavailable
    };
    let turn = state.questions.turn(&by, &auditor.person).await?;
    let mut tx = state.store.read().await.map_err(|error| failed(error.into()))?;
    let found = finding::search(&mut tx, &state.auditors, &auditor, asked).await;
    let answer = found.map_err(failed)?;
    drop((tx, turn));
    let search = Bytes(records::json::write(asked).map_err(|error| failed(error.into()))?);
    let made = (search, answer.found.len() as u64);
    summary::searched(state, (by, auditor.person), made).await.map_err(failed)?;
    Ok(answer)
}
