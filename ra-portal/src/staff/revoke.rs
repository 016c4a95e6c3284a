//! `POST /certificates/SERIAL/revoke`: drafts the order that revokes a certificate, and leads to
//! it.

use super::certificate::Shown;
use super::issued::{Typed, shown_with};
use crate::pages::{Frame, FromPath, Posted};
use crate::refusal::passed_on;
use crate::state::PortalState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::{AsOfficer, Revocation};
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct Form {
    reason: String,
    evidence: String,
}

/// `POST /certificates/{serial}/revoke`
pub(super) async fn revoke(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Shown(shown): Shown,
    FromPath(serial): FromPath<String>,
    Posted(Form { reason, evidence }): Posted<Form>,
) -> Response {
    // Evidence is one paragraph, as a reason is.
    let evidence = super::decline::one_line(&evidence);
    let wish =
        Revocation { serial: serial.clone(), reason: reason.clone(), evidence: evidence.clone() };
    let message = AsOfficer { certificate: shown.certificate.clone(), message: wish };
    let answer = passed_on(portal.issuer.revoke(&message).await);
    match portal.recorded_brake("revoke", &shown.person, answer).await {
        Ok(made) => Redirect::to(&format!("/orders/{}", made.order)).into_response(),
        Err(Refused(told)) => {
            let typed = Typed { reason, evidence, problem: Some(told) };
            shown_with(&portal, f, (shown.certificate, &shown.person), serial, typed).await
        }
    }
}
