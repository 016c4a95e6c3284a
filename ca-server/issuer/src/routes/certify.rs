//! Makes the order that certifies an officer's passkey; their certificate key has signed the wish.

use super::{Message, may_call, officer};
use crate::orders::Beside;
use crate::session::Session;
use crate::{Issuer, IssuerError};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::staff::CERTIFY;
use ca_api::{AsOfficer, Certifying};
use mtls::Connection;
use records::Code;
use records::order::{Body, CredentialBody};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn certify(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<AsOfficer<CredentialBody>>,
) -> Result<Json<Certifying>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("certify", error)))?;
    let result = issuer.certifying(&mut session, &connection, &message).await;
    let about = message.message.person.clone();
    issuer.finish(session, "certify", &about, result).await.map(Json).map_err(Refused)
}

impl Issuer {
    async fn certifying(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &AsOfficer<CredentialBody>,
    ) -> Result<Certifying, IssuerError> {
        may_call(session, connection, CERTIFY)?;
        let person = officer(session, &message.certificate.0)?;
        if !session.authority()?.is_approver(&person) {
            return Err(Code::NotYourRoute.into());
        }
        if message.message.certificate != message.certificate || message.message.person != person {
            return Err(Code::ApprovalSignature.into());
        }
        self.guard(session, std::slice::from_ref(&person)).await?;
        let body = Body::Credential(message.message.clone());
        let needed = session.authority()?.needed(&body);
        let made = self.make_order(session, &body, Beside::default()).await?;
        Ok(Certifying { order: made.order, needed })
    }
}
