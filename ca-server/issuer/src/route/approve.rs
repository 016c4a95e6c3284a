//! Takes an officer's approval: its signature is verified here, beside everything else; the writer
//! judges.

use super::call::{OfficerCall, answered, approver, told};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::verify::VerifiedApproval;
use axum::Json;
use axum::extract::State;
use records::Approval;
use records::export::Approved;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn approve(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<Approval>,
) -> Result<Json<Approved>, Refused> {
    let OfficerCall { caller, officer, message } = call;
    let verified = approver(&issuer, &officer)
        .and_then(|()| VerifiedApproval::verify(message, &issuer.signatures));
    match verified {
        Ok(approval) => {
            let approval = Box::new(approval);
            let command = |reply| Command::Approve(caller, officer, approval, reply);
            told(issuer.ask(command).await.map(|outcome| outcome.value))
        }
        Err(code) => answered(&issuer, "approve", Err(code.into())),
    }
}
