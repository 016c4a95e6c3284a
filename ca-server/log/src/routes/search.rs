//! A portal searches on behalf of an auditor who is logged in there: a convenience, recorded as the
//! portal's claim, within the auditor's scope, without what opens commitments. Proof comes only by
//! the auditor's own key.

use super::call::PortalCall;
use crate::search as finding;
use crate::state::LogState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use ca_store::ledger;
use pki::Certificate;
use records::evidence::{Search, SearchAnswer};
use records::record::Event;
use records::{Bytes, Code};
use service::problem::Refused;
use std::sync::Arc;

/// `POST /v1/search`
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
    let now = state.clock.seconds();
    let auditor = state.auditors.holder(&certificate, &by, now).await?;
    let asked = &message.message;
    if !asked.is_sound() {
        return Err(Code::Malformed);
    }
    let failed = |error: anyhow::Error| {
        tracing::error!(error = format!("{error:#}"), "search");
        Code::Unavailable
    };
    let mut tx = state.store.read().await.map_err(|error| failed(error.into()))?;
    let found = finding::search(&mut tx, &state.auditors, &auditor, asked).await;
    let answer = found.map_err(failed)?;
    drop(tx);
    record(state, by, &auditor.person, asked, answer.found.len() as u64).await.map_err(failed)?;
    Ok(answer)
}

async fn record(
    state: &LogState,
    by: String,
    person: &str,
    asked: &Search,
    given: u64,
) -> anyhow::Result<()> {
    let search = Bytes(records::json::write(asked)?);
    let event = Event::Searched { by, person: person.to_owned(), search, given };
    let mut tx = state.store.write().await?;
    ledger::write(&mut tx, "log", state.clock.micros(), event, &[]).await?;
    tx.commit().await?;
    state.news();
    Ok(())
}
