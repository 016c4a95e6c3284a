//! `POST /orders/ORDER/declined`: carries what a passkey said about declining an order. The CA
//! checks all of it.

use super::certificate::{self, ReaderCertificate};
use super::review;
use super::touch::Touch;
use crate::pages::{Frame, FromPath, Posted};
use crate::refusal::{passed_on, refused};
use crate::state::PortalState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::AsOfficer;
use records::decline::{Decline, DeclineStatement, DeclineSubmission};
use records::letter::read_reference;
use records::{Bytes, Code, Disclosure, json};
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

/// What the page's script sends.
#[derive(Deserialize)]
pub(super) struct Form {
    statement: String,
    salt: String,
    reason: String,
    #[serde(flatten)]
    touch: Touch,
}

/// `POST /orders/{order}/declined`
pub(super) async fn declined(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromPath(order): FromPath<String>,
    Posted(form): Posted<Form>,
) -> Response {
    let back = match read_reference(&order) {
        Some(order) => format!("/orders/{order}"),
        None => "/".to_owned(),
    };
    let said = Bytes::read(&form.statement);
    let said = said.and_then(|said| json::read::<DeclineStatement>(&said.0).ok());
    let named = read_reference(&order).zip(said);
    let kept =
        named.map(|(order, said)| review::kept(&f, (&order, said.outcome), form.reason.clone()));
    let told = match declining(&shown.certificate, form) {
        Some(message) => {
            let message = AsOfficer { certificate: shown.certificate, message };
            let answer = passed_on(portal.issuer.decline(&message).await);
            portal.recorded("decline", &shown.person, answer).await
        }
        None => Err(refused(Code::Malformed)),
    };
    match told {
        Ok(_) => Redirect::to("/").into_response(),
        Err(Refused(told)) => certificate::refused_keeping(&f, &portal, &told, (&back, kept)),
    }
}

fn declining(certificate: &Bytes, form: Form) -> Option<DeclineSubmission> {
    let statement = Bytes::read(&form.statement)?;
    let decline = Decline::by_passkey(statement, certificate.clone(), form.touch.read()?);
    let salt = Bytes::read(&form.salt)?;
    let reason = Disclosure { path: "/reason".into(), salt, value: form.reason.into() };
    Some(DeclineSubmission { decline, reason })
}
