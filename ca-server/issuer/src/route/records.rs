//! What a draft about many people needs of each. Of how many somebody read is recorded, by itself.

use super::call::{OfficerCall, answered};
use crate::issuer::Issuer;
use crate::{query, reads};
use axum::Json;
use axum::extract::State;
use ca_api::handler::{PeopleQuery, PeopleRecords};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn records(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<PeopleQuery>,
) -> Result<Json<PeopleRecords>, Refused> {
    let result = query::records::records(&issuer, &call.officer.0, &call.message).await;
    let read = (&call.caller, &call.officer);
    let result = match result {
        Ok(answer) => {
            let count = answer.lines.len() as u64;
            let kept = reads::record_all_near_brake(&issuer, read, ("person", count)).await;
            kept.map(|()| answer)
        }
        Err(error) => Err(error),
    };
    answered(&issuer, "records", result)
}
