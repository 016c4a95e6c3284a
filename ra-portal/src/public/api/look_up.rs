//! Opens a person's own record.

use crate::message::Message;
use crate::refusal::passed_on;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use records::enrolment::{LetterLookUp, LookUpAnswer};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn look_up(
    State(portal): State<Arc<PortalState>>,
    Message(message): Message<LetterLookUp>,
) -> Result<Json<LookUpAnswer>, Refused> {
    let answer = passed_on(portal.issuer.look_up(&message).await);
    portal.recorded("look-up", "", answer).await.map(Json)
}
