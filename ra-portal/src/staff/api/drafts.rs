//! `POST /api/v1/drafts/list`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::{AsOfficer, Page};
use portal_api::List;
use records::handling::Drafts;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn drafts(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<List>,
) -> Result<Json<Drafts>, Refused> {
    let message = AsOfficer { certificate, message: Page { after: message.after } };
    let answer = passed_on(portal.issuer.drafts(&message).await);
    portal.recorded("drafts", &person, answer).await.map(Json)
}
