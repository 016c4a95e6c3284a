//! Turns of gates whose runs are verified. An honest gate hands in one piece after the other; one
//! that was captured sends as many at once as it has connections for, and none of them has to be
//! sound to cost as much as a piece that is. So one gate has half of the processors at most, and
//! what more it sends waits behind its own.

use records::Code;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of each gate.
pub(super) struct Verifying {
    gates: Mutex<HashMap<String, Arc<Semaphore>>>,
    of_gate: usize,
}

impl Default for Verifying {
    fn default() -> Self {
        Self::on(std::thread::available_parallelism().map_or(1, usize::from))
    }
}

impl Verifying {
    fn on(processors: usize) -> Self {
        Self { gates: Mutex::default(), of_gate: (processors / 2).max(1) }
    }

    /// The next turn of a gate; whoever has it keeps it until its piece is verified, whether
    /// anybody waits for the answer or not.
    pub(super) async fn turn(&self, agent: &str) -> Result<OwnedSemaphorePermit, Code> {
        let own = {
            let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
            let own = gates.entry(agent.to_owned());
            own.or_insert_with(|| Arc::new(Semaphore::new(self.of_gate))).clone()
        };
        own.acquire_owned().await.map_err(|_| Code::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What has its turn now.
    async fn now(verifying: &Verifying, agent: &str) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            turn = verifying.turn(agent) => turn.ok(),
            () = tokio::task::yield_now() => None,
        }
    }

    /// However much a captured gate sends at once, the pieces of others are verified beside them.
    #[tokio::test]
    async fn a_captured_gate_leaves_processors_to_others() {
        let verifying = Verifying::on(8);
        let mut held = Vec::new();
        for _ in 0..64 {
            held.extend(now(&verifying, "captured").await);
        }
        assert_eq!(held.len(), 4);
        assert!(now(&verifying, "gate-1").await.is_some());
        held.pop();
        assert!(now(&verifying, "captured").await.is_some(), "a turn is given back");
        assert!(now(&Verifying::on(1), "gate-1").await.is_some(), "one has one");
    }
}
