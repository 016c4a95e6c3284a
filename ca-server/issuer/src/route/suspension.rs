//! Says which suspension the release of a certificate would name.

use super::call::{OfficerCall, answered_and_recorded};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::handler::{SuspensionFacts, SuspensionQuery};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn suspension(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<SuspensionQuery>,
) -> Result<Json<SuspensionFacts>, Refused> {
    let result =
        query::suspension::suspension(&issuer, &call.officer.0, &call.message.serial).await;
    answered_and_recorded(&issuer, (&call.caller, &call.officer), "certificate", result).await
}
