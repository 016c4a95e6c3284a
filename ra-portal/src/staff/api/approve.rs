//! Carries an officer's approval to the CA, which verifies it itself.

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use records::Approval;
use records::export::Approved;
use records::passkey::one_spelling;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn approve(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(mut message): Message<Approval>,
) -> Result<Json<Approved>, Refused> {
    if message.assertion.is_some() {
        message.signature = one_spelling(message.signature);
    }
    let message = AsOfficer { certificate, message };
    let answer = passed_on(portal.issuer.approve(&message).await);
    portal.recorded_brake("approve", &person, answer).await.map(Json)
}
