//! Shreds letters, message codes, join files and files of systems on this host once the tree says
//! that nobody begins anything with them any more. It looks at what is there and what the log says,
//! and remembers nothing: what a crash left, the next look finds.

use crate::issuer::Issuer;
use ca_host::durable;
use ca_store::sheets;
use service::{Stop, fault};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Letters that expire are looked for this often.
const LOOK: Duration = Duration::from_secs(60);
/// What follows on each other is looked at together; what could not be shredded is tried again
/// after this long.
const PAUSE: Duration = Duration::from_secs(1);
/// And after so many times what a look took: where many letters wait, and the log grows all the
/// time, all of them would be looked through each second.
const REST: u32 = 20;

/// Shreds until the stop.
pub(crate) async fn run(issuer: Arc<Issuer>, stop: Stop) {
    let mut moved = issuer.moved();
    let mut looked: Option<(u64, Instant)> = None;
    loop {
        let size = *moved.borrow_and_update();
        let began = Instant::now();
        let is_due = |(seen, at): (u64, Instant)| seen != size || at.elapsed() >= LOOK;
        if looked.is_none_or(is_due) {
            let problem = look(&issuer).await;
            issuer.metrics.condition("letters", problem.as_deref().unwrap_or_default());
            looked = problem.is_none().then(|| (size, Instant::now()));
        }
        let rest = rest(began.elapsed());
        let again = if looked.is_some() { LOOK } else { rest };
        tokio::select! {
            () = stop.wait() => return,
            _ = moved.changed() => {}
            () = tokio::time::sleep(again) => {}
        }
        if !stop.pause(rest).await {
            return;
        }
    }
}

/// The pause behind a look that took so long.
fn rest(took: Duration) -> Duration {
    took.saturating_mul(REST).clamp(PAUSE, LOOK)
}

/// Shreds what is over; gives what could not be done. It names no letter: what it says is read by
/// more people than the files are.
async fn look(issuer: &Issuer) -> Option<String> {
    let view = issuer.view_now()?;
    let (state, now) = (issuer.context.config.path(""), issuer.now());
    let done = tokio::task::spawn_blocking(move || {
        let over = sheets::over(&state, view.authority(), now)?;
        if !over.is_empty() {
            fault::point("letters-before-shred");
        }
        anyhow::Ok(shred_all(&over))
    });
    match done.await {
        Ok(Ok((done, None))) => {
            if done > 0 {
                tracing::info!(files = done, "shredded: letters that are over");
            }
            None
        }
        Ok(Ok((_, Some(error)))) | Ok(Err(error)) => {
            tracing::error!(error = format!("{error:#}"), "letters are not shredded");
            Some("letters that are over could not be shredded; next: ca-server doctor".into())
        }
        Err(error) => Some(error.to_string()),
    }
}

/// How many files are gone, and the last error: one that cannot be shredded keeps no other back.
fn shred_all(over: &[PathBuf]) -> (usize, Option<anyhow::Error>) {
    let named = |path: &Path, error| anyhow::Error::from(error).context(path.display().to_string());
    let (blanked, failed) = durable::blank(over);
    let mut failed = failed.into_iter().next_back().map(|(path, error)| named(&path, error));
    let mut done = 0;
    for one in blanked {
        let path = one.path().to_owned();
        match one.remove() {
            Ok(()) => done += 1,
            Err(error) => failed = Some(named(&path, error)),
        }
        fault::point("letters-after-one");
    }
    (done, failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many letters wait, they are looked through within a minute, and for a twentieth of
    /// the time at most before that.
    #[test]
    fn looks_take_a_small_part_of_the_time() {
        let rests = [0, 50, 51, 1_000, 9_000].map(|took| rest(Duration::from_millis(took)));
        assert_eq!(rests.map(|rest| rest.as_millis()), [1_000, 1_000, 1_020, 20_000, 60_000]);
    }
}
