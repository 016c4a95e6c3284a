//! Hands an order to an officer who may approve it, with everything that must be shown.

use super::{Message, may_call, officer};
use crate::session::Session;
use crate::{Issuer, IssuerError};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::staff::FETCH;
use ca_api::{AsOfficer, Wanted};
use mtls::Connection;
use records::export::{Look, OrderExport, Standing};
use records::order::Body;
use records::{Bytes, Code};
use service::problem::Refused;
use std::sync::Arc;
use store::row;

pub(crate) async fn fetch(
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
        let mut export = self.export(session, &digest).await?;
        export.standing = Some(self.standing(session, &digest, &body, &person).await?);
        Ok(export)
    }

    /// How far an open order is, for somebody who may approve it.
    async fn standing(
        &self,
        session: &mut Session<'_>,
        digest: &[u8],
        body: &Body,
        person: &str,
    ) -> Result<Standing, IssuerError> {
        let authority = session.authority()?;
        let given = authority.given(&Bytes::from(digest).to_string(), body, session.now());
        let needed = authority.needed(body);
        let browser = authority.has_room(body, &given)?;
        let mut approvers = Vec::with_capacity(given.len());
        for id in given.keys() {
            let tx = &mut session.tx;
            let name = row!(tx, (String,), "select name from person where person_id = $1", id)?;
            approvers.push(name.map_or_else(|| id.clone(), |(name,)| name));
        }
        let look = row!(
            &mut session.tx,
            (String,),
            "select look from ordered where order_digest = $1",
            digest
        )?;
        let look = look.and_then(|(look,)| Look::from_name(&look));
        let given = given.contains_key(person);
        Ok(Standing { approvers, needed, given, browser, look })
    }
}
