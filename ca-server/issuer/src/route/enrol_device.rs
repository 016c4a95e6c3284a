//! Asks for a certificate of a system within its authorization, by the challenge in its request.

use super::call::{MachinesProcess, PortalCall, answered, told, viewed};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::secret_name::in_turn;
use crate::verify::VerifiedMachine;
use axum::Json;
use axum::extract::State;
use records::machine::Finalized;
use records::scep::EnrolDevice;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn enrol(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, EnrolDevice>,
) -> Result<Json<Finalized>, Refused> {
    let message = call.message;
    match viewed(&issuer, |authority| VerifiedMachine::challenged(message, authority)) {
        Ok(verified) => {
            let verified = in_turn(&issuer, verified).await;
            let command = |reply| Command::EnrolDevice(call.caller, Box::new(verified), reply);
            // The portal keeps whose it is before anybody waits for the certificate.
            let told_later = |serial| Finalized { serial, chain: Vec::new() };
            told(issuer.ask(command).await.map(|outcome| told_later(outcome.value)))
        }
        Err(code) => answered(&issuer, "enrol-device", Err(code.into())),
    }
}
