//! Looks at each answer of this host for what owners are told of it, and keeps that every few
//! seconds.

use crate::machines::state::MachinesState;
use crate::machines::told::ToldRefusal;
use crate::machines::troubles::{Asker, by_subject};
use crate::notes;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;

/// How often what came is kept.
const KEEP: Duration = Duration::from_secs(5);

/// Looks who asked, and what they were told.
pub(crate) async fn watched(
    State(state): State<Arc<MachinesState>>,
    mut request: Request,
    next: Next,
) -> Response {
    let (asker, act) = (Asker::default(), act_of(request.uri().path()));
    request.extensions_mut().insert(asker.clone());
    let response = next.run(request).await;
    if let Some(who) = asker.known() {
        let told = response.extensions().get::<ToldRefusal>();
        state.troubles.count(who.clone(), act, told, state.clock.seconds());
    }
    response
}

/// What an address is for, one of few names.
fn act_of(path: &str) -> &'static str {
    const ACTS: [&str; 8] = [
        "new-account",
        "new-order",
        "finalize",
        "challenge",
        "revoke-certificate",
        "key-change",
        "simpleenroll",
        "simplereenroll",
    ];
    let mut parts = path.split('/').rev();
    parts.find_map(|part| ACTS.into_iter().find(|act| *act == part)).unwrap_or("other")
}

/// Keeps every few seconds what came, until the stop and once then.
pub(crate) async fn run(state: Arc<MachinesState>) {
    loop {
        let goes_on = state.stop.pause(KEEP).await;
        if let Err(error) = keep(&state).await {
            tracing::error!(%error, "what clients were refused is not kept");
        }
        if !goes_on {
            return;
        }
    }
}

async fn keep(state: &MachinesState) -> Result<(), StoreError> {
    let counted = state.troubles.take();
    if counted.is_empty() {
        return Ok(());
    }
    let systems = notes::systems_of(&state.store, counted.accounts()).await?;
    notes::keep(&state.store, &by_subject(counted, &systems)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_named_by_what_it_is_for() {
        assert_eq!(act_of("/acme/order/0011/finalize"), "finalize");
        assert_eq!(act_of("/acme/challenge/0011/http-01"), "challenge");
        assert_eq!(act_of("/.well-known/est/server/simplereenroll"), "simplereenroll");
        assert_eq!(act_of("/acme/whatever"), "other");
    }
}
