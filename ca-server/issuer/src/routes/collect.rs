//! Hands a certificate out, with the proof that the log holds its record. One that is not yet under a
//! checkpoint does not leave.

use super::{Message, may_call};
use crate::following::LOG;
use crate::session::Session;
use crate::{Issuer, IssuerError};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::public::COLLECT;
use ca_store::ledger;
use mtls::Connection;
use records::Code;
use records::enrolment::{Collect, Collected};
use service::problem::Refused;
use std::sync::Arc;
use store::row;

pub(crate) async fn collect(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<Collect>,
) -> Result<Json<Collected>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("collect", error)))?;
    let result = issuer.collected(&mut session, &connection, &message).await;
    // Asking before it is finished is no offence; only real refusals are recorded.
    let waiting = result.as_ref().is_err_and(|e| matches!(e, IssuerError::Refused(Code::NotReady)));
    let about =
        if waiting { String::new() } else { issuer.known_reference(&session, &message.reference) };
    issuer.finish(session, "collect", &about, result).await.map(Json).map_err(Refused)
}

impl Issuer {
    async fn collected(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &Collect,
    ) -> Result<Collected, IssuerError> {
        may_call(session, connection, COLLECT)?;
        let letter = self.open_letter(session, &message.reference, &message.key.0).await?;
        let found = row!(
            &mut session.tx,
            (Vec<u8>, Vec<u8>),
            "select certificate, record_id from certificate where reference = $1 \
             order by not_after desc limit 1",
            &letter.reference
        )?;
        let (certificate, record) = found.ok_or(Code::NotReady)?;
        let evidence = ledger::evidence(&mut session.tx, LOG, &record).await?;
        let evidence = evidence.ok_or(Code::NotReady)?;
        Ok(Collected { chain: self.chain(&certificate), evidence })
    }
}
