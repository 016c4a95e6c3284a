//! Waiting for what a running city will show: one loop, always with an end.

use anyhow::ensure;
use std::time::{Duration, Instant};

const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Asks until there is an answer; an error if there is none in time.
pub(crate) async fn until<T>(
    what: &str,
    limit: Duration,
    mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        ensure!(started.elapsed() < limit, "{what}: not within {} s", limit.as_secs());
        tokio::time::sleep(ASK_AGAIN).await;
    }
}
