//! Opens a person's own record, draws a challenge, says where the matter stands.

use super::call::{PortalCall, PublicProcess, answered_to_key};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use records::enrolment::{LetterLookUp, LookUpAnswer};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn look_up(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<PublicProcess, LetterLookUp>,
) -> Result<Json<LookUpAnswer>, Refused> {
    let result = query::look_up::look_up(&issuer, &call.message).await;
    answered_to_key(&issuer, "look-up", (call.caller, &call.message.reference), result).await
}
