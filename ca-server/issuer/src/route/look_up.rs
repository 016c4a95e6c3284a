//! Opens a person's own record, draws a challenge, says where the matter stands.

use super::call::{PortalCall, PublicProcess, answered_to_key, portal_of};
use crate::asking::Question;
use crate::error::IssuerError;
use crate::issuer::{CURRENT_WAIT, Issuer};
use crate::query;
use axum::Json;
use axum::extract::State;
use records::Code;
use records::enrolment::{LetterLookUp, LookUpAnswer};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn look_up(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<PublicProcess, LetterLookUp>,
) -> Result<Json<LookUpAnswer>, Refused> {
    let result = asked(&issuer, &call).await;
    answered_to_key(&issuer, "look-up", (call.caller, &call.message.reference), result).await
}

/// Answers in the turn of the portal. A wrong key has none: references are no secret, and whoever
/// tries keys keeps nobody waiting who has one.
async fn asked(
    issuer: &Issuer,
    call: &PortalCall<PublicProcess, LetterLookUp>,
) -> Result<LookUpAnswer, IssuerError> {
    let message = &call.message;
    query::look_up::refuse_wrong(issuer, (&message.reference, &message.key)).await?;
    let portal = portal_of(issuer, &call.caller).await?;
    let turn = issuer.asking.turn(&portal, None, Question::Other);
    match tokio::time::timeout(CURRENT_WAIT, turn).await {
        Ok(Some(_turn)) => query::look_up::look_up(issuer, message).await,
        Ok(None) | Err(_) => Err(Code::Unavailable.into()),
    }
}
