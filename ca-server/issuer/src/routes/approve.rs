//! Takes an officer's approval.

use super::{Message, may_call, officer};
use crate::session::Session;
use crate::{Issuer, IssuerError};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::AsOfficer;
use ca_api::staff::APPROVE;
use mtls::Connection;
use records::export::Approved;
use records::{Approval, Code};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn approve(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<AsOfficer<Approval>>,
) -> Result<Json<Approved>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("approve", error)))?;
    let result = issuer.approved(&mut session, &connection, &message).await;
    let about = message.message.order.to_string();
    issuer.finish(session, "approve", &about, result).await.map(Json).map_err(Refused)
}

impl Issuer {
    async fn approved(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &AsOfficer<Approval>,
    ) -> Result<Approved, IssuerError> {
        may_call(session, connection, APPROVE)?;
        let person = officer(session, &message.certificate.0)?;
        if !session.authority()?.is_approver(&person) {
            return Err(Code::NotYourRoute.into());
        }
        if message.message.certificate != message.certificate {
            return Err(Code::ApprovalSignature.into());
        }
        self.take_approval(session, &message.message).await
    }
}
