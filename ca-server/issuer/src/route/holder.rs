//! Says whose certificate a portal saw, anybody's.

use super::call::{OfficerCall, answered};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::Officer;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn holder(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<()>,
) -> Result<Json<Officer>, Refused> {
    let result = query::officer::holder(&issuer, &call.officer.0).await;
    answered(&issuer, "holder", result)
}
