//! Keeps authority as it is now and then, from a view and beside the writer, so that a start after
//! a crash replays only what follows. While copies of what the log says wait for their tables it is
//! not kept: a start behind them would never write them.

use crate::issuer::Issuer;
use crate::view::View;
use ca_store::keep::Snapshot;
use service::Stop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Authority is kept again after so many records, which a start replays in about a second.
const SAVE_RECORDS: u64 = 1 << 14;
/// It is kept again after so long, if anything followed.
const SAVE_AFTER: Duration = Duration::from_secs(60);
/// What a round does beside its rows is done by then: no start comes behind a round that it would
/// have to finish.
const SETTLED: Duration = Duration::from_secs(1);

/// Keeps authority until the stop; the writer keeps it once more at its end.
pub(crate) async fn run(
    issuer: Arc<Issuer>,
    snapshot: Snapshot,
    copies_wait: Arc<AtomicBool>,
    stop: Stop,
) {
    let mut moved = issuer.moved();
    // Counted from what is kept, not from the start: each of many short lives brings it on.
    let mut kept = (snapshot.floor().map_or(0, |floor| floor.size), None::<Instant>);
    loop {
        let new = size(&issuer).saturating_sub(kept.0);
        if is_due(new, kept.1.map(|at| at.elapsed()))
            && let Some(view) = issuer.view_now()
        {
            tokio::time::sleep(SETTLED).await;
            if !copies_wait.load(Ordering::Acquire) {
                kept = (view.state().followed.edge.size(), Some(Instant::now()));
                save(view, snapshot.clone()).await;
            }
        }
        tokio::select! {
            () = stop.wait() => return,
            change = moved.changed() => if change.is_err() { return },
        }
    }
}

/// Whether authority is to be kept, behind which so many records are new; it was kept that long ago
/// by this process, if it was. What a process finds new at its start a killed one left: if it too
/// lived for less than [`SAVE_AFTER`], each start would replay what all of them wrote, and one day
/// take longer than any of them lives.
fn is_due(new: u64, since: Option<Duration>) -> bool {
    new >= SAVE_RECORDS || (new > 0 && since.is_none_or(|since| since >= SAVE_AFTER))
}

fn size(issuer: &Issuer) -> u64 {
    issuer.view_now().map_or(0, |view| view.state().followed.edge.size())
}

/// A snapshot that cannot be kept costs time at the next start, and nothing else.
async fn save(view: Arc<View>, snapshot: Snapshot) {
    let saved = tokio::task::spawn_blocking(move || snapshot.save(&view.state().followed)).await;
    match saved {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(error = format!("{error:#}"), "authority is not kept"),
        Err(error) => tracing::warn!(%error, "authority is not kept"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_short_lives_keep_what_they_wrote() {
        assert!(is_due(1, None), "what a killed process left");
        assert!(!is_due(0, None) && !is_due(0, Some(SAVE_AFTER)), "nothing is new");
        let soon = Some(SAVE_AFTER - Duration::from_secs(1));
        assert!(!is_due(1, soon) && is_due(1, Some(SAVE_AFTER)));
        assert!(!is_due(SAVE_RECORDS - 1, soon) && is_due(SAVE_RECORDS, soon));
    }
}
