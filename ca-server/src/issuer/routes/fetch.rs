//! Hands an order to an officer who may approve it, with everything that must be shown.

use super::{Message, may_call, officer};
use crate::issuer::session::Session;
use crate::issuer::{Issuer, IssuerError};
use audit::export::OrderExport;
use audit::{Bytes, Code};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::staff::FETCH;
use ca_api::{AsOfficer, Wanted};
use mtls::Connection;
use service::problem::Refused;
use std::sync::Arc;

pub(in crate::issuer) async fn fetch(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<AsOfficer<Wanted>>,
) -> Result<Json<OrderExport>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("fetch", error)))?;
    let result = issuer.fetched(&mut session, &connection, &message).await;
    issuer.finish(session, "fetch", "", result).await.map(Json).map_err(Refused)
}

impl Issuer {
    async fn fetched(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &AsOfficer<Wanted>,
    ) -> Result<OrderExport, IssuerError> {
        may_call(session, connection, FETCH)?;
        let person = officer(session, &message.certificate.0)?;
        if !session.authority()?.is_approver(&person) {
            return Err(Code::NotYourRoute.into());
        }
        let digest = self.order_digest(session, &message.message.order).await?;
        let key = Bytes::from(digest.as_slice()).to_string();
        let (_, body) = session.authority()?.open(&key, session.now())?;
        session.authority()?.may_approve(&person, &body)?;
        self.export(session, &digest).await
    }
}
