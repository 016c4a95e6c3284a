//! One person, for their handler.

use super::call::{OfficerCall, answered_and_recorded_beside};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::handler::{PersonFacts, PersonQuery};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn person(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<PersonQuery>,
) -> Result<Json<PersonFacts>, Refused> {
    let result = query::people::person(&issuer, &call.officer.0, &call.message.person).await;
    // Somebody may be about to leave: a log that stands still keeps no brake up.
    answered_and_recorded_beside(&issuer, (&call.caller, &call.officer), "person", result)
}
