//! Drafts the order that revokes a certificate, for an officer in whose scope it is; others approve it.

use super::find::{approver, is_within};
use super::{Message, may_call};
use crate::drafts::revoke_order;
use crate::session::Session;
use crate::{Issuer, IssuerError};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::staff::REVOKE;
use ca_api::{AsOfficer, Certifying, Revocation};
use mtls::Connection;
use records::order::Body;
use records::{Bytes, Code};
use service::problem::Refused;
use std::sync::Arc;
use store::{row, rows};

pub(crate) async fn revoke(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<AsOfficer<Revocation>>,
) -> Result<Json<Certifying>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("revoke", error)))?;
    let result = issuer.revoking(&mut session, &connection, &message).await;
    let about = message.message.serial.clone();
    issuer.finish(session, "revoke", &about, result).await.map(Json).map_err(Refused)
}

impl Issuer {
    async fn revoking(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &AsOfficer<Revocation>,
    ) -> Result<Certifying, IssuerError> {
        may_call(session, connection, REVOKE)?;
        let officer = approver(session, &message.certificate.0)?;
        let Revocation { serial, reason, evidence } = message.message.clone();
        let found = row!(
            &mut session.tx,
            (String,),
            "select subject from certificate where serial = $1",
            &serial
        )?;
        let (person,) = found.ok_or(Code::NotFound)?;
        if session.authority()?.person(&person).is_none() {
            return Err(Code::NotFound.into());
        }
        if !is_within(session, &officer, &person)? {
            return Err(Code::ApproverScope.into());
        }
        self.guard(session, &[officer, person.clone()]).await?;
        if let Some(open) = open_already(session, &person, (&serial, &reason)).await? {
            return Ok(open);
        }
        let serials = vec![serial];
        let (body, beside) = revoke_order(session, person, serials, reason, evidence).await?;
        let needed = session.authority()?.needed(&body);
        let made = self.make_order(session, &body, beside).await?;
        Ok(Certifying { order: made.order, needed })
    }
}

/// The order that asks for this already: whoever sends a form twice gets the one of the first time.
async fn open_already(
    session: &mut Session<'_>,
    person: &str,
    (serial, reason): (&str, &str),
) -> Result<Option<Certifying>, IssuerError> {
    let open = rows!(
        &mut session.tx,
        (String, Vec<u8>),
        "select order_id, order_digest from ordered \
         where kind = 'revoke' and state = 'open' and person_id = $1",
        person
    )?;
    let authority = session.authority()?;
    Ok(open.into_iter().find_map(|(order, digest)| {
        let (_, body) = authority.open(&Bytes(digest).to_string(), session.now()).ok()?;
        let Body::Revoke(revoke) = &*body else { return None };
        let same = revoke.serials == [serial] && revoke.reason == reason;
        same.then(|| Certifying { order, needed: authority.needed(&body) })
    }))
}
