//! Renews an agent's certificate; the CA checks the old key's signature, this process only carries
//! it.

use crate::message::Message;
use crate::refusal::passed_on;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use records::join::{Renew, RenewedChain};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn renew(
    State(portal): State<Arc<PortalState>>,
    Message(message): Message<Renew>,
) -> Result<Json<RenewedChain>, Refused> {
    let answer = passed_on(portal.issuer.renew(&message).await);
    portal.recorded("renew", "", answer).await.map(Json)
}
