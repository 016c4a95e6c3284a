//! When a certificate had better be renewed (RFC 9773 4.2): anybody may ask.

use crate::machines::answer::{Answer, Resource};
use crate::machines::state::MachinesState;
use crate::machines::table::certificate;
use acme::renewal::{CertificateName, RETRY_AFTER_SECONDS, window};
use acme::{AcmeProblem, ProblemKind};
use axum::extract::{Path, State};
use records::time::seconds;
use serde_json::json;
use std::sync::Arc;

pub(super) async fn show(
    State(state): State<Arc<MachinesState>>,
    Path(name): Path<String>,
) -> Answer<Resource> {
    let (zh, en) = ("不是证书标识", "this is no name of a certificate");
    let name = CertificateName::read(&name);
    let name = name.ok_or(AcmeProblem::about(ProblemKind::Malformed, zh, en))?;
    let found = certificate::named(&state.store, &name.to_string()).await?;
    let found = found.ok_or(ProblemKind::NotFound)?;
    let (start, end) = window(found.life, found.is_revoked, state.clock.seconds());
    let told = json!({ "suggestedWindow": { "start": seconds(start), "end": seconds(end) } });
    Ok(Resource::new(told).retry_after(RETRY_AFTER_SECONDS))
}
