//! `POST /orders/batch`: everything of one kind that waits for this officer becomes one batch, and
//! the browser is led to it.

use super::certificate::{self, ReaderCertificate};
use crate::pages::{Frame, Posted};
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::{AsOfficer, Batching, Page};
use records::order::BATCH_ROWS_MAX;
use records::{Bytes, Code};
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

/// Pages of the list that are read for one batch: what waits behind them is for the next.
const LISTS_MAX: usize = 10;

/// What the list sends.
#[derive(Deserialize)]
pub(super) struct Form {
    kind: String,
    action: String,
}

/// `POST /orders/batch`
pub(super) async fn batch(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    Posted(form): Posted<Form>,
) -> Response {
    match made(&portal, &shown, &form).await {
        Ok(order) => Redirect::to(&format!("/orders/{order}")).into_response(),
        Err(Refused(told)) => certificate::refused_page(&f, &portal, &told, "/"),
    }
}

async fn made(
    portal: &PortalState,
    shown: &StaffCertificate,
    form: &Form,
) -> Result<String, Refused> {
    let answer = waiting(portal, shown, form).await;
    // Orders to revoke may be among them, and the CA has recorded who read.
    let rows = portal.recorded_brake("list", &shown.person, answer).await?;
    if rows.len() < 2 {
        return Err(refused(Code::OrderConsumed));
    }
    let message = AsOfficer { certificate: shown.certificate.clone(), message: Batching { rows } };
    let answer = passed_on(portal.issuer.batch(&message).await);
    Ok(portal.recorded_brake("batch", &shown.person, answer).await?.order)
}

/// Digests of what waits of one kind, oldest first, as many as a few pages have and a batch takes.
async fn waiting(
    portal: &PortalState,
    shown: &StaffCertificate,
    form: &Form,
) -> Result<Vec<Bytes>, Refused> {
    let (mut rows, mut after) = (Vec::new(), String::new());
    for _ in 0..LISTS_MAX {
        let (certificate, page) = (shown.certificate.clone(), Page { after });
        let message = AsOfficer { certificate, message: page };
        let page = passed_on(portal.issuer.list(&message).await)?;
        let wanted = page.lines.iter().filter(|line| {
            !line.given && (line.kind.as_str(), &line.action) == (&form.kind, &form.action)
        });
        rows.extend(wanted.map(|line| line.digest.clone()));
        if page.more.is_empty() || rows.len() >= BATCH_ROWS_MAX {
            break;
        }
        after = page.more;
    }
    rows.truncate(BATCH_ROWS_MAX);
    Ok(rows)
}
