//! Takes a request: verified here, beside everything else, then decided by the writer.

use super::call::{PortalCall, PublicProcess, answered, told};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::verify::VerifiedSubmission;
use axum::Json;
use axum::extract::State;
use records::Code;
use records::enrolment::{RequestSubmission, Stage};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn submit(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<PublicProcess, RequestSubmission>,
) -> Result<Json<Stage>, Refused> {
    let reference = records::letter::read_reference(&call.message.reference);
    let Some(reference) = reference else {
        return answered(&issuer, "submit", Err(Code::WrongCode.into()));
    };
    match VerifiedSubmission::verify(call.message, reference, &issuer.signatures) {
        Ok(submission) => {
            let submission = match issuer.view_now() {
                Some(view) => submission.in_turn(view.authority()),
                None => submission,
            };
            let submission = Box::new(submission);
            let asked = issuer.ask(|reply| Command::Submit(call.caller, submission, reply)).await;
            told(asked.map(|outcome| outcome.value))
        }
        Err(code) => answered(&issuer, "submit", Err(code.into())),
    }
}
