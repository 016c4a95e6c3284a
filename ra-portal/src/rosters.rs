//! Rosters that were checked and wait for their handlers' signatures: in memory, one a handler, for
//! minutes. A refused file is never here.

use portal_api::roster::RosterDraft;
use records::Bytes;
use service::Clock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long one waits, in seconds: as long as its draft counts.
const SECONDS: u64 = records::draft::DRAFT_SECONDS;
/// Most that wait; of more the oldest is forgotten, and its file is sent again.
const KEPT_MAX: usize = 16;

/// Files that are checked at once: each takes a core, and memory by its size.
const CHECKS_MAX: usize = 2;
/// How long a file waits for its turn.
const CHECK_WAIT: Duration = Duration::from_secs(20);

/// A roster with the statement that is to be signed.
pub(crate) struct Waiting {
    pub(crate) statement: Bytes,
    pub(crate) draft: RosterDraft,
    since: u64,
}

/// The rosters of a process, by person id.
pub struct Rosters {
    kept: Mutex<HashMap<String, Arc<Waiting>>>,
    checks: Arc<Semaphore>,
}

impl Default for Rosters {
    fn default() -> Self {
        Self { kept: Mutex::default(), checks: Arc::new(Semaphore::new(CHECKS_MAX)) }
    }
}

/// A file's turn to be checked.
pub(crate) struct CheckTurn {
    _place: OwnedSemaphorePermit,
}

impl Rosters {
    /// Waits for a file's turn to be checked; there is none when too many wait before it.
    pub(crate) async fn turn(&self) -> Option<CheckTurn> {
        let turn = tokio::time::timeout(CHECK_WAIT, Arc::clone(&self.checks).acquire_owned());
        Some(CheckTurn { _place: turn.await.ok()?.ok()? })
    }

    /// Keeps a handler's roster; the one before is forgotten.
    pub(crate) fn keep(&self, person: &str, statement: Bytes, draft: RosterDraft) {
        let since = Clock::system().seconds();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, waiting| since.saturating_sub(waiting.since) <= SECONDS);
        if kept.len() >= KEPT_MAX {
            let oldest = kept.iter().min_by_key(|(_, waiting)| waiting.since);
            let oldest = oldest.map(|(person, _)| person.clone());
            oldest.map(|person| kept.remove(&person));
        }
        kept.insert(person.to_owned(), Arc::new(Waiting { statement, draft, since }));
    }

    /// The roster under a statement, if it still waits.
    pub(crate) fn waiting(&self, person: &str, statement: &Bytes) -> Option<Arc<Waiting>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(person).filter(|waiting| waiting.statement == *statement).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many files come at once, two of them are checked.
    #[tokio::test]
    async fn two_files_are_checked_at_once() {
        let rosters = Rosters::default();
        let first = rosters.turn().await.unwrap();
        let _second = rosters.turn().await.unwrap();
        let mut third = std::pin::pin!(rosters.turn());
        tokio::select! {
            biased;
            _ = &mut third => panic!("a third does not wait"),
            () = tokio::task::yield_now() => {}
        }
        drop(first);
        assert!(third.await.is_some());
    }
}
