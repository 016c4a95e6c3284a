//! What the log records of portals by itself: how many of their records it did not keep, and what
//! they searched in auditors' names; each at once, or each minute together.

use crate::searches::{PortalSearch, Who};
use crate::state::LogState;
use ca_store::intake;
use records::Code;
use records::record::Event;
use service::Stop;
use std::sync::Arc;
use std::time::Duration;

/// Whether a count is due is looked at this often.
const LOOK: Duration = Duration::from_secs(1);

/// Records each minute what was counted, until the stop.
pub(super) async fn sum_up(state: Arc<LogState>, stop: Stop) {
    while stop.pause(LOOK).await {
        tell(&state, state.portals.due(), state.searches.due()).await;
    }
    tell(&state, state.portals.rest(), state.searches.rest()).await;
}

async fn tell(state: &LogState, over: Vec<(String, u64)>, searched: Vec<(Who, u64, PortalSearch)>) {
    for (maker, count) in over {
        not_kept(state, &maker, count).await;
    }
    for (who, count, made) in searched {
        let kept = write(state, event(&who, made.clone(), count)).await;
        if let Err(error) = &kept {
            tracing::error!(error = format!("{error:#}"), "searches");
        }
        state.searches.summed(&who, (count, made), kept.is_ok());
    }
}

/// Records that so many records of a process were not kept; what cannot be told now is told later.
pub(super) async fn not_kept(state: &LogState, maker: &str, count: u64) {
    tracing::warn!(maker, count, "a portal tells more than is kept");
    if let Err(error) = refusal(state, maker, count).await {
        tracing::error!(error = format!("{error:#}"), "records that are not kept");
        state.portals.not_told(maker, count);
    }
}

async fn refusal(state: &LogState, maker: &str, count: u64) -> anyhow::Result<()> {
    let event = Event::Refusal {
        code: Code::TooManyTries,
        act: "append".into(),
        about: maker.to_owned(),
        reference: ca_host::random::id()?,
        count,
    };
    write(state, event).await
}

/// Records a search, or counts it with those that are; without that there is no answer.
pub(super) async fn searched(state: &LogState, who: Who, made: PortalSearch) -> anyhow::Result<()> {
    if !state.searches.is_told_now(&who, &made) {
        return Ok(());
    }
    let kept = write(state, event(&who, made, 1)).await;
    state.searches.ended(&who, kept.is_ok());
    kept
}

fn event((by, person): &Who, (search, given): PortalSearch, count: u64) -> Event {
    Event::Searched { by: by.clone(), person: person.clone(), search, given, count }
}

async fn write(state: &LogState, event: Event) -> anyhow::Result<()> {
    let mut tx = state.store.write().await?;
    intake::write(&mut tx, "log", state.time().micros(), event, &[]).await?;
    tx.commit().await?;
    state.news("control");
    Ok(())
}
