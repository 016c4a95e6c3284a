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
    let mut kept = (size(&issuer), Instant::now());
    loop {
        tokio::select! {
            () = stop.wait() => return,
            change = moved.changed() => if change.is_err() { return },
        }
        let new = size(&issuer).saturating_sub(kept.0);
        if new < SAVE_RECORDS && (new == 0 || kept.1.elapsed() < SAVE_AFTER) {
            continue;
        }
        let Some(view) = issuer.view_now() else { continue };
        tokio::time::sleep(SETTLED).await;
        if copies_wait.load(Ordering::Acquire) {
            continue;
        }
        kept = (view.state().followed.edge.size(), Instant::now());
        save(view, snapshot.clone()).await;
    }
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
