//! Renews the certificate of a portal's process, or of an agent, under its standing authorization.

use super::{Message, may_call};
use crate::renew::is_recorded;
use crate::{Issuer, IssuerError};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::both::RENEW;
use ca_api::{Renew, Renewed};
use mtls::Connection;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn renew(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<Renew>,
) -> Result<Json<Renewed>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("renew", error)))?;
    let result = match may_call(&session, &connection, RENEW) {
        Ok(()) => issuer.use_authorization(&mut session, &message).await,
        Err(code) => Err(IssuerError::from(code)),
    };
    let known = session.authority().is_ok_and(|a| a.standing(&message.authorization).is_some());
    let about = if known && is_recorded(&result) { message.authorization.as_str() } else { "" };
    let serial = issuer.finish(session, "renew", about, result).await;
    let serial = serial.map_err(Refused)?;
    let issued = issuer.issued(&serial).await;
    let issued = issued.map_err(|error| Refused(issuer.unavailable("renew", error)))?;
    Ok(Json(Renewed { chain: issued.chain }))
}
