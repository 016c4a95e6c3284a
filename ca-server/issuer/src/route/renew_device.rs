//! Asks for a certificate of a system that follows another one, by what the key of that signed.

use super::call::{MachinesProcess, PortalCall, answered, told, viewed};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::verify::VerifiedMachine;
use axum::Json;
use axum::extract::State;
use records::machine::Finalized;
use records::scep::RenewDevice;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn renew(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, RenewDevice>,
) -> Result<Json<Finalized>, Refused> {
    let message = call.message;
    match viewed(&issuer, |authority| VerifiedMachine::signed(message, authority)) {
        Ok(verified) => {
            let command = |reply| Command::RenewDevice(call.caller, Box::new(verified), reply);
            // The portal keeps whose it is before anybody waits for the certificate.
            let told_later = |serial| Finalized { serial, chain: Vec::new() };
            told(issuer.ask(command).await.map(|outcome| told_later(outcome.value)))
        }
        Err(code) => answered(&issuer, "renew-device", Err(code.into())),
    }
}
