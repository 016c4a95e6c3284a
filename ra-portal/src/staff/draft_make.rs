//! `POST /drafts/make`: carries a draft for which a handler's passkey answered, and leads to the
//! handler's own drafts. The CA checks all of it.

use super::certificate::ReaderCertificate;
use super::touch::Touch;
use super::{draft_check, draft_form};
use crate::pages::{Frame, Posted};
use crate::refusal::{passed_on, refused};
use crate::state::PortalState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::AsOfficer;
use records::draft::{Draft, Drafting};
use records::drafted::DraftContent;
use records::{Bytes, Code};
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

/// What the page's script sends.
#[derive(Deserialize)]
pub(super) struct Form {
    statement: String,
    disclosures: String,
    /// Seal of a national number's digest, or empty.
    #[serde(default)]
    number_seal: String,
    #[serde(flatten)]
    touch: Touch,
    /// What was typed, which stands there again if it is refused.
    #[serde(flatten)]
    typed: draft_form::Form,
}

/// `POST /drafts/make`
pub(super) async fn make(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    Posted(form): Posted<Form>,
) -> Response {
    let typed = form.typed.clone();
    let told = match drafting(&shown.certificate, form) {
        Some(message) => {
            let drafted = message.draft.read().and_then(|said| DraftContent::of(&said)).ok();
            let message = AsOfficer { certificate: shown.certificate, message };
            let answer = passed_on(portal.issuer.draft(&message).await);
            portal.recorded_draft(("draft", &shown.person), drafted.as_ref(), answer).await
        }
        None => Err(refused(Code::Malformed)),
    };
    match told {
        Ok(_) => Redirect::to("/drafts").into_response(),
        Err(Refused(told)) => draft_check::kept_at(&f, (&typed, true), &typed.back(), &told),
    }
}

fn drafting(certificate: &Bytes, form: Form) -> Option<Drafting> {
    let statement = Bytes::read(&form.statement)?;
    let draft = Draft::by_passkey(statement, certificate.clone(), form.touch.read()?);
    let disclosures = serde_json::from_str(&form.disclosures).ok()?;
    let number_seal = match form.number_seal.as_str() {
        "" => None,
        seal => Some(Bytes::read(seal)?),
    };
    Some(Drafting { draft, disclosures, number_seal })
}
