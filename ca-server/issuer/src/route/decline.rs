//! Takes an officer's decline of an order.

use super::call::{OfficerCall, answered, approver, told};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::verify::VerifiedDecline;
use axum::Json;
use axum::extract::State;
use records::decline::{DeclineSubmission, Declined};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn decline(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<DeclineSubmission>,
) -> Result<Json<Declined>, Refused> {
    let OfficerCall { caller, officer, message } = call;
    let verified = approver(&issuer, &officer)
        .and_then(|()| VerifiedDecline::verify(message, &issuer.signatures));
    match verified {
        Ok(decline) => {
            let decline = Box::new(decline);
            let command = |reply| Command::Decline(caller, officer, decline, reply);
            told(issuer.ask(command).await.map(|outcome| outcome.value))
        }
        Err(code) => answered(&issuer, "decline", Err(code.into())),
    }
}
