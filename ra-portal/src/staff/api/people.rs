//! `POST /api/v1/people/list`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::{AsOfficer, OfficerSearch};
use portal_api::FindPeople;
use records::handling::UnitPeople;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn people(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<FindPeople>,
) -> Result<Json<UnitPeople>, Refused> {
    let FindPeople { text, after } = message;
    let message = AsOfficer { certificate, message: OfficerSearch { text, after } };
    let answer = passed_on(portal.issuer.people(&message).await);
    portal.recorded("people", &person, answer).await.map(Json)
}
