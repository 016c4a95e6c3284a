//! Renews a person's certificate; the CA checks the old key's signature, this process only carries
//! it.

use crate::message::Message;
use crate::refusal::passed_on;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use records::renewal::{RenewCertificate, RenewalAnswer};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn renew(
    State(portal): State<Arc<PortalState>>,
    Message(message): Message<RenewCertificate>,
) -> Result<Json<RenewalAnswer>, Refused> {
    let answer = passed_on(portal.issuer.renew_certificate(&message).await);
    portal.recorded("renew-certificate", "", answer).await.map(Json)
}
