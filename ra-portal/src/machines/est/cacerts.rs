//! The certificates of the CA (RFC 7030 4.1), for whoever asks: what they are worth, a client knows
//! from elsewhere.

use super::answer::{EstRefused, certificates};
use crate::machines::profiles::is_profile;
use crate::machines::state::MachinesState;
use axum::extract::{Path, State};
use axum::response::Response;
use records::Code;
use std::sync::Arc;

pub(super) async fn show(
    State(state): State<Arc<MachinesState>>,
    label: Option<Path<String>>,
) -> Result<Response, EstRefused> {
    match label.is_none_or(|Path(label)| is_profile(&label)) {
        true => Ok(certificates(state.est.cacerts.clone())),
        false => Err(Code::UnknownProfile.into()),
    }
}
