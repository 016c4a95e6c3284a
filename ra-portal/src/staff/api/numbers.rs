//! `POST /api/v1/people/numbers`: what is asked about goes on to the CA, and is kept nowhere here.

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use records::number::{AskedNumbers, NumberLines};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn numbers(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<AskedNumbers>,
) -> Result<Json<NumberLines>, Refused> {
    let answer = passed_on(portal.issuer.numbers(&AsOfficer { certificate, message }).await);
    portal.recorded("numbers", &person, answer).await.map(Json)
}
