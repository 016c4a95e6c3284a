//! Turns of auditors' questions: each looks at thousands of records, and readers of the database
//! are left to acknowledgements and to what is published. Whoever asks much waits among their own,
//! and whoever is asked for by portals keeps no auditor with a key of their own waiting.

use records::Code;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// Questions that are answered at a time.
const AT_ONCE_MAX: usize = 3;
/// Those of them that portals bring.
const OF_PORTALS_MAX: usize = 2;

/// Whose questions are answered, and whose wait.
pub(super) struct AuditTurns {
    all: Arc<Semaphore>,
    of_portals: Arc<Semaphore>,
    /// The turns of those who have a question, by whoever brings it.
    own: Mutex<HashMap<(String, String), OwnTurn>>,
}

type OwnTurn = Arc<tokio::sync::Mutex<()>>;

/// The turn of a question: among those of the same auditor, among those of portals if one brings
/// it, and among all. Its end is the next one's.
pub(super) struct AuditTurn {
    _all: OwnedSemaphorePermit,
    _of_portals: Option<OwnedSemaphorePermit>,
    _own: OwnedMutexGuard<()>,
}

impl Default for AuditTurns {
    fn default() -> Self {
        let (all, of_portals) = (Semaphore::new(AT_ONCE_MAX), Semaphore::new(OF_PORTALS_MAX));
        Self { all: Arc::new(all), of_portals: Arc::new(of_portals), own: Mutex::default() }
    }
}

impl AuditTurns {
    /// Waits for the turn of an auditor's question; `by` names the portal that brings it, and is
    /// empty for an auditor who asks with a key of their own.
    pub(super) async fn turn(&self, by: &str, person: &str) -> Result<AuditTurn, Code> {
        let over = |_| Code::Unavailable;
        let own = self.own(by, person).lock_owned().await;
        let of_portals = match by.is_empty() {
            true => None,
            false => Some(self.of_portals.clone().acquire_owned().await.map_err(over)?),
        };
        let all = self.all.clone().acquire_owned().await.map_err(over)?;
        Ok(AuditTurn { _all: all, _of_portals: of_portals, _own: own })
    }

    /// The turn of an auditor; those that nobody has or waits for are forgotten.
    fn own(&self, by: &str, person: &str) -> OwnTurn {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.retain(|_, turn| Arc::strong_count(turn) > 1);
        own.entry((by.to_owned(), person.to_owned())).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The turn, if there is one now.
    async fn now(turns: &AuditTurns, by: &str, person: &str) -> Option<AuditTurn> {
        let mut turn = std::pin::pin!(turns.turn(by, person));
        tokio::select! {
            biased;
            turn = &mut turn => turn.ok(),
            () = tokio::task::yield_now() => None,
        }
    }

    /// A captured portal asks in the names of all auditors, and an auditor asks a hundred times at
    /// once: each other auditor is answered, and so are those who wait, once a question ended.
    #[tokio::test]
    async fn whoever_asks_the_log_much_waits_for_themselves() {
        let turns = AuditTurns::default();
        let first = now(&turns, "portal", "1").await.unwrap();
        let _second = now(&turns, "portal", "2").await.unwrap();
        assert!(now(&turns, "portal", "3").await.is_none(), "two of portals");
        let own = now(&turns, "", "1").await.unwrap();
        for _ in 0..100 {
            assert!(now(&turns, "", "1").await.is_none(), "one of an auditor");
        }
        assert!(now(&turns, "", "4").await.is_none(), "three in all");
        drop(own);
        let other = now(&turns, "", "4").await.unwrap();
        drop(first);
        assert!(now(&turns, "portal", "3").await.is_some());
        drop(other);
        let _last = now(&turns, "", "5").await.unwrap();
        let known = turns.own.lock().unwrap().len();
        assert_eq!(known, 2, "who asks nothing is forgotten");
    }
}
