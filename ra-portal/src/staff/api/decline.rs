//! `POST /api/v1/orders/decline`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use records::decline::{DeclineSubmission, Declined};
use records::passkey::one_spelling;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn decline(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(mut message): Message<DeclineSubmission>,
) -> Result<Json<Declined>, Refused> {
    if message.decline.assertion.is_some() {
        message.decline.signature = one_spelling(message.decline.signature);
    }
    let message = AsOfficer { certificate, message };
    let answer = passed_on(portal.issuer.decline(&message).await);
    portal.recorded("decline", &person, answer).await.map(Json)
}
