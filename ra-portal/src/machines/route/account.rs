//! An account: read, given other contacts, or closed for good (RFC 8555 7.3.2, 7.3.6).

use crate::machines::answer::{AcmeRefused, Answer, Resource};
use crate::machines::signed::ByAccount;
use crate::machines::state::{MachinesState, within_a_moment};
use crate::machines::table::account::{self, KeptAccount};
use acme::ProblemKind;
use acme::asked::{self, ChangedAccount};
use acme::directory::AcmeUrls;
use axum::extract::{Path, State};
use records::machine::Deactivate;
use serde_json::json;
use std::sync::Arc;

pub(super) async fn change(
    State(state): State<Arc<MachinesState>>,
    Path(id): Path<String>,
    signed: ByAccount,
) -> Answer<Resource> {
    let mut kept = signed.account.clone();
    if id != kept.account {
        return Err(ProblemKind::Unauthorized.into());
    }
    if signed.payload.is_empty() {
        return Ok(resource(&kept, &state.urls));
    }
    let asked: ChangedAccount = asked::read(&signed.payload)?;
    if asked.closes() {
        let message = Deactivate { jws: signed.jws, account: id.clone() };
        let done = state.issuer.deactivate(&message).await;
        let done = state.recorded_brake("machine-deactivate", done).await;
        // Closed before, by a process that was killed before it kept that.
        let is_over = |refused: &AcmeRefused| refused.0.kind() == ProblemKind::AccountClosed;
        if done.is_ok() || done.as_ref().is_err_and(is_over) {
            state.terms.forget(&id);
            // It is closed at the CA, whatever this row says.
            within_a_moment(account::close(&state.store, &id)).await;
        }
        done?;
        kept.is_closed = true;
        return Ok(resource(&kept, &state.urls));
    }
    if let Some(contact) = asked.contact {
        asked::check_contacts(&contact)?;
        account::set_contact(&state.store, &id, &contact).await?;
        kept.contact = contact;
    }
    Ok(resource(&kept, &state.urls))
}

/// The resource (7.1.2), with where it is.
pub(super) fn resource(kept: &KeptAccount, urls: &AcmeUrls) -> Resource {
    let status = if kept.is_closed { "deactivated" } else { "valid" };
    let told = json!({
        "status": status,
        "contact": kept.contact,
        "orders": urls.orders(&kept.account),
    });
    Resource::new(told).at(&urls.account(&kept.account))
}
