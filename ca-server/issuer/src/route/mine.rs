//! Says what exists in the name of whose certificate a portal saw, anybody's.

use super::call::{OfficerCall, answered};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use records::mine::PersonHoldings;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn mine(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<()>,
) -> Result<Json<PersonHoldings>, Refused> {
    let result = query::mine::mine(&issuer, &call.officer.0).await;
    answered(&issuer, "mine", result)
}
