//! Says how the city stands.

use super::call::{OfficerCall, answered};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::CityState;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn state(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<()>,
) -> Result<Json<CityState>, Refused> {
    let result = query::state::state(&issuer, &call.officer.0).await;
    answered(&issuer, "state", result)
}
