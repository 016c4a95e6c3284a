//! `POST /people/roster/sign`: carries a roster for which a handler's passkey answered, and leads
//! to the batches that came of it. The CA checks all of it.

use super::certificate::ReaderCertificate;
use super::touch::Touch;
use crate::pages::{Frame, Posted, problem};
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::AsOfficer;
use records::draft::Draft;
use records::order::BATCH_ROWS_MAX;
use records::{Bytes, Code};
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

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
    match made(&portal, &shown, form).await {
        Ok(batches) => Redirect::to(&where_they_are(&batches)).into_response(),
        Err(Refused(told)) => problem::page(&f, &told, "/people"),
    }
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
    // Too late, or another roster came since: the file is sent again.
    let waiting = portal.rosters.waiting(&shown.person, &statement);
    let waiting = waiting.ok_or_else(|| refused(Code::ChallengeUsed))?;
    let touch = form.touch.read().ok_or_else(malformed)?;
    let draft = Draft::by_passkey(statement, shown.certificate.clone(), touch);
    let mut batches = Vec::new();
    for message in waiting.draft.messages(&draft, BATCH_ROWS_MAX) {
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
mod tests {
    use super::*;

    #[test]
    fn several_batches_lead_to_all_drafts() {
        let [one, two] = ["5GPJWBSG64S36D1N", "5GPJWBSG64S36D1P"].map(str::to_owned);
        assert_eq!(where_they_are(std::slice::from_ref(&one)), "/batches/5GPJWBSG64S36D1N");
        assert_eq!(where_they_are(&[one, two]), "/drafts");
    }
}
