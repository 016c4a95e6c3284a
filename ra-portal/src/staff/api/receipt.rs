//! `POST /api/v1/orders/receipt`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::{AsOfficer, OrderQuery};
use portal_api::OrderFetch;
use records::handling::BatchReceipt;
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn receipt(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<OrderFetch>,
) -> Result<Json<BatchReceipt>, Refused> {
    let message = AsOfficer { certificate, message: OrderQuery { order: message.order } };
    let answer = passed_on(portal.issuer.receipt(&message).await);
    portal.recorded("receipt", &person, answer).await.map(Json)
}
