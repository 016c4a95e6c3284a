//! `POST /api/v1/orders/batch`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::{AsOfficer, Batching};
use portal_api::{Batch, CreatedOrder};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn batch(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(message): Message<Batch>,
) -> Result<Json<CreatedOrder>, Refused> {
    let message = AsOfficer { certificate, message: Batching { rows: message.rows } };
    let answer = passed_on(portal.issuer.batch(&message).await);
    // Orders to revoke may be among them, and the CA has made and recorded it.
    let made = portal.recorded_brake("batch", &person, answer).await?;
    Ok(Json(CreatedOrder { order: made.order, needed: made.needed }))
}
