//! Finds people whom a handler handles.

use super::call::{OfficerCall, answered_near_brake};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::OfficerSearch;
use ca_api::handler::UnitPeople;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn people(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<OfficerSearch>,
) -> Result<Json<UnitPeople>, Refused> {
    let result = query::people::people(&issuer, &call.officer.0, &call.message).await;
    answered_near_brake(&issuer, (&call.caller, &call.officer), "find", result).await
}
