//! `POST /certificates/SERIAL/wished`: carries a wish to revoke for which an officer's passkey
//! answered, and leads to the order. The CA checks all of it.

use super::certificate::{self, ReaderCertificate};
use super::issued;
use super::touch::Touch;
use crate::pages::{Frame, FromPath, Posted, show};
use crate::refusal::{passed_on, refused};
use crate::state::PortalState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::AsOfficer;
use records::commitment::EVIDENCE_PATH;
use records::wish::{Wish, WishStatement, WishSubmission};
use records::{Bytes, Code, Disclosure, json};
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

/// What the page's script sends.
#[derive(Deserialize)]
pub(super) struct Form {
    statement: String,
    salt: String,
    evidence: String,
    #[serde(flatten)]
    touch: Touch,
}

/// `POST /certificates/{serial}/wished`
pub(super) async fn wished(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromPath(serial): FromPath<String>,
    Posted(form): Posted<Form>,
) -> Response {
    let said = Bytes::read(&form.statement);
    let said = said.and_then(|said| json::read::<WishStatement>(&said.0).ok());
    let kept =
        said.map(|said| issued::kept(&f, (&serial, false), (said.reason, form.evidence.clone())));
    let told = match wishing(&shown.certificate, form) {
        Some(message) => {
            let message = AsOfficer { certificate: shown.certificate, message };
            let answer = passed_on(portal.issuer.wish(&message).await);
            portal.recorded_brake("revoke", &shown.person, answer).await
        }
        None => Err(refused(Code::Malformed)),
    };
    match told {
        Ok(made) => Redirect::to(&format!("/orders/{}", made.order)).into_response(),
        Err(Refused(told)) => {
            let back = format!("/certificates/{}", show::escaped(&serial));
            certificate::refused_keeping(&f, &portal, &told, (&back, kept))
        }
    }
}

fn wishing(certificate: &Bytes, form: Form) -> Option<WishSubmission> {
    let statement = Bytes::read(&form.statement)?;
    let wish = Wish::by_passkey(statement, certificate.clone(), form.touch.read()?);
    let salt = Bytes::read(&form.salt)?;
    let evidence = Disclosure { path: EVIDENCE_PATH.into(), salt, value: form.evidence.into() };
    Some(WishSubmission { wish, evidence })
}
