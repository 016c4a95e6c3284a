//! Says on which terms a certificate can be renewed, and draws a challenge.

use super::call::{PortalCall, PublicProcess, answered};
use crate::issuer::Issuer;
use crate::query;
use axum::Json;
use axum::extract::State;
use records::renewal::{AskRenewal, RenewalTerms};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn terms(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<PublicProcess, AskRenewal>,
) -> Result<Json<RenewalTerms>, Refused> {
    let result = query::renewal::terms(&issuer, &call.message).await;
    answered(&issuer, "renewal-terms", result)
}
