//! Finds certificates for officers.

use super::call::{OfficerCall, answered_and_recorded};
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
    answered_and_recorded(&issuer, (&call.caller, &call.officer), "find", result).await
}
