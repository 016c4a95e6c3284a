//! Brings one order with everything that must be shown.

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::{AsOfficer, OrderQuery};
use portal_api::OrderFetch;
use records::export::OrderExport;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn fetch(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<OrderFetch>,
) -> Result<Json<OrderExport>, Refused> {
    let message = AsOfficer { certificate, message: OrderQuery { order: message.order } };
    let answer = passed_on(portal.issuer.fetch(&message).await);
    portal.recorded_fetch(&person, answer).await.map(Json)
}
