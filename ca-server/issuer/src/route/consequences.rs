//! What a transfer or leaving would take away.

use super::call::{OfficerCall, answered_near_brake};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::organisation::{Consequences, ConsequencesQuery};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn consequences(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<ConsequencesQuery>,
) -> Result<Json<Consequences>, Refused> {
    let result = query::dossier::consequences(&issuer, &call.officer.0, &call.message).await;
    answered_near_brake(&issuer, (&call.caller, &call.officer), "person", result).await
}
