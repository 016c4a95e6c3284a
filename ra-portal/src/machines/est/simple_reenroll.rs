//! Renews a certificate by itself (RFC 7030 4.2.2): the key of the handshake is that of a
//! certificate of the system, with the same names. The CA looks whether it counts.

use super::answer::EstRefused;
use super::asked::EstAsked;
use super::issued;
use crate::machines::state::{MachinesState, outcome};
use crate::machines::zones;
use axum::extract::{Path, State};
use axum::response::Response;
use records::Code;
use records::est::RenewSystem;
use std::sync::Arc;

pub(super) async fn reenroll(
    State(state): State<Arc<MachinesState>>,
    label: Option<Path<String>>,
    asked: EstAsked,
) -> Result<Response, EstRefused> {
    renew(&state, label.map(|Path(label)| label), asked).await
}

pub(super) async fn renew(
    state: &MachinesState,
    profile: Option<String>,
    asked: EstAsked,
) -> Result<Response, EstRefused> {
    let certificate = asked.certificate.ok_or(Code::CertificateRequired)?;
    zones::permit_request(state, &asked.request.0, asked.source).await?;
    // Everybody makes a certificate of their own: whether it is one of ours, the CA says.
    let place = state.strangers.enter(asked.source);
    let place = place.ok_or(Code::TooBusy)?;
    let message = RenewSystem { certificate, request: asked.request, profile };
    let told = state.issuer.renew_system(&message).await;
    drop(place);
    if !state.keeps("machine-renew", outcome(&told)).await {
        return Err(Code::Unavailable.into());
    }
    issued::hand_out(state, told?).await
}
