//! A challenge: read, or said to be answered (RFC 8555 7.5.1). It is looked at at once, and what is
//! found within a moment is the answer, written once; of what takes longer the client hears that it
//! is under way, and that is a row before it hears so.

use super::authorization::own;
use crate::machines::answer::{Answer, Resource};
use crate::machines::jobs::{HELD_SECONDS, begin_look};
use crate::machines::signed::{ByAccount, Unspent, UnspentRequest};
use crate::machines::state::MachinesState;
use crate::machines::table::authorization::KeptAuthorization;
use crate::machines::table::change::MachineChange;
use crate::machines::view;
use acme::ProblemKind;
use acme::asked;
use acme::authorization::AuthorizationStatus;
use acme::challenge::{ChallengeKind, ChallengeStatus};
use axum::extract::{Path, State};
use std::sync::Arc;
use std::time::Duration;

/// What is found by then is told at once: a host that is there answers in a part of it, and none
/// keeps a client waiting for longer.
const MOMENT: Duration = Duration::from_millis(300);

pub(super) async fn answer(
    State(state): State<Arc<MachinesState>>,
    Path((id, kind)): Path<(String, String)>,
    signed: UnspentRequest,
) -> Answer<Resource> {
    let (signed, nonce) = signed.open();
    match chosen(&state, (&id, &kind), &signed).await {
        Ok((kept, kind, true)) => {
            let system = signed.account.system;
            let kept = heard(&state, nonce, (kept, kind, system)).await?;
            Ok(resource(&state, &kept, kind))
        }
        Ok((kept, kind, false)) => {
            nonce.spend(&state).await?;
            Ok(resource(&state, &kept, kind))
        }
        Err(refused) => {
            nonce.spend(&state).await?;
            Err(refused)
        }
    }
}

/// The authorization as this request chooses a challenge of it, and whether that is to be looked
/// at.
async fn chosen(
    state: &MachinesState,
    (id, kind): (&str, &str),
    signed: &ByAccount,
) -> Answer<(KeptAuthorization, ChallengeKind, bool)> {
    let mut kept = own(state, id, &signed.account.account).await?;
    let kind = ChallengeKind::by_name(kind).ok_or(ProblemKind::NotFound)?;
    if kept.is_preauthorized || !ChallengeKind::offered(&kept.identifier).contains(&kind) {
        return Err(ProblemKind::NotFound.into());
    }
    let waits = kept.status(state.clock.seconds()) == AuthorizationStatus::Pending
        && kept.challenge == ChallengeStatus::Pending;
    if !signed.payload.is_empty() {
        asked::read_empty(&signed.payload)?;
    }
    let is_chosen = waits && !signed.payload.is_empty();
    if is_chosen && !state.looks.has_room(&signed.account.system) {
        return Err(ProblemKind::RateLimited.into());
    }
    if is_chosen {
        kept.kind = Some(kind);
        kept.thumbprint = signed.account.key.thumbprint();
    }
    Ok((kept, kind, is_chosen))
}

/// Has it looked at, and waits for what is found, for a moment.
async fn heard(
    state: &Arc<MachinesState>,
    nonce: Unspent,
    (kept, kind, system): (KeptAuthorization, ChallengeKind, String),
) -> Answer<KeptAuthorization> {
    let (id, thumbprint) = (kept.id.clone(), kept.thumbprint.clone());
    let account = kept.account.clone();
    let mut looking = begin_look(state, (kept, system));
    let found = match tokio::time::timeout(MOMENT, &mut looking).await {
        Ok(found) => found.ok(),
        Err(_) => {
            // What comes from now on is written by whoever looks; what came just now is here.
            looking.close();
            looking.try_recv().ok()
        }
    };
    let due = state.clock.seconds() + HELD_SECONDS;
    let under_way = MachineChange::Chosen { id: id.clone(), kind, thumbprint, due };
    nonce.spend_with(state, found.unwrap_or(under_way)).await?;
    own(state, &id, &account).await
}

/// The challenge, with its authorization, and when to ask again while it is under way.
fn resource(state: &MachinesState, kept: &KeptAuthorization, kind: ChallengeKind) -> Resource {
    let told = view::challenge(kept, kind, &state.urls);
    let resource = Resource::new(told).linked(&state.urls.authorization(&kept.id), "up");
    let is_under_way = kept.challenge_of(kind) == ChallengeStatus::Processing;
    if is_under_way { resource.retry_after(1) } else { resource }
}
