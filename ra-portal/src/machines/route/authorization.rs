//! An authorization: read, or given up (RFC 8555 7.5, 7.5.2).

use crate::machines::answer::{Answer, Resource};
use crate::machines::signed::ByAccount;
use crate::machines::state::MachinesState;
use crate::machines::table::authorization::{self, KeptAuthorization};
use crate::machines::view;
use acme::asked::{self, ChangedAuthorization};
use acme::authorization::AuthorizationStatus;
use acme::challenge::ChallengeStatus;
use acme::{AcmeProblem, ProblemKind};
use axum::extract::{Path, State};
use std::sync::Arc;

pub(super) async fn change(
    State(state): State<Arc<MachinesState>>,
    Path(id): Path<String>,
    signed: ByAccount,
) -> Answer<Resource> {
    let mut kept = own(&state, &id, &signed.account.account).await?;
    let now = state.clock.seconds();
    if !signed.payload.is_empty() {
        let asked: ChangedAuthorization = asked::read(&signed.payload)?;
        let status = kept.status(now);
        let can = matches!(status, AuthorizationStatus::Pending | AuthorizationStatus::Valid);
        if asked.status != "deactivated" || !can {
            let (zh, en) = ("只能放弃有效的授权", "only what is open or valid can be deactivated");
            return Err(AcmeProblem::about(ProblemKind::Malformed, zh, en).into());
        }
        authorization::give_up(&state.store, &id).await?;
        kept.is_deactivated = true;
    }
    let resource = Resource::new(view::authorization(&kept, &state.urls, now));
    let is_under_way = kept.challenge == ChallengeStatus::Processing;
    Ok(if is_under_way { resource.retry_after(1) } else { resource })
}

/// An authorization of this account.
pub(super) async fn own(
    state: &MachinesState,
    id: &str,
    account: &str,
) -> Answer<KeptAuthorization> {
    let found = authorization::by_id(&state.store, id).await?.ok_or(ProblemKind::NotFound)?;
    match found.account == account {
        true => Ok(found),
        false => Err(ProblemKind::Unauthorized.into()),
    }
}
