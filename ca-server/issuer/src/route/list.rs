//! Lists open orders that an officer may approve.

use super::call::{OfficerCall, answered};
use crate::issuer::Issuer;
use crate::{query, reads};
use axum::Json;
use axum::extract::State;
use ca_api::Page;
use records::export::OrderLine;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn list(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<Page>,
) -> Result<Json<Vec<OrderLine>>, Refused> {
    let result = query::list::list(&issuer, &call.officer.0, &call.message.after).await;
    let read = (&call.caller, &call.officer);
    // An order to revoke may stand in it: nothing is waited for.
    let recorded = |lines| reads::record_beside(&issuer, read, "list").map(|()| lines);
    answered(&issuer, "list", result.and_then(recorded))
}
