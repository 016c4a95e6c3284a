//! Revokes a certificate of a system, as its account or its own key signed that: a brake.

use super::call::{MachinesProcess, PortalCall, answered, told, viewed};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::verify::VerifiedMachine;
use axum::Json;
use axum::extract::State;
use records::machine::{MachineDone, RevokeMachine};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn revoke(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, RevokeMachine>,
) -> Result<Json<MachineDone>, Refused> {
    let message = call.message;
    match viewed(&issuer, |authority| VerifiedMachine::revoking(message, authority)) {
        Ok(verified) => {
            let command = |reply| Command::RevokeMachine(call.caller, Box::new(verified), reply);
            told(issuer.ask(command).await.map(|_| MachineDone {}))
        }
        Err(code) => answered(&issuer, "revoke-machine", Err(code.into())),
    }
}
