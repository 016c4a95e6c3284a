//! What a request had better have (RFC 7030 4.5). What a certificate has, its profile says.

use super::answer::{EstRefused, attributes};
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
        true => Ok(attributes(state.est.attributes.clone())),
        false => Err(Code::UnknownProfile.into()),
    }
}
