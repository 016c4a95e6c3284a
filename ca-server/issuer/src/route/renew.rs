//! Renews the certificate of a portal's process, or of an agent, under its standing authorization.

use super::call::{AnyProcess, PortalCall, told};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::query::collect;
use axum::Json;
use axum::extract::State;
use ca_api::{Renew, RenewedChain};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn renew(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<AnyProcess, Renew>,
) -> Result<Json<RenewedChain>, Refused> {
    let message = Box::new(call.message);
    let asked = issuer.ask(|reply| Command::Renew(call.caller, message, reply)).await;
    told(match asked {
        Ok(renewed) => collect::issued(&issuer, &renewed.value)
            .await
            .map(|issued| RenewedChain { chain: issued.chain }),
        Err(error) => Err(error),
    })
}
