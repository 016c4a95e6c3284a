//! What became of each order of a batch.

use super::call::{OfficerCall, answered_and_recorded};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::OrderQuery;
use ca_api::handler::BatchReceipt;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn receipt(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<OrderQuery>,
) -> Result<Json<BatchReceipt>, Refused> {
    let OfficerCall { caller, officer, message } = call;
    let result = query::receipt::receipt(&issuer, &officer.0, &message.order).await;
    answered_and_recorded(&issuer, (&caller, &officer), "drafts", result).await
}
