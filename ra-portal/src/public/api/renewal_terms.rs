//! Says on which terms a certificate can be renewed.

use crate::message::Message;
use crate::refusal::passed_on;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use records::renewal::{AskRenewal, RenewalTerms};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn terms(
    State(portal): State<Arc<PortalState>>,
    Message(message): Message<AskRenewal>,
) -> Result<Json<RenewalTerms>, Refused> {
    let answer = passed_on(portal.issuer.renewal_terms(&message).await);
    portal.recorded("renewal-terms", "", answer).await.map(Json)
}
