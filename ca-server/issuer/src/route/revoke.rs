//! Makes the order that revokes a certificate, on a portal's word that an officer asks for it;
//! others approve it.

use super::call::{OfficerCall, told};
use crate::command::Command;
use crate::issuer::Issuer;
use axum::Json;
use axum::extract::State;
use ca_api::{OrderCreated, Revocation};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn revoke(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<Revocation>,
) -> Result<Json<OrderCreated>, Refused> {
    let OfficerCall { caller, officer, message } = call;
    let asked = issuer.ask(|reply| Command::Revoke(caller, officer, message, reply)).await;
    told(asked.map(|outcome| outcome.value))
}
