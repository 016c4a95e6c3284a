//! Opens an account of a system, or finds it by its key: verified here, then decided by the writer.
//! It is answered once the tree has it, since nothing is asked for under it before.

use super::call::{MachinesProcess, PortalCall, answered, told, viewed};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::secret_name::in_turn;
use crate::verify::VerifiedMachine;
use axum::Json;
use axum::extract::State;
use records::machine::{MachineAccount, OpenAccount};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn open(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, OpenAccount>,
) -> Result<Json<MachineAccount>, Refused> {
    let message = call.message;
    match viewed(&issuer, |authority| VerifiedMachine::opening(message, authority)) {
        Ok(verified) => {
            let verified = in_turn(&issuer, verified).await;
            let command = |reply| Command::OpenAccount(call.caller, Box::new(verified), reply);
            told(issuer.ask_settled(command).await)
        }
        Err(code) => answered(&issuer, "open-account", Err(code.into())),
    }
}
