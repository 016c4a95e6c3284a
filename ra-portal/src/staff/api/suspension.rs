//! `POST /api/v1/certificates/suspension`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use records::handling::{SuspensionFacts, SuspensionQuery};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn suspension(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<SuspensionQuery>,
) -> Result<Json<SuspensionFacts>, Refused> {
    let message = AsOfficer { certificate, message };
    let answer = passed_on(portal.issuer.suspension(&message).await);
    portal.recorded("certificate", &person, answer).await.map(Json)
}
