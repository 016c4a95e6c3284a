//! Renews a system's certificate by the one that a portal says it was shown in a handshake.

use super::call::{MachinesProcess, PortalCall, answered, told, viewed};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::query::collect;
use crate::verify::VerifiedMachine;
use axum::Json;
use axum::extract::State;
use records::est::RenewSystem;
use records::machine::Finalized;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn renew(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, RenewSystem>,
) -> Result<Json<Finalized>, Refused> {
    let message = call.message;
    match viewed(&issuer, |authority| VerifiedMachine::renewing(message, authority)) {
        Ok(verified) => {
            let command = |reply| Command::RenewSystem(call.caller, Box::new(verified), reply);
            told(collect::finalized(&issuer, issuer.ask(command).await).await)
        }
        Err(code) => answered(&issuer, "renew-system", Err(code.into())),
    }
}
