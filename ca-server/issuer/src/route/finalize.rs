//! Asks for a certificate of a system within its authorization, as its account signed that.

use super::call::{MachinesProcess, PortalCall, answered, told, viewed};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::query::collect;
use crate::verify::VerifiedMachine;
use axum::Json;
use axum::extract::State;
use records::machine::{Finalize, Finalized};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn finalize(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, Finalize>,
) -> Result<Json<Finalized>, Refused> {
    let message = call.message;
    match viewed(&issuer, |authority| VerifiedMachine::asking(message, authority)) {
        Ok(verified) => {
            let command = |reply| Command::Finalize(call.caller, Box::new(verified), reply);
            told(collect::finalized(&issuer, issuer.ask(command).await).await)
        }
        Err(code) => answered(&issuer, "finalize", Err(code.into())),
    }
}
