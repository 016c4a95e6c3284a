//! `POST /api/v1/mine`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use records::mine::PersonHoldings;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn mine(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(()): Message<()>,
) -> Result<Json<PersonHoldings>, Refused> {
    let message = AsOfficer { certificate, message: () };
    let answer = passed_on(portal.issuer.mine(&message).await);
    portal.recorded("mine", &person, answer).await.map(Json)
}
