//! Makes the order that certifies an officer's passkey.

use super::call::{OfficerCall, told};
use crate::command::Command;
use crate::issuer::Issuer;
use axum::Json;
use axum::extract::State;
use ca_api::OrderCreated;
use records::order::CredentialBody;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn certify(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<CredentialBody>,
) -> Result<Json<OrderCreated>, Refused> {
    let OfficerCall { caller, officer, message } = call;
    let body = Box::new(message);
    let asked = issuer.ask(|reply| Command::Credential(caller, officer, body, reply)).await;
    told(asked.map(|outcome| outcome.value))
}
