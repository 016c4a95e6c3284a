//! Takes records of a portal: idempotent by record id, durable before the answer.

use super::call::PortalCall;
use crate::state::LogState;
use axum::Json;
use axum::extract::State;
use ca_api::{Append, Appended};
use ca_store::ledger;
use records::Code;
use records::record::{Event, Record};
use service::problem::Refused;
use std::sync::Arc;

const RECORDS_MAX: usize = 256;

/// `POST /v1/records`
pub(super) async fn append(
    State(state): State<Arc<LogState>>,
    call: PortalCall<Append>,
) -> Result<Json<Appended>, Refused> {
    state.answered("append", take(&state, &call.name, &call.message).await)
}

async fn take(state: &LogState, maker: &str, message: &Append) -> Result<Appended, Code> {
    if message.records.len() > RECORDS_MAX {
        return Err(Code::TooLarge);
    }
    let count = message.records.len() as u64;
    let mut read = Vec::with_capacity(message.records.len());
    for salted in &message.records {
        let record = Record::read(&salted.record.0).map_err(|_| Code::Malformed)?;
        let salt = salted.salt.digest().ok_or(Code::Malformed)?;
        let own = record.log == "access"
            && record.maker == maker
            && matches!(record.event, Event::Portal { .. });
        if !own {
            return Err(Code::NotYourRoute);
        }
        read.push((record, salted.record.0.clone(), salt));
    }
    // The writers' turn is everybody's: nothing is parsed in it.
    let mut tx = state.store.write().await.map_err(unavailable)?;
    for (record, bytes, salt) in read {
        ledger::insert(&mut tx, &record, bytes, salt).await.map_err(unavailable)?;
    }
    tx.commit().await.map_err(unavailable)?;
    state.news();
    Ok(Appended { count })
}

fn unavailable(error: store::StoreError) -> Code {
    tracing::error!(%error, "append");
    Code::Unavailable
}
