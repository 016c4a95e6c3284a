//! A unit with who decides there.

use super::call::{OfficerCall, answered_and_recorded};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::organisation::{UnitFacts, UnitQuery};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn unit(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<UnitQuery>,
) -> Result<Json<UnitFacts>, Refused> {
    let result = query::unit::unit(&issuer, &call.officer.0, &call.message).await;
    answered_and_recorded(&issuer, (&call.caller, &call.officer), "unit", result).await
}
