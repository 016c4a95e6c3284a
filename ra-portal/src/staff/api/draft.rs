//! `POST /api/v1/drafts/make`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use records::draft::Drafting;
use records::drafted::DraftContent;
use records::handling::DraftMade;
use records::passkey::one_spelling;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn draft(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(mut message): Message<Drafting>,
) -> Result<Json<DraftMade>, Refused> {
    if message.draft.assertion.is_some() {
        message.draft.signature = one_spelling(message.draft.signature);
    }
    let drafted = message.draft.read().and_then(|said| DraftContent::of(&said)).ok();
    let message = AsOfficer { certificate, message };
    let answer = passed_on(portal.issuer.draft(&message).await);
    portal.recorded_draft(("draft", &person), drafted.as_ref(), answer).await.map(Json)
}
