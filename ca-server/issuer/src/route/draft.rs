//! Makes what a handler drafted under their signature: an order that others approve, or a letter.

use super::call::{OfficerCall, answered, credential, told};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::verify::VerifiedDraft;
use axum::Json;
use axum::extract::State;
use ca_api::handler::DraftMade;
use records::draft::Drafting;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn draft(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<Drafting>,
) -> Result<Json<DraftMade>, Refused> {
    let OfficerCall { caller, officer, message } = call;
    let verified = credential(&issuer, &officer)
        .and_then(|()| VerifiedDraft::verify(message, &issuer.signatures));
    match verified {
        Ok(verified) => {
            let command = |reply| Command::Draft(caller, officer, Box::new(verified), reply);
            told(issuer.ask(command).await.map(|outcome| outcome.value))
        }
        Err(code) => answered(&issuer, "draft", Err(code.into())),
    }
}
