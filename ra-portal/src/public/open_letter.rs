//! `POST /letter`: opens a letter, if the CA knows its look-up key.

use super::letter::{LetterPage, OpenLetter, may_be_tried_again, status_of};
use crate::pages::{Frame, Posted, page, problem};
use crate::refusal::{passed_on, refused};
use crate::state::PortalState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use records::Code;
use records::enrolment::LetterLookUp;
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct Form {
    reference: String,
    key: String,
}

/// `POST /letter`
pub(super) async fn open(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Posted(form): Posted<Form>,
) -> Response {
    let opened = match look_up(&portal, &form).await {
        Ok(letter) => letter,
        Err(Refused(told)) if may_be_tried_again(&told) => {
            let code = status_of(&told);
            let again = LetterPage::new(&portal, f, "open").again(form.reference, told);
            return page(code, &again);
        }
        Err(Refused(told)) => return problem::page(&f, &told, "/letter"),
    };
    let mut response = Redirect::to("/enrolment").into_response();
    opened.keep(&mut response);
    response
}

async fn look_up(portal: &PortalState, form: &Form) -> Result<OpenLetter, Refused> {
    let letter = OpenLetter::read(&form.reference, &form.key).map_err(refused)?;
    let message = LetterLookUp { reference: letter.reference.clone(), key: letter.key.clone() };
    let answer = passed_on(portal.issuer.look_up(&message).await);
    let record = portal.recorded("look-up", "", answer).await?;
    // Letters of officers belong into the command line: a page could be a captured portal's.
    if record.label == "page" { Ok(letter) } else { Err(refused(Code::LabelNotAllowed)) }
}
