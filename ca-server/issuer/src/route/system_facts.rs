//! Says what a system has, and how far its standing authorization is used.

use super::call::{OfficerCall, answered_to_owner};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::systems::{SystemFacts, SystemQuery};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn system(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<SystemQuery>,
) -> Result<Json<SystemFacts>, Refused> {
    let result = query::system::system(&issuer, &call.officer.0, &call.message).await;
    answered_to_owner(&issuer, (&call.caller, &call.officer), "system", result).await
}
