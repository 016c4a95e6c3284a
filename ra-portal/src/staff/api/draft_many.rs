//! `POST /api/v1/drafts/many`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use records::draft::DraftingMany;
use records::handling::ManyMade;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn draft_many(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<DraftingMany>,
) -> Result<Json<ManyMade>, Refused> {
    let takes_away = message.takes_away();
    let message = AsOfficer { certificate, message };
    let answer = passed_on(portal.issuer.draft_many(&message).await);
    let recorded = match takes_away {
        true => portal.recorded_brake("draft-many", &person, answer).await,
        false => portal.recorded("draft-many", &person, answer).await,
    };
    recorded.map(Json)
}
