//! Makes a batch of open orders, which officers approve as one.

use super::call::{OfficerCall, told};
use crate::command::Command;
use crate::issuer::Issuer;
use axum::Json;
use axum::extract::State;
use ca_api::{Batching, OrderCreated};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn batch(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<Batching>,
) -> Result<Json<OrderCreated>, Refused> {
    let OfficerCall { caller, officer, message } = call;
    let command = |reply| Command::Batch(caller, officer, message, reply);
    told(issuer.ask(command).await.map(|outcome| outcome.value))
}
