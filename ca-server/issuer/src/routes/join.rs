//! Lets an agent join under its order: the HMAC under the order's token is its right to.

use super::{Message, may_call};
use crate::renew::is_recorded;
use crate::{Issuer, IssuerError};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::public::JOIN;
use mtls::Connection;
use records::enrolment::Collected;
use records::join::Join;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn join(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<Join>,
) -> Result<Json<Collected>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("join", error)))?;
    let result = match may_call(&session, &connection, JOIN) {
        Ok(()) => issuer.join(&mut session, &message).await,
        Err(code) => Err(IssuerError::from(code)),
    };
    let known = session.authority().is_ok_and(|a| a.agent(&message.agent).is_some());
    let about = if known && is_recorded(&result) { message.agent.as_str() } else { "" };
    let serial = issuer.finish(session, "join", about, result).await.map_err(Refused)?;
    let joined = issuer.issued(&serial).await;
    joined.map(Json).map_err(|error| Refused(issuer.unavailable("join", error)))
}
