//! Says where a certificate comes from and where it opened a door.

use super::call::{OfficerCall, answered_near_brake};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use ca_api::{CertificateFacts, CertificateQuery};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn certificate(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<CertificateQuery>,
) -> Result<Json<CertificateFacts>, Refused> {
    let result =
        query::certificate::certificate(&issuer, &call.officer.0, &call.message.serial).await;
    answered_near_brake(&issuer, (&call.caller, &call.officer), "certificate", result).await
}
