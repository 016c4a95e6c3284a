//! Renews the certificate of a portal's process, or of an agent, under its standing authorization.

use super::call::{AnyProcess, PortalCall, answered, told, viewed};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::query::collect;
use crate::verify::VerifiedMachine;
use axum::Json;
use axum::extract::State;
use ca_api::{Renew, RenewedChain};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn renew(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<AnyProcess, Renew>,
) -> Result<Json<RenewedChain>, Refused> {
    let now = issuer.now();
    let verified =
        viewed(&issuer, |authority| Ok(VerifiedMachine::using(call.message, authority, now)));
    let verified = match verified {
        Ok(verified) => Box::new(verified),
        Err(code) => return answered(&issuer, "renew", Err(code.into())),
    };
    let asked = issuer.ask(|reply| Command::Renew(call.caller, verified, reply)).await;
    told(match asked {
        Ok(renewed) => collect::issued(&issuer, &renewed.value)
            .await
            .map(|issued| RenewedChain { chain: issued.chain }),
        Err(error) => Err(error),
    })
}
