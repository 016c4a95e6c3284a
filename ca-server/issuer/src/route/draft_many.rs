//! Makes what a handler drafted of many under one signature: a batch of orders, or letters.

use super::call::{OfficerCall, answered, credential, told};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::verify::VerifiedMany;
use axum::Json;
use axum::extract::State;
use ca_api::handler::ManyMade;
use records::draft::DraftingMany;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn draft_many(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<DraftingMany>,
) -> Result<Json<ManyMade>, Refused> {
    let OfficerCall { caller, officer, message } = call;
    let verified = credential(&issuer, &officer)
        .and_then(|()| VerifiedMany::verify(message, &issuer.signatures));
    match verified {
        Ok(verified) => {
            let command = |reply| Command::DraftMany(caller, officer, Box::new(verified), reply);
            told(issuer.ask(command).await.map(|outcome| outcome.value))
        }
        Err(code) => answered(&issuer, "draft-many", Err(code.into())),
    }
}
