//! Rosters that were checked and wait for their handlers' signatures: in memory, one a handler, for
//! minutes. A refused file is never here.

use portal_api::changes::{ChangeKind, statement_kind};
use portal_api::roster::RosterDraft;
use records::Bytes;
use service::Clock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// How long one waits, in seconds: as long as its draft counts.
const SECONDS: u64 = records::draft::DRAFT_SECONDS;
/// Most that wait; of more the oldest is forgotten, and its file is sent again. What only takes
/// away gives way to nothing else.
const KEPT_MAX: usize = 16;

/// Files that are checked at once: each takes a core, and memory by its size. One more is checked
/// of what only takes away.
const CHECKS_MAX: usize = 2;
/// How long a file waits for its turn.
const CHECK_WAIT: Duration = Duration::from_secs(20);

/// What a table of many is about.
#[derive(Clone, Copy)]
pub(crate) enum ManySort {
    People,
    Changes(ChangeKind),
}

impl ManySort {
    fn takes_away(self) -> bool {
        matches!(self, Self::Changes(ChangeKind::Leave | ChangeKind::Revoke))
    }

    /// What its statement is of.
    pub(crate) fn statement_kind(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Changes(kind) => statement_kind(kind),
        }
    }
}

/// What stands beside a row of it on the page where it is signed, and is not signed.
pub(crate) struct BesideRow {
    pub(crate) number: usize,
    /// A national number as far as its owner is known by it, never whole; or nothing.
    pub(crate) identity: String,
    pub(crate) known: String,
    /// Fields that nobody typed.
    pub(crate) unsaid: Vec<&'static str>,
}

/// A table whose rows are right: all that its page is made of, so that it is signed again where a
/// signature was refused.
pub(crate) struct CheckedMany {
    pub(crate) sort: ManySort,
    pub(crate) draft: RosterDraft,
    /// One for each row.
    pub(crate) beside: Vec<BesideRow>,
}

/// A roster with the statement that is to be signed.
pub(crate) struct Waiting {
    pub(crate) statement: Bytes,
    pub(crate) checked: Arc<CheckedMany>,
    since: u64,
}

impl Waiting {
    fn takes_away(&self) -> bool {
        self.checked.sort.takes_away()
    }
}

/// The rosters of a process, by person id.
pub struct Rosters {
    kept: Mutex<HashMap<String, Arc<Waiting>>>,
    checks: Arc<Semaphore>,
    of_brakes: Arc<Semaphore>,
    /// The turns of those who have files that are checked or wait for it.
    own: Mutex<HashMap<String, OwnTurn>>,
}

/// One file of a person is checked, or waits with those of others.
type OwnTurn = Arc<tokio::sync::Mutex<()>>;

impl Default for Rosters {
    fn default() -> Self {
        let (checks, of_brakes) = (Semaphore::new(CHECKS_MAX), Semaphore::new(1));
        Self {
            kept: Mutex::default(),
            checks: Arc::new(checks),
            of_brakes: Arc::new(of_brakes),
            own: Mutex::default(),
        }
    }
}

/// A file's turn to be checked: a place, and before that among those of the same person.
pub(crate) struct CheckTurn {
    _place: OwnedSemaphorePermit,
    _own: OwnedMutexGuard<()>,
}

impl Rosters {
    /// Waits for the turn of a person's file to be checked; there is none when too many wait before
    /// it. Whoever sends many waits among their own, and what only takes away has one place more.
    pub(crate) async fn turn(&self, person: &str, takes_away: bool) -> Option<CheckTurn> {
        let turn = async {
            let own = self.own(person).lock_owned().await;
            let place = Arc::clone(&self.checks).acquire_owned();
            let place = match takes_away {
                false => place.await,
                true => tokio::select! {
                    place = place => place,
                    place = Arc::clone(&self.of_brakes).acquire_owned() => place,
                },
            };
            Some(CheckTurn { _place: place.ok()?, _own: own })
        };
        tokio::time::timeout(CHECK_WAIT, turn).await.ok()?
    }

    /// The turn of a person; those that nobody has or waits for are forgotten.
    fn own(&self, person: &str) -> OwnTurn {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(own.entry(person.to_owned()).or_default())
    }

