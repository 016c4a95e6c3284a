//! Asks for a certificate (RFC 7030 4.2.1): by user and password, or, as a renewal is, by the
//! certificate of the handshake (3.3.2).

use super::answer::EstRefused;
use super::asked::EstAsked;
use super::{issued, simple_reenroll};
use crate::machines::state::{MachinesState, outcome};
use crate::machines::zones;
use axum::extract::{Path, State};
use axum::response::Response;
use records::Code;
use records::est::EnrolSystem;
use std::sync::Arc;

pub(super) async fn enroll(
    State(state): State<Arc<MachinesState>>,
    label: Option<Path<String>>,
    mut asked: EstAsked,
) -> Result<Response, EstRefused> {
    let profile = label.map(|Path(label)| label);
    let Some(password) = asked.password.take() else {
        return simple_reenroll::renew(&state, profile, asked).await;
    };
    zones::permit_request(&state, &asked.request.0, asked.source).await?;
    let place = state.strangers.enter(asked.source);
    let place = place.ok_or(Code::TooBusy)?;
    let message = EnrolSystem {
        user: password.user,
        password: password.password,
        request: asked.request,
        profile,
    };
    let told = state.issuer.enrol_system(&message).await;
    drop(place);
    if !state.keeps("machine-enrol", outcome(&told)).await {
        return Err(Code::Unavailable.into());
    }
    issued::hand_out(&state, told?).await
}
