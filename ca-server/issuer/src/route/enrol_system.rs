//! Asks for a certificate of a system within its authorization, by its password.

use super::call::{MachinesProcess, PortalCall, answered, told, viewed};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::query::collect;
use crate::secret_name::in_turn;
use crate::verify::VerifiedMachine;
use axum::Json;
use axum::extract::State;
use records::est::EnrolSystem;
use records::machine::Finalized;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn enrol(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, EnrolSystem>,
) -> Result<Json<Finalized>, Refused> {
    let message = call.message;
    match viewed(&issuer, |authority| VerifiedMachine::enrolling(message, authority)) {
        Ok(verified) => {
            let verified = in_turn(&issuer, verified).await;
            let command = |reply| Command::EnrolSystem(call.caller, Box::new(verified), reply);
            told(collect::finalized(&issuer, issuer.ask(command).await).await)
        }
        Err(code) => answered(&issuer, "enrol-system", Err(code.into())),
    }
}
