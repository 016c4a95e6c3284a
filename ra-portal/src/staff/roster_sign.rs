//! `POST /people/roster/sign`: carries a roster for which a handler's passkey answered, and leads
//! to the batches that came of it. The CA checks all of it. Where it is refused, what was checked
//! is kept: `POST /people/roster/again` shows it under a new statement, and no file is sent again.

use super::certificate::{self, ReaderCertificate, own_fault};
use super::touch::Touch;
use super::{changes, roster};
use crate::pages::{Frame, Posted, page, problem, words};
use crate::refusal::{passed_on, refused};
use crate::rosters::{ManySort, Waiting};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::AsOfficer;
use records::draft::Draft;
use records::order::BATCH_ROWS_MAX;
use records::{Bytes, Code, Problem};
use serde::Deserialize;
use service::problem::{Refused, status};
use std::sync::Arc;

words! {
    UnmadeWords {
        back "← 返回人员" "← Back to people";
        title "未能起草" "It was not drafted";
        lead "核对过的内容仍在，可以再次签署，无需重新上传；其实已经提交的，不会重复起草。如果原因在某一行，请改好后重新上传。" "What was checked is still here: you can sign it again without sending it again. What was handed in all the same is not drafted twice. If one of its rows is the reason, mend that and send it again.";
        drafts "我的办件" "My drafts";
        again "重新核对和签署" "Check it and sign it again";
    }
}

#[derive(Template)]
#[template(path = "staff/roster-unmade.html")]
struct UnmadePage<'a> {
    f: &'a Frame,
    w: &'static UnmadeWords,
    problem: &'a Problem,
    /// That under which it waits.
    statement: &'a str,
}

/// What the page's script sends.
#[derive(Deserialize)]
pub(super) struct Form {
    statement: String,
    #[serde(flatten)]
    touch: Touch,
}

/// `POST /people/roster/sign`
pub(super) async fn sign(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    Posted(form): Posted<Form>,
) -> Response {
    let statement = form.statement.clone();
    match made(&portal, &shown, form).await {
        Ok(batches) => Redirect::to(&where_they_are(&batches)).into_response(),
        Err(Refused(told)) => unmade(&portal, &f, &shown, (&statement, &told)),
    }
}

/// What the page of a refusal sends.
#[derive(Deserialize)]
pub(super) struct AgainForm {
    statement: String,
}

/// `POST /people/roster/again`
pub(super) async fn again(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    Posted(AgainForm { statement }): Posted<AgainForm>,
) -> Response {
    let Some(waiting) = waiting(&portal, &shown, &statement) else {
        return problem::page(&f, &refused(Code::ChallengeUsed).0, "/people");
    };
    let checked = Arc::clone(&waiting.checked);
    let told = match checked.sort {
        ManySort::People => {
            let filled = roster::to_sign(&portal, &f, &shown, checked).await;
            filled.map(|filled| page(StatusCode::OK, &filled))
        }
        ManySort::Changes(kind) => {
            let filled = changes::to_sign(&portal, &f, &shown, (kind, checked)).await;
            filled.map(|filled| page(StatusCode::OK, &filled))
        }
    };
    match told {
        Ok(shown_again) => shown_again,
        Err(Refused(told)) => unmade(&portal, &f, &shown, (&statement, &told)),
    }
}

/// What waits for this person's signature under a statement, as a page sends that.
fn waiting(
    portal: &PortalState,
    shown: &StaffCertificate,
    statement: &str,
) -> Option<Arc<Waiting>> {
    portal.rosters.waiting(&shown.person, &Bytes::read(statement)?)
}

/// Why it was refused, and how it is signed again while it waits; nobody goes on whose certificate
/// or role is the reason.
fn unmade(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    (statement, told): (&str, &Problem),
) -> Response {
    if told.known().is_some_and(own_fault) {
        return certificate::not_seen(f, portal, told);
    }
    match waiting(portal, shown, statement) {
        Some(_) => {
            let code = told.known().map_or(StatusCode::SERVICE_UNAVAILABLE, status);
            page(code, &unmade_page(f, statement, told))
        }
        None => problem::page(f, told, "/people"),
    }
}

fn unmade_page<'a>(f: &'a Frame, statement: &'a str, problem: &'a Problem) -> UnmadePage<'a> {
    UnmadePage { f, w: UnmadeWords::of(f.language), problem, statement }
}

/// The page of the batch, or of all drafts where a roster made several.
fn where_they_are(batches: &[String]) -> String {
    match batches {
        [batch] => format!("/batches/{batch}"),
        _ => "/drafts".into(),
    }
}

/// Hands in what was signed, a roster or changes of many, and gives the batches that came of it.
async fn made(
    portal: &PortalState,
    shown: &StaffCertificate,
    form: Form,
) -> Result<Vec<String>, Refused> {
    let malformed = || refused(Code::Malformed);
    let statement = Bytes::read(&form.statement).ok_or_else(malformed)?;
    // Another roster came since, or none is known here: the file is sent again.
    let waiting = portal.rosters.waiting(&shown.person, &statement);
    let waiting = waiting.ok_or_else(|| refused(Code::ChallengeUsed))?;
    let touch = form.touch.read().ok_or_else(malformed)?;
    let draft = Draft::by_passkey(statement, shown.certificate.clone(), touch);
    let mut batches = Vec::new();
    for message in waiting.checked.draft.messages(&draft, BATCH_ROWS_MAX) {
        let takes_away = message.takes_away();
        let message = AsOfficer { certificate: shown.certificate.clone(), message };
        let answer = passed_on(portal.issuer.draft_many(&message).await);
        let made = match takes_away {
            true => portal.recorded_brake("draft-many", &shown.person, answer).await?,
            false => portal.recorded("draft-many", &shown.person, answer).await?,
        };
        batches.push(made.batch);
    }
    Ok(batches)
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let f = Frame::sample(language, "/people/roster");
    let problem = Problem::new(Code::Unavailable, "5GPJWBSG64S36D1N".into());
    vec![("roster-unmade", unmade_page(&f, "AQEB", &problem).render().unwrap())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_batches_lead_to_all_drafts() {
        let [one, two] = ["5GPJWBSG64S36D1N", "5GPJWBSG64S36D1P"].map(str::to_owned);
        assert_eq!(where_they_are(std::slice::from_ref(&one)), "/batches/5GPJWBSG64S36D1N");
        assert_eq!(where_they_are(&[one, two]), "/drafts");
    }
}
