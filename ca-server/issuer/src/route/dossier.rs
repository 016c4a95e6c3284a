//! A person whole, for their officers and handlers.

use super::call::{OfficerCall, answered_near_brake};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::organisation::{Dossier, DossierQuery};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn dossier(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<DossierQuery>,
) -> Result<Json<Dossier>, Refused> {
    let result = query::dossier::dossier(&issuer, &call.officer.0, &call.message).await;
    answered_near_brake(&issuer, (&call.caller, &call.officer), "person", result).await
}
