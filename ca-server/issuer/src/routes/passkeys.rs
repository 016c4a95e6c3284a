//! Lists an officer's own certified passkeys.

use super::{Message, may_call, officer};
use crate::session::Session;
use crate::{Issuer, IssuerError};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::staff::PASSKEYS;
use ca_api::{AsOfficer, OwnPasskey};
use mtls::Connection;
use service::problem::Refused;
use sha2::{Digest, Sha256};
use std::sync::Arc;

pub(crate) async fn passkeys(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<AsOfficer<()>>,
) -> Result<Json<Vec<OwnPasskey>>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("passkeys", error)))?;
    let result = own(&mut session, &connection, &message);
    issuer.finish(session, "passkeys", "", result).await.map(Json).map_err(Refused)
}

fn own(
    session: &mut Session<'_>,
    connection: &Connection,
    message: &AsOfficer<()>,
) -> Result<Vec<OwnPasskey>, IssuerError> {
    may_call(session, connection, PASSKEYS)?;
    let person = officer(session, &message.certificate.0)?;
    let shown = Sha256::digest(&message.certificate.0);
    let passkeys = session.authority()?.passkeys_of(&person).map(|passkey| OwnPasskey {
        credential: passkey.statement.credential.clone(),
        software: passkey.statement.software,
        usable: passkey.statement.certificate.0 == shown.as_slice(),
    });
    Ok(passkeys.collect())
}
