//! Suspends a certificate of whoever a portal saw, on its word.

use super::call::{OfficerCall, told};
use crate::command::Command;
use crate::issuer::Issuer;
use axum::Json;
use axum::extract::State;
use ca_api::OwnSuspension;
use records::enrolment::SignedReceipt;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn suspend(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<OwnSuspension>,
) -> Result<Json<SignedReceipt>, Refused> {
    let OfficerCall { caller, officer, message } = call;
    let asked = issuer.ask(|reply| Command::Suspend(caller, officer, message, reply)).await;
    told(asked.map(|outcome| outcome.value))
}
