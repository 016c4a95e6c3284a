//! `/suspend`: where what came of a letter is suspended. The status service signs the receipt; the
//! same letter again is answered with the same suspension.

use super::confirm::{ConfirmPage, Taken};
use super::letter::{LetterPage, OpenLetter, is_for_now, may_be_tried_again, status_of};
use crate::pages::suspended::SuspendedFacts;
use crate::pages::{Frame, Posted, page, problem};
use crate::refusal::{passed_on, refused};
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use records::suspension::SuspendByLetter;
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

/// What the page sends; `key` is the HMAC under the suspension key.
#[derive(Deserialize)]
pub(super) struct Form {
    reference: String,
    key: String,
    /// Not empty once whoever asks has read what it suspends.
    #[serde(default)]
    confirmed: String,
}

#[derive(Template)]
#[template(path = "public/suspended.html")]
struct SuspendedPage {
    f: Frame,
    s: SuspendedFacts,
}

/// `GET /suspend`
pub(super) async fn show(State(portal): State<Arc<PortalState>>, f: Frame) -> Response {
    page(StatusCode::OK, &LetterPage::new(&portal, f, "suspend"))
}

/// `POST /suspend`
pub(super) async fn suspend(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Posted(form): Posted<Form>,
) -> Response {
    let signed = match OpenLetter::read(&form.reference, &form.key) {
        Ok(letter) if form.confirmed.is_empty() => {
            return page(StatusCode::OK, &ConfirmPage::new(f, Taken::BySuspension, &letter));
        }
        Ok(letter) => {
            let message = SuspendByLetter { reference: letter.reference, value: letter.key };
            let answer = passed_on(portal.status.suspend_by_letter(&message).await);
            portal.recorded_brake("suspend", "", answer).await
        }
        Err(code) => Err(refused(code)),
    };
    let public = portal.public_address();
    let read = |signed| SuspendedFacts::read(f.language, &signed, public).map_err(refused);
    let facts = signed.and_then(read);
    match facts {
        Ok(s) => page(StatusCode::OK, &SuspendedPage { f, s }),
        Err(Refused(told)) => match OpenLetter::read(&form.reference, &form.key) {
            Ok(letter) if is_for_now(&told) => {
                let code = status_of(&told);
                page(code, &ConfirmPage::new(f, Taken::BySuspension, &letter).again(told))
            }
            _ if may_be_tried_again(&told) => {
                let code = status_of(&told);
                page(code, &LetterPage::new(&portal, f, "suspend").again(form.reference, told))
            }
            _ => problem::page(&f, &told, "/suspend"),
        },
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let f = Frame::sample(language, "/suspend");
    let suspended =
        SuspendedPage { f, s: SuspendedFacts::sample(language, "letter:5GPJWBSG64S36D1N") };
    vec![
        ("suspend", LetterPage::sample(language, "suspend").render().unwrap()),
        ("suspended", suspended.render().unwrap()),
    ]
}
