//! `POST /api/v1/people/records`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use records::handling::{PeopleQuery, PeopleRecords};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn records(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<PeopleQuery>,
) -> Result<Json<PeopleRecords>, Refused> {
    let message = AsOfficer { certificate, message };
    let answer = passed_on(portal.issuer.records(&message).await);
    // That people leave begins here, and the CA has recorded who read.
    portal.recorded_brake("person", &person, answer).await.map(Json)
}
