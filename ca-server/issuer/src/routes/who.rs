//! Says whose certificate a portal saw: an officer's, or anybody's.

use super::{Message, may_call, officer};
use crate::session::Session;
use crate::{Issuer, IssuerError};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::staff::{HOLDER, WHO};
use ca_api::{AsOfficer, Officer};
use ca_store::rows;
use mtls::Connection;
use pki::Certificate;
use records::Code;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn who(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<AsOfficer<()>>,
) -> Result<Json<Officer>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("who", error)))?;
    let result = issuer.is_officer(&mut session, &connection, &message).await;
    issuer.finish(session, "who", "", result).await.map(Json).map_err(Refused)
}

pub(crate) async fn holder(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<AsOfficer<()>>,
) -> Result<Json<Officer>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("holder", error)))?;
    let result = issuer.is_holder(&mut session, &connection, &message).await;
    issuer.finish(session, "holder", "", result).await.map(Json).map_err(Refused)
}

impl Issuer {
    async fn is_officer(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &AsOfficer<()>,
    ) -> Result<Officer, IssuerError> {
        may_call(session, connection, WHO)?;
        let person = officer(session, &message.certificate.0)?;
        self.described(session, &person, true).await
    }

    async fn is_holder(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &AsOfficer<()>,
    ) -> Result<Officer, IssuerError> {
        may_call(session, connection, HOLDER)?;
        let certificate =
            Certificate::read(&message.certificate.0).map_err(|_| Code::CertificateForeign)?;
        let person = session.authority()?.holder(&certificate, session.now())?;
        let staff = officer(session, &message.certificate.0).is_ok();
        self.described(session, &person, staff).await
    }

    async fn described(
        &self,
        session: &mut Session<'_>,
        person: &str,
        staff: bool,
    ) -> Result<Officer, IssuerError> {
        let state = session.following.authority()?.person(person).ok_or(Code::PersonUnknown)?;
        let disclosed = rows::disclosures(&mut session.tx, person, state).await?;
        let name = disclosed
            .iter()
            .flatten()
            .find(|disclosure| disclosure.path == "/name")
            .and_then(|disclosure| disclosure.value.as_str())
            .unwrap_or_default()
            .to_owned();
        let roles = state
            .roles
            .iter()
            .map(|(role, scope)| (role.name().to_owned(), scope.clone()))
            .collect();
        let approves = staff && session.authority()?.is_approver(person);
        Ok(Officer { person: person.to_owned(), name, roles, staff, approves })
    }
}
