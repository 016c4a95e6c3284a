//! Makes the order that revokes a certificate, as an officer signed it; others approve it.

use super::call::{OfficerCall, answered, approver, told};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::verify::VerifiedWish;
use axum::Json;
use axum::extract::State;
use ca_api::OrderCreated;
use records::wish::WishSubmission;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn wish(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<WishSubmission>,
) -> Result<Json<OrderCreated>, Refused> {
    let OfficerCall { caller, officer, message } = call;
    let verified = approver(&issuer, &officer)
        .and_then(|()| VerifiedWish::verify(message, &issuer.signatures));
    match verified {
        Ok(wish) => {
            let command = |reply| Command::Wish(caller, officer, Box::new(wish), reply);
            told(issuer.ask(command).await.map(|outcome| outcome.value))
        }
        Err(code) => answered(&issuer, "wish", Err(code.into())),
    }
}
