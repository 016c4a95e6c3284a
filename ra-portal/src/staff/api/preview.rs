//! `POST /api/v1/drafts/preview`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use records::drafted::DraftContent;
use records::handling::{Preview, PreviewRequest};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn preview(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<PreviewRequest>,
) -> Result<Json<Preview>, Refused> {
    let drafted = DraftContent::of(&message.statement).ok();
    let message = AsOfficer { certificate, message };
    let answer = passed_on(portal.issuer.preview(&message).await);
    portal.recorded_draft(("preview", &person), drafted.as_ref(), answer).await.map(Json)
}
