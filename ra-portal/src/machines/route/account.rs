//! An account: read, given other contacts, or closed for good (RFC 8555 7.3.2, 7.3.6).

use crate::machines::answer::{AcmeRefused, Answer, Resource};
use crate::machines::signed::{ByUnreadAccount, Signed};
use crate::machines::state::{MachinesState, within_a_moment};
use crate::machines::table::account::{self, KeptAccount};
use acme::ProblemKind;
use acme::asked::{self, ChangedAccount};
use acme::directory::AcmeUrls;
use axum::extract::{Path, State};
use jose::FlatJws;
use records::machine::Deactivate;
use serde_json::json;
use std::sync::Arc;

pub(super) async fn change(
    State(state): State<Arc<MachinesState>>,
    Path(id): Path<String>,
    signed: Signed,
) -> Answer<Resource> {
    let signed = match signed {
        Signed::Unread(signed) => return close_unread(&state, &id, signed).await,
        signed => signed.of_account()?,
    };
    let mut kept = signed.account.clone();
    if id != kept.account {
        return Err(ProblemKind::Unauthorized.into());
    }
    if signed.payload.is_empty() {
        return Ok(resource(&kept, &state.urls));
    }
    let asked: ChangedAccount = asked::read(&signed.payload)?;
    if asked.closes() {
        close(&state, &id, signed.jws).await?;
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

/// Has the CA close an account: there it counts, whatever rows say here.
async fn close(state: &MachinesState, id: &str, jws: FlatJws) -> Answer<()> {
    let message = Deactivate { jws, account: id.to_owned() };
    let done = state.issuer.deactivate(&message).await;
    let done = state.recorded_brake("machine-deactivate", done).await;
    // Closed before, by a process that was killed before it kept that.
    let is_over = |refused: &AcmeRefused| refused.0.kind() == ProblemKind::AccountClosed;
    if done.is_ok() || done.as_ref().is_err_and(is_over) {
        state.terms.forget(id);
        within_a_moment(account::close(&state.store, id)).await;
    }
    done.map(|_| ())
}

/// The same where no row here knows the account by its key: whoever asks is a stranger until the CA
/// says otherwise.
async fn close_unread(
    state: &MachinesState,
    id: &str,
    signed: ByUnreadAccount,
) -> Answer<Resource> {
    if id != signed.account {
        return Err(ProblemKind::Unauthorized.into());
    }
    let place = state.strangers.wait_for_end(signed.source).await;
    let _place = place.ok_or(ProblemKind::Unavailable)?;
    close(state, id, signed.jws).await?;
    Ok(told((id, true), &[], &state.urls))
}

/// The resource (7.1.2), with where it is.
pub(super) fn resource(kept: &KeptAccount, urls: &AcmeUrls) -> Resource {
    told((&kept.account, kept.is_closed), &kept.contact, urls)
}

fn told((id, is_closed): (&str, bool), contact: &[String], urls: &AcmeUrls) -> Resource {
    let status = if is_closed { "deactivated" } else { "valid" };
    let told = json!({ "status": status, "contact": contact, "orders": urls.orders(id) });
    Resource::new(told).at(&urls.account(id))
}
