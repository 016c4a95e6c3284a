//! `POST /enrolment/request`: carries a request that the page made to the CA.

use super::letter::OpenLetter;
use crate::pages::{Frame, Posted, problem};
use crate::refusal::{passed_on, refused};
use crate::state::PortalState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use records::enrolment::{RequestSubmission, Stage};
use records::{Bytes, Code};
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct Form {
    challenge: String,
    request: String,
    bind: String,
}

/// `POST /enrolment/request`
pub(super) async fn submit(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    letter: OpenLetter,
    Posted(form): Posted<Form>,
) -> Response {
    match carry(&portal, letter, &form).await {
        Ok(_) => Redirect::to("/enrolment").into_response(),
        Err(Refused(told)) => problem::page(&f, &told, "/enrolment"),
    }
}

async fn carry(portal: &PortalState, letter: OpenLetter, form: &Form) -> Result<Stage, Refused> {
    let read = |text: &str| Bytes::read(text).ok_or_else(|| refused(Code::Malformed));
    let message = RequestSubmission {
        reference: letter.reference,
        key: letter.key,
        challenge: read(&form.challenge)?,
        request: read(&form.request)?,
        label: "page".into(),
        bind: read(&form.bind)?,
    };
    let answer = passed_on(portal.issuer.submit(&message).await);
    portal.recorded("submit", "", answer).await
}
