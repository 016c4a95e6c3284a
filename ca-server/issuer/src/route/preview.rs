//! A draft before it is signed.

use super::call::{OfficerCall, answered};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::handler::{Preview, PreviewRequest};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn preview(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<PreviewRequest>,
) -> Result<Json<Preview>, Refused> {
    let result = query::preview::preview(&issuer, &call.officer.0, call.message).await;
    answered(&issuer, "preview", result)
}
