//! Lists open orders that the officer may approve.

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::{AsOfficer, Page};
use portal_api::List;
use records::export::OrderLines;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn list(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<List>,
) -> Result<Json<OrderLines>, Refused> {
    let message = AsOfficer { certificate, message: Page { after: message.after } };
    let answer = passed_on(portal.issuer.list(&message).await);
    portal.recorded_brake("list", &person, answer).await.map(Json)
}
