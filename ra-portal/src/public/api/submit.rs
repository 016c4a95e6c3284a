//! Carries a request to the CA; where it stands then.

use crate::message::Message;
use crate::refusal::passed_on;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use records::enrolment::{RequestSubmission, Stage};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn submit(
    State(portal): State<Arc<PortalState>>,
    Message(message): Message<RequestSubmission>,
) -> Result<Json<Stage>, Refused> {
    let answer = passed_on(portal.issuer.submit(&message).await);
    portal.recorded("submit", "", answer).await.map(Json)
}
