//! Hands an order to an officer who may approve it.

use super::call::{OfficerCall, answered_and_recorded_beside};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::OrderQuery;
use records::export::OrderExport;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn fetch(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<OrderQuery>,
) -> Result<Json<OrderExport>, Refused> {
    let result = query::fetch::fetch(&issuer, &call.officer.0, &call.message.order).await;
    answered_and_recorded_beside(&issuer, (&call.caller, &call.officer), "fetch", result)
}
