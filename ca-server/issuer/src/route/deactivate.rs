//! Closes a system's account, as its key signed that: a brake.

use super::call::{MachinesProcess, PortalCall, answered, told, viewed};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::verify::VerifiedMachine;
use axum::Json;
use axum::extract::State;
use records::machine::{Deactivate, MachineDone};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn deactivate(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, Deactivate>,
) -> Result<Json<MachineDone>, Refused> {
    let message = call.message;
    match viewed(&issuer, |authority| VerifiedMachine::closing(message, authority)) {
        Ok(verified) => {
            let command = |reply| Command::Deactivate(call.caller, Box::new(verified), reply);
            told(issuer.ask(command).await.map(|_| MachineDone {}))
        }
        Err(code) => answered(&issuer, "deactivate", Err(code.into())),
    }
}
