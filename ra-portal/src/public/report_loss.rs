//! `POST /lost`: asks once more, then carries a loss report to the status service. Its receipt is
//! signed there; a portal that swallows the report has none to show.

use super::confirm::{ConfirmPage, Taken};
use super::letter::{LetterPage, OpenLetter, is_for_now, may_be_tried_again, status_of};
use super::receipt::Reported;
use crate::pages::{Frame, Posted, page, problem};
use crate::state::PortalState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use records::Code;
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

/// What the page sends; `key` is the HMAC under the loss key.
#[derive(Deserialize)]
pub(super) struct Form {
    reference: String,
    key: String,
    /// Not empty once whoever reports has read what it revokes.
    #[serde(default)]
    confirmed: String,
}

/// `POST /lost`
pub(super) async fn report(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Posted(form): Posted<Form>,
) -> Response {
    if form.confirmed.is_empty()
        && let Ok(letter) = OpenLetter::read(&form.reference, &form.key)
    {
        return page(StatusCode::OK, &ConfirmPage::new(f, Taken::ByLoss, &letter));
    }
    let reported = match Reported::read(&form.reference, &form.key) {
        Some(reported) => reported.report(&portal).await.map(|_| reported),
        None => Err(crate::refusal::refused(Code::WrongCode)),
    };
    match reported {
        Ok(reported) => {
            let mut response = Redirect::to("/lost/receipt").into_response();
            reported.keep(&mut response);
            response
        }
        Err(Refused(told)) => match OpenLetter::read(&form.reference, &form.key) {
            Ok(letter) if is_for_now(&told) => {
                let code = status_of(&told);
                page(code, &ConfirmPage::new(f, Taken::ByLoss, &letter).again(told))
            }
            _ if may_be_tried_again(&told) => {
                let code = status_of(&told);
                page(code, &LetterPage::new(&portal, f, "loss").again(form.reference, told))
            }
            _ => problem::page(&f, &told, "/lost"),
        },
    }
}
