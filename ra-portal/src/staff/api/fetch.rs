//! Brings one order with everything that must be shown.

use crate::edge::{Message, Portal, passed_on};
use crate::staff::StaffCertificate;
use axum::Json;
use axum::extract::State;
use ca_api::{AsOfficer, Wanted};
use portal_api::Fetch;
use records::export::OrderExport;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn fetch(
    State(portal): State<Arc<Portal>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<Fetch>,
) -> Result<Json<OrderExport>, Refused> {
    let message = AsOfficer { certificate, message: Wanted { order: message.order } };
    let answer = passed_on(portal.issuer.fetch(&message).await);
    portal.told("fetch", &person, answer).await.map(Json)
}
