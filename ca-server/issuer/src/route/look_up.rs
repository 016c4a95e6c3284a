//! Opens a person's own record, draws a challenge, says where the matter stands.

use super::call::{PortalCall, PublicProcess, answered};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use records::Code;
use records::enrolment::{LookUp, LookedUp};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn look_up(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<PublicProcess, LookUp>,
) -> Result<Json<LookedUp>, Refused> {
    let result = query::look_up::look_up(&issuer, &call.message).await;
    let wrong = result.as_ref().is_err_and(|error| error.code() == Code::WrongCode);
    let reference = records::letter::read_reference(&call.message.reference);
    let known = reference.filter(|reference| {
        issuer.view_now().is_some_and(|view| view.authority().letter(reference).is_some())
    });
    match known {
        // A wrong key for a letter that exists counts as a try, and is recorded.
        Some(reference) if wrong => {
            let asked = issuer.ask(|reply| Command::WrongKey(call.caller, reference, reply)).await;
            let refused = asked.err().unwrap_or_else(|| Code::WrongCode.into());
            Err(Refused(refused.problem()))
        }
        _ => answered(&issuer, "look-up", result),
    }
}
