//! Lists an officer's own certified passkeys.

use super::call::{OfficerCall, answered};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::OwnPasskey;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn passkeys(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<()>,
) -> Result<Json<Vec<OwnPasskey>>, Refused> {
    let result = query::officer::passkeys(&issuer, &call.officer.0).await;
    answered(&issuer, "passkeys", result)
}
