//! Takes an officer's decline of an order: recorded with its reason, and felt at once.

use super::{Message, may_call, officer};
use crate::effect::mark_declined;
use crate::session::Session;
use crate::{Issuer, IssuerError};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::AsOfficer;
use ca_api::staff::DECLINE;
use ca_store::ledger;
use mtls::Connection;
use records::Code;
use records::decline::{Declined, Declining};
use records::record::Event;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn decline(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<AsOfficer<Declining>>,
) -> Result<Json<Declined>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("decline", error)))?;
    let result = issuer.declined(&mut session, &connection, &message).await;
    let about = message.message.decline.read().map(|read| read.order.to_string());
    let about = about.unwrap_or_default();
    issuer.finish(session, "decline", &about, result).await.map(Json).map_err(Refused)
}

impl Issuer {
    async fn declined(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &AsOfficer<Declining>,
    ) -> Result<Declined, IssuerError> {
        may_call(session, connection, DECLINE)?;
        let person = officer(session, &message.certificate.0)?;
        if !session.authority()?.is_approver(&person) {
            return Err(Code::NotYourRoute.into());
        }
        let Declining { decline, reason } = &message.message;
        if decline.certificate != message.certificate {
            return Err(Code::ApprovalSignature.into());
        }
        message.message.reason()?;
        let now = session.now();
        let (person, read) = session.authority()?.check_decline(decline, now)?;
        let (order, body) = session.authority()?.open(&read.order.to_string(), now)?;
        let mut people = vec![person.clone()];
        people.extend(body.person().map(str::to_owned));
        self.guard(session, &people).await?;
        let event = Event::Declined { decline: decline.clone(), person };
        let disclosed = std::slice::from_ref(reason);
        let record =
            ledger::write(&mut session.tx, "issuer", session.micros, event, disclosed).await?;
        mark_declined(&mut session.tx, &read, &record).await?;
        Ok(Declined { order: order.order.clone(), outcome: read.outcome })
    }
}
