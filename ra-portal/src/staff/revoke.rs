//! `POST /certificates/SERIAL/revoke`: whoever has a passkey signs what they ask for next. For
//! others, and for who wants it so, this drafts the order without a signature, and leads to it.

use super::certificate::{self, ReaderCertificate};
use super::issued::{self, Typed, shown_with};
use super::wish::{self, AskedFor};
use crate::pages::{Frame, FromPath, Posted, page, show};
use crate::refusal::{passed_on, refused, unreadable};
use crate::state::PortalState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::{AsOfficer, Revocation};
use pki::SerialNumber;
use pki::name::check_readable;
use portal_api::plain::REASONS;
use records::commitment::EVIDENCE_CHARS_MAX;
use records::{Code, Problem};
use serde::Deserialize;
use service::Clock;
use service::problem::Refused;
use std::sync::Arc;

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct Form {
    reason: String,
    evidence: String,
    /// Not empty where a passkey is there and is not wanted.
    #[serde(default)]
    unsigned: String,
}

/// `POST /certificates/{serial}/revoke`
pub(super) async fn revoke(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromPath(serial): FromPath<String>,
    Posted(Form { reason, evidence, unsigned }): Posted<Form>,
) -> Response {
    // Evidence is one paragraph, as a reason is.
    let evidence = super::decline::one_line(&evidence);
    if let Err(matter) = check_readable(&evidence, EVIDENCE_CHARS_MAX) {
        let problem = Some(unreadable(("依据", "The evidence"), &matter).0);
        let typed = Typed { reason, evidence, problem, ..Typed::default() };
        return shown_with(&portal, f, (shown.certificate, &shown.person), serial, typed).await;
    }
    if unsigned.is_empty() {
        let back = format!("/certificates/{}", show::escaped(&serial));
        let no = |told: &Problem| {
            let kept = issued::kept(&f, (&serial, false), (reason.clone(), evidence.clone()));
            certificate::refused_keeping(&f, &portal, told, (&back, Some(kept)))
        };
        let credentials = match super::passkeys::usable(&portal, shown.certificate.clone()).await {
            Ok(credentials) => credentials,
            Err(Refused(told)) => return no(&told),
        };
        // What may be asked for is offered to be signed; of the rest the CA says what is wrong.
        let known = REASONS.contains(&reason.as_str()) && SerialNumber::from_hex(&serial).is_some();
        if !credentials.is_empty() && !evidence.is_empty() && known {
            let (serial, reason, evidence) = (serial.clone(), reason.clone(), evidence.clone());
            let typed = AskedFor { serial, reason, evidence };
            let as_of = (&shown.certificate, Clock::system().seconds());
            return match wish::page(&portal, f.clone(), typed, as_of, credentials) {
                Some(filled) => page(StatusCode::OK, &filled),
                None => no(&refused(Code::Unavailable).0),
            };
        }
    }
    let wish =
        Revocation { serial: serial.clone(), reason: reason.clone(), evidence: evidence.clone() };
    let message = AsOfficer { certificate: shown.certificate.clone(), message: wish };
    let answer = passed_on(portal.issuer.revoke(&message).await);
    match portal.recorded_brake("revoke", &shown.person, answer).await {
        Ok(made) => Redirect::to(&format!("/orders/{}", made.order)).into_response(),
        Err(Refused(told)) => {
            let problem = Some(told);
            let typed = Typed { reason, evidence, problem, ..Typed::default() };
            shown_with(&portal, f, (shown.certificate, &shown.person), serial, typed).await
        }
    }
}
