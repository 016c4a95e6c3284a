//! Turns of messages whose secrets are hashed: one after the other, and beside them those of what
//! may end something. However many messages ask for however many rounds, all else that this process
//! does goes on. Among those that wait each system has one: who knows the id of a secret, and not
//! the secret, keeps no other system waiting.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Systems that nobody asks for are forgotten once more than so many are known.
const SYSTEMS_MAX: usize = 1_024;

static LANES: LazyLock<[HashingLane; 2]> = LazyLock::new(Default::default);

/// Those who wait for one kind of turn.
struct HashingLane {
    all: Arc<Semaphore>,
    systems: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Default for HashingLane {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(1)), systems: Mutex::default() }
    }
}

/// The turn of one message; its end is the next one's.
pub(super) struct HashingTurn {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
}

/// Waits for the turn of a message that names the secret of a system.
pub(super) async fn turn(system: &str, over_brake: bool) -> Option<HashingTurn> {
    let [others, ends] = &*LANES;
    if over_brake { ends } else { others }.turn(system).await
}

impl HashingLane {
    async fn turn(&self, system: &str) -> Option<HashingTurn> {
        let own = self.of(system).acquire_owned().await.ok()?;
        let all = self.all.clone().acquire_owned().await.ok()?;
        Some(HashingTurn { _all: all, _own: own })
    }

    fn of(&self, system: &str) -> Arc<Semaphore> {
        let mut systems = self.systems.lock().unwrap_or_else(PoisonError::into_inner);
        if systems.len() >= SYSTEMS_MAX {
            systems.retain(|_, own| Arc::strong_count(own) > 1);
        }
        let own = systems.entry(system.to_owned());
        own.or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;

    type Waiting<'a> = Pin<Box<dyn Future<Output = Option<HashingTurn>> + 'a>>;

    /// What has its turn now.
    async fn now(waiting: &mut Waiting<'_>) -> Option<HashingTurn> {
        tokio::select! {
            biased;
            turn = waiting => turn,
            () = tokio::task::yield_now() => None,
        }
    }

    /// Who knows the id of a secret has it hashed without having it, and keeps nobody else from
    /// anything but that, and no other system from more than one turn.
    #[tokio::test]
    async fn secrets_are_hashed_one_after_the_other() {
        let (others, ends) = (HashingLane::default(), HashingLane::default());
        let mut crowd: Vec<Waiting<'_>> =
            (0..200).map(|_| -> Waiting<'_> { Box::pin(others.turn("site")) }).collect();
        let mut held = Vec::new();
        for one in &mut crowd {
            held.extend(now(one).await);
        }
        assert_eq!(held.len(), 1);
        assert!(ends.turn("site").await.is_some(), "what may end something has its own");
        let mut other: Waiting<'_> = Box::pin(others.turn("inner"));
        assert!(now(&mut other).await.is_none(), "one at a time");
        let mut next = crowd.remove(1);
        held.clear();
        assert!(now(&mut next).await.is_none(), "behind whoever waited");
        let turn = now(&mut other).await;
        assert!(turn.is_some() && now(&mut next).await.is_none());
        drop(turn);
        assert!(now(&mut next).await.is_some());
    }

    /// Whoever is asked for no more is forgotten.
    #[tokio::test]
    async fn so_many_systems_are_known() {
        let lane = HashingLane::default();
        for system in 0..3 * SYSTEMS_MAX {
            assert!(lane.turn(&format!("system-{system}")).await.is_some());
        }
        assert!(lane.systems.lock().unwrap().len() <= SYSTEMS_MAX);
    }
}
