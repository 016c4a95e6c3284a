//! Brings the certificate with its proof, once it is under a checkpoint.

use crate::message::Message;
use crate::refusal::passed_on;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use records::enrolment::{Collect, CollectedCertificate};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn collect(
    State(portal): State<Arc<PortalState>>,
    Message(message): Message<Collect>,
) -> Result<Json<CollectedCertificate>, Refused> {
    let answer = passed_on(portal.issuer.collect(&message).await);
    portal.recorded("collect", "", answer).await.map(Json)
}
