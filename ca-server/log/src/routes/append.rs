//! Takes records of a portal: idempotent by record id, durable before the answer. What one says,
//! and how much of it is kept, has bounds here: a captured portal keeps none of its own.

use super::call::PortalCall;
use crate::state::LogState;
use crate::summary;
use axum::Json;
use axum::extract::State;
use ca_api::{Append, AppendAnswer};
use ca_store::intake;
use records::{Code, portal};
use service::problem::Refused;
use std::sync::Arc;

const RECORDS_MAX: usize = 256;

/// Answers `POST /v1/records`.
pub(super) async fn append(
    State(state): State<Arc<LogState>>,
    call: PortalCall<Append>,
) -> Result<Json<AppendAnswer>, Refused> {
    state.answered("append", take(&state, &call.name, &call.message).await)
}

async fn take(state: &LogState, maker: &str, message: &Append) -> Result<AppendAnswer, Code> {
    if message.records.len() > RECORDS_MAX {
        return Err(Code::TooLarge);
    }
    let count = message.records.len();
    let mut read = Vec::with_capacity(count);
    // The sequencer finds them read.
    let known = state.follower.known();
    for salted in &message.records {
        let record = known.read(&salted.record.0).map_err(|_| Code::Malformed)?;
        let salt = salted.salt.digest().ok_or(Code::Malformed)?;
        if !portal::is_of(&record, maker) {
            return Err(Code::NotYourRoute);
        }
        if !portal::is_sound(&record.event) {
            return Err(Code::Malformed);
        }
        read.push((record, salted.record.0.clone(), salt));
    }
    let mut tx = state.store.read().await.map_err(unavailable)?;
    if !intake::has_room(&mut tx, "access").await.map_err(unavailable)? {
        // The portal keeps them until the log goes on, and refuses what it cannot keep.
        return Err(Code::LogBehind);
    }
    drop(tx);
    let admitted = state.portals.admit(maker, count);
    read.truncate(admitted.kept());
    // The writers' turn is everybody's: nothing is parsed in it.
    let mut tx = state.store.write().await.map_err(unavailable)?;
    intake::insert_all(&mut tx, read).await.map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    if admitted.were_kept() {
        summary::not_kept(state, maker, 1).await;
    }
    state.news("access");
    Ok(AppendAnswer { count: count as u64 })
}

fn unavailable(error: store::StoreError) -> Code {
    tracing::error!(%error, "append");
    Code::Unavailable
}
