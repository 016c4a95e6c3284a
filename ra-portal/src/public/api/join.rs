//! Lets an agent join; the CA checks the HMAC, this process only carries it.

use crate::message::Message;
use crate::refusal::passed_on;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use records::enrolment::CollectedCertificate;
use records::join::Join;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn join(
    State(portal): State<Arc<PortalState>>,
    Message(message): Message<Join>,
) -> Result<Json<CollectedCertificate>, Refused> {
    let answer = passed_on(portal.issuer.join(&message).await);
    portal.recorded("join", "", answer).await.map(Json)
}
