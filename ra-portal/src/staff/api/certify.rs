//! Carries what an officer signed to have a passkey certified.

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use portal_api::CreatedOrder;
use records::order::CredentialBody;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn certify(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<CredentialBody>,
) -> Result<Json<CreatedOrder>, Refused> {
    let answer = passed_on(portal.issuer.certify(&AsOfficer { certificate, message }).await);
    let made = portal.recorded("certify", &person, answer).await?;
    Ok(Json(CreatedOrder { order: made.order, needed: made.needed }))
}
