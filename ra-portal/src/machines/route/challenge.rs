//! A challenge: read, or said to be answered (RFC 8555 7.5.1). That it is to be looked at is a row
//! before anybody looks.

use super::authorization::own;
use crate::machines::answer::{Answer, Resource};
use crate::machines::jobs::{HELD_SECONDS, begin_look};
use crate::machines::signed::ByAccount;
use crate::machines::state::MachinesState;
use crate::machines::table::authorization;
use crate::machines::view;
use acme::ProblemKind;
use acme::asked;
use acme::authorization::AuthorizationStatus;
use acme::challenge::{ChallengeKind, ChallengeStatus};
use axum::extract::{Path, State};
use std::sync::Arc;

pub(super) async fn answer(
    State(state): State<Arc<MachinesState>>,
    Path((id, kind)): Path<(String, String)>,
    signed: ByAccount,
) -> Answer<Resource> {
    let mut kept = own(&state, &id, &signed.account.account).await?;
    let kind = ChallengeKind::by_name(&kind).ok_or(ProblemKind::NotFound)?;
    if kept.is_preauthorized || !ChallengeKind::offered(&kept.identifier).contains(&kind) {
        return Err(ProblemKind::NotFound.into());
    }
    let now = state.clock.seconds();
    let waits = kept.status(now) == AuthorizationStatus::Pending
        && kept.challenge == ChallengeStatus::Pending;
    if !signed.payload.is_empty() {
        asked::read_empty(&signed.payload)?;
        let thumbprint = signed.account.key.thumbprint();
        let chosen = (kind, thumbprint.as_str());
        let due = now + HELD_SECONDS;
        if waits && !state.looks.has_room(&signed.account.system) {
            return Err(ProblemKind::RateLimited.into());
        }
        if waits && authorization::choose(&state.store, &id, chosen, due).await? {
            (kept.kind, kept.challenge) = (Some(kind), ChallengeStatus::Processing);
            begin_look(&state, (id.clone(), signed.account.system.clone()));
        }
    }
    let told = view::challenge(&kept, kind, &state.urls);
    let resource = Resource::new(told).linked(&state.urls.authorization(&id), "up");
    let is_under_way = kept.challenge_of(kind) == ChallengeStatus::Processing;
    Ok(if is_under_way { resource.retry_after(1) } else { resource })
}
