//! An order (RFC 8555 7.1.3).

use crate::machines::answer::{Answer, Resource};
use crate::machines::signed::ByAccount;
use crate::machines::state::MachinesState;
use crate::machines::table::authorization::KeptAuthorization;
use crate::machines::table::order::{self, KeptOrder, Stage};
use crate::machines::view;
use acme::ProblemKind;
use axum::extract::{Path, State};
use std::sync::Arc;

pub(super) async fn read(
    State(state): State<Arc<MachinesState>>,
    Path(id): Path<String>,
    signed: ByAccount,
) -> Answer<Resource> {
    signed.reads()?;
    let found = own(&state, &id, &signed.account.account).await?;
    Ok(resource(&state, (&found.0, &found.1)))
}

/// An order of this account; another's is none of its business.
pub(super) async fn own(
    state: &MachinesState,
    id: &str,
    account: &str,
) -> Answer<(KeptOrder, Vec<KeptAuthorization>)> {
    let found = order::by_id(&state.store, id).await?.ok_or(ProblemKind::NotFound)?;
    match found.0.account == account {
        true => Ok(found),
        false => Err(ProblemKind::Unauthorized.into()),
    }
}

/// The resource, with where it is, and when to ask again while it is under way.
pub(super) fn resource(
    state: &MachinesState,
    (order, authorizations): (&KeptOrder, &[KeptAuthorization]),
) -> Resource {
    let told = view::order((order, authorizations), &state.urls, state.clock.seconds());
    let resource = Resource::new(told).at(&state.urls.order(&order.id));
    if order.stage == Stage::Taken { resource.retry_after(1) } else { resource }
}
