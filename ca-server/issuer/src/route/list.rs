//! Lists open orders that an officer may approve.

use super::call::{OfficerCall, answered_and_recorded_beside};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::Page;
use records::export::OrderLines;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn list(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<Page>,
) -> Result<Json<OrderLines>, Refused> {
    let result = query::list::list(&issuer, &call.officer.0, &call.message.after).await;
    answered_and_recorded_beside(&issuer, (&call.caller, &call.officer), "list", result)
}
