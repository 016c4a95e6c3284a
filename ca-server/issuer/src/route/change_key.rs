//! Gives a system's account another key, as both signed it; answered once the tree has it.

use super::call::{MachinesProcess, PortalCall, answered, told, viewed};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::verify::VerifiedMachine;
use axum::Json;
use axum::extract::State;
use records::machine::{ChangeKey, MachineAccount};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn change(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, ChangeKey>,
) -> Result<Json<MachineAccount>, Refused> {
    let message = call.message;
    match viewed(&issuer, |authority| VerifiedMachine::changing(message, authority)) {
        Ok(verified) => {
            let command = |reply| Command::ChangeKey(call.caller, Box::new(verified), reply);
            told(issuer.ask_settled(command).await)
        }
        Err(code) => answered(&issuer, "change-key", Err(code.into())),
    }
}
