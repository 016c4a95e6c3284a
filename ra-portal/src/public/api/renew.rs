//! Renews an agent's certificate; the CA checks the old key's signature, this process only carries
//! it.

use crate::edge::{Message, Portal, passed_on};
use axum::Json;
use axum::extract::State;
use records::join::{Renew, Renewed};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn renew(
    State(portal): State<Arc<Portal>>,
    Message(message): Message<Renew>,
) -> Result<Json<Renewed>, Refused> {
    let answer = passed_on(portal.issuer.renew(&message).await);
    portal.told("renew", "", answer).await.map(Json)
}
