//! Hands an order to an officer who may approve it.

use super::call::{OfficerCall, answered};
use crate::issuer::Issuer;
use crate::{query, reads};
use axum::Json;
use axum::extract::State;
use ca_api::Wanted;
use records::export::OrderExport;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn fetch(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<Wanted>,
) -> Result<Json<OrderExport>, Refused> {
    let result = query::fetch::fetch(&issuer, &call.officer.0, &call.message.order).await;
    let read = (&call.caller, &call.officer);
    // It may be an order to revoke: nothing is waited for.
    let recorded = |export| reads::record_beside(&issuer, read, "fetch").map(|()| export);
    answered(&issuer, "fetch", result.and_then(recorded))
}
