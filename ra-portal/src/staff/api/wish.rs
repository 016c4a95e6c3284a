//! `POST /api/v1/certificates/revoke`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use portal_api::CreatedOrder;
use records::passkey::one_spelling;
use records::wish::WishSubmission;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn wish(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(mut message): Message<WishSubmission>,
) -> Result<Json<CreatedOrder>, Refused> {
    if message.wish.assertion.is_some() {
        message.wish.signature = one_spelling(message.wish.signature);
    }
    let message = AsOfficer { certificate, message };
    let answer = passed_on(portal.issuer.wish(&message).await);
    let made = portal.recorded_brake("revoke", &person, answer).await?;
    Ok(Json(CreatedOrder { order: made.order, needed: made.needed }))
}
