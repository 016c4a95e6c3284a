//! Says which systems are in somebody's charge, or their business as staff.

use super::call::{OfficerCall, answered_to_owner};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::systems::{SystemLines, SystemsQuery};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn systems(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<SystemsQuery>,
) -> Result<Json<SystemLines>, Refused> {
    let result = query::system::systems(&issuer, &call.officer.0, &call.message).await;
    answered_to_owner(&issuer, (&call.caller, &call.officer), "systems", result).await
}
