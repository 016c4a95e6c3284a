//! Hands a certificate out, with the proof that the log holds its record.

use super::call::{PortalCall, PublicProcess, answered_to_key};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use records::enrolment::{Collect, CollectedCertificate};
use service::fault;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn collect(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<PublicProcess, Collect>,
) -> Result<Json<CollectedCertificate>, Refused> {
    let result = query::collect::collect(&issuer, &call.message).await;
    fault::point("collect-before-answer");
    answered_to_key(&issuer, "collect", (call.caller, &call.message.reference), result).await
}
