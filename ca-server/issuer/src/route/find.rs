//! Finds certificates for officers.

use super::call::{OfficerCall, answered_near_brake};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::{Certificates, OfficerSearch};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn find(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<OfficerSearch>,
) -> Result<Json<Certificates>, Refused> {
    let result = query::find::find(&issuer, &call.officer.0, &call.message).await;
    answered_near_brake(&issuer, (&call.caller, &call.officer), "find", result).await
}
