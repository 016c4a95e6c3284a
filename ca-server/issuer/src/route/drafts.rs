//! A handler's own drafts.

use super::call::{OfficerCall, answered_and_recorded};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::Page;
use ca_api::handler::Drafts;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn drafts(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<Page>,
) -> Result<Json<Drafts>, Refused> {
    let result = query::drafts::drafts(&issuer, &call.officer.0, &call.message.after).await;
    answered_and_recorded(&issuer, (&call.caller, &call.officer), "drafts", result).await
}
