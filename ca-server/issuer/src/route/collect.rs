//! Hands a certificate out, with the proof that the log holds its record.

use super::call::{PortalCall, PublicProcess, answered};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use records::Code;
use records::enrolment::{Collect, Collected};
use service::fault;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn collect(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<PublicProcess, Collect>,
) -> Result<Json<Collected>, Refused> {
    let result = query::collect::collect(&issuer, &call.message).await;
    fault::point("collect-before-answer");
    let wrong = result.as_ref().is_err_and(|error| error.code() == Code::WrongCode);
    let reference = records::letter::read_reference(&call.message.reference);
    let known = reference.filter(|reference| {
        issuer.view_now().is_some_and(|view| view.authority().letter(reference).is_some())
    });
    match known {
        Some(reference) if wrong => {
            let asked = issuer.ask(|reply| Command::WrongKey(call.caller, reference, reply)).await;
            let refused = asked.err().unwrap_or_else(|| Code::WrongCode.into());
            Err(Refused(refused.problem()))
        }
        _ => answered(&issuer, "collect", result),
    }
}