    /// Keeps a handler's roster under its statement; the one before is forgotten. Says whether
    /// there is room for it.
    pub(crate) fn keep(&self, person: &str, statement: Bytes, checked: Arc<CheckedMany>) -> bool {
        let takes_away = checked.sort.takes_away();
        let since = Clock::system().seconds();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, waiting| since.saturating_sub(waiting.since) <= SECONDS);
        kept.remove(person);
        if kept.len() >= KEPT_MAX {
            let others = kept.iter().filter(|(_, waiting)| takes_away || !waiting.takes_away());
            let oldest = others.min_by_key(|(_, waiting)| (waiting.takes_away(), waiting.since));
            let Some(oldest) = oldest.map(|(person, _)| person.clone()) else { return false };
            kept.remove(&oldest);
        }
        let waiting = Waiting { statement, checked, since };
        kept.insert(person.to_owned(), Arc::new(waiting));
        true
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

    fn checked(takes_away: bool) -> Arc<CheckedMany> {
        let draft = RosterDraft::over(vec![(serde_json::json!({ "n": 1 }), Vec::new())]).unwrap();
        let sort = match takes_away {
            true => ManySort::Changes(ChangeKind::Leave),
            false => ManySort::People,
        };
        Arc::new(CheckedMany { sort, draft, beside: Vec::new() })
    }

    /// What was checked is kept again under another statement for whoever sent it, and for nobody
    /// else; what was to be signed before is not signed any more.
    #[test]
    fn what_was_checked_is_kept_under_another_statement() {
        let rosters = Rosters::default();
        let (first, second) = (Bytes::from([1; 32]), Bytes::from([2; 32]));
        assert!(rosters.keep("handler", first.clone(), checked(false)));
        assert!(rosters.waiting("neighbour", &first).is_none());
        let waiting = rosters.waiting("handler", &first).unwrap();
        assert!(rosters.keep("handler", second.clone(), Arc::clone(&waiting.checked)));
        assert!(rosters.waiting("handler", &first).is_none());
        let again = rosters.waiting("handler", &second).unwrap();
        assert!(Arc::ptr_eq(&again.checked, &waiting.checked));
    }

    /// However many files come at once, two of them are checked, and one more that only takes away.
    #[tokio::test]
    async fn two_files_are_checked_at_once() {
        let rosters = Rosters::default();
        let first = rosters.turn("1", false).await.unwrap();
        let _second = rosters.turn("2", false).await.unwrap();
        let mut third = std::pin::pin!(rosters.turn("3", false));
        tokio::select! {
            biased;
            _ = &mut third => panic!("a third does not wait"),
            () = tokio::task::yield_now() => {}
        }
        let _brake = rosters.turn("4", true).await.unwrap();
        drop(first);
        assert!(third.await.is_some());
    }

    /// However many rosters others have checked, one that only takes away waits for its signature;
    /// of too many of them the oldest is forgotten for another one alone.
    #[test]
    fn a_roster_that_only_takes_away_gives_way_to_no_other() {
        let rosters = Rosters::default();
        let keep = |person: &str, takes_away| {
            rosters.keep(person, Bytes::from([1; 32]), checked(takes_away))
        };
        assert!(keep("leavers", true));
        for number in 0..2 * KEPT_MAX {
            assert!(keep(&format!("people {number}"), false));
        }
        assert!(rosters.waiting("leavers", &Bytes::from([1; 32])).is_some());
        for number in 0..KEPT_MAX {
            assert!(keep(&format!("leavers {number}"), true));
        }
        assert!(!keep("people", false), "all that wait take away");
        assert!(keep("leavers 1", true), "the same handler's next one");
        assert_eq!(rosters.kept.lock().unwrap().len(), KEPT_MAX);
    }

    /// Whoever sends many files has one of them checked, and the others keep no place from others.
    #[tokio::test]
    async fn who_sends_many_files_waits_among_their_own() {
        let rosters = Rosters::default();
        let first = rosters.turn("many", false).await.unwrap();
        let mut again = std::pin::pin!(rosters.turn("many", true));
        tokio::select! {
            biased;
            _ = &mut again => panic!("two of one person are checked at once"),
            () = tokio::task::yield_now() => {}
        }
        let other = rosters.turn("other", false).await.unwrap();
        drop(first);
        assert!(again.await.is_some());
        drop(other);
        let _last = rosters.turn("other", false).await.unwrap();
        assert_eq!(rosters.own.lock().unwrap().len(), 1, "nobody is remembered without a file");
    }
}
