//! How much of what each gate hands in is taken. An honest gate has as much as people do there; one
//! that was captured signs whatever it likes, and would fill the disk on which every other gate's
//! records stand as well. What is not taken waits with its gate, which says no once its spool is
//! full.

use records::Code;
use service::Metrics;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Bytes of one gate at once: the spools of sixteen gates that were cut off from the log.
const AT_ONCE_BYTES: u64 = 64 << 30;
/// Bytes of one gate a second for ever: some 1,000 records, so 500 requests, day and night.
const A_SECOND_BYTES: u64 = 1 << 20;
/// What is told of gates beyond it.
const BEYOND: &str = "these gates hand in more than is taken of one; their records wait with them:";

/// What each gate may still hand in; in memory alone.
pub(super) struct HandedIn {
    gates: Mutex<Gates>,
    began: Instant,
}

#[derive(Default)]
struct Gates {
    left: BTreeMap<String, BytesLeft>,
    beyond: BTreeSet<String>,
}

/// How many bytes may come now, and in which second that was so.
#[derive(Clone, Copy)]
struct BytesLeft {
    bytes: u64,
    at: u64,
}

/// A piece that may be taken. Nothing was used up unless it is: what does not stand in the log
/// comes again.
pub(super) struct AdmittedPiece<'a> {
    handed_in: &'a HandedIn,
    agent: String,
    bytes: u64,
    is_taken: bool,
}

impl AdmittedPiece<'_> {
    /// It stands in the log.
    pub(super) fn was_taken(mut self) {
        self.is_taken = true;
    }
}

impl Drop for AdmittedPiece<'_> {
    fn drop(&mut self) {
        if self.is_taken {
            return;
        }
        let mut gates = self.handed_in.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = gates.left.get_mut(&self.agent) {
            left.bytes = left.bytes.saturating_add(self.bytes).min(AT_ONCE_BYTES);
        }
    }
}

impl Default for HandedIn {
    fn default() -> Self {
        Self { gates: Mutex::default(), began: Instant::now() }
    }
}

impl HandedIn {
    /// Admits a piece of a gate, unless it handed in too much; which gates did is told.
    pub(super) fn admit(
        &self,
        agent: &str,
        bytes: usize,
        metrics: &Metrics,
    ) -> Result<AdmittedPiece<'_>, Code> {
        let admitted = self.admit_at(agent, bytes as u64, self.began.elapsed().as_secs());
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = match admitted.is_none() {
            true => gates.beyond.insert(agent.to_owned()),
            false => gates.beyond.remove(agent),
        };
        if is_new {
            metrics.notice("gates", &told(&gates.beyond));
        }
        drop(gates);
        admitted.ok_or(Code::TooManyTries)
    }

    fn admit_at(&self, agent: &str, bytes: u64, now: u64) -> Option<AdmittedPiece<'_>> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let full = BytesLeft { bytes: AT_ONCE_BYTES, at: now };
        let left = gates.left.entry(agent.to_owned()).or_insert(full);
        let came = now.saturating_sub(left.at).saturating_mul(A_SECOND_BYTES);
        let there = left.bytes.saturating_add(came).min(AT_ONCE_BYTES);
        let rest = there.checked_sub(bytes);
        *left = BytesLeft { bytes: rest.unwrap_or(there), at: now.max(left.at) };
        rest?;
        Some(AdmittedPiece { handed_in: self, agent: agent.to_owned(), bytes, is_taken: false })
    }
}

fn told(beyond: &BTreeSet<String>) -> String {
    let agents: Vec<&str> = beyond.iter().map(String::as_str).collect();
    if agents.is_empty() { String::new() } else { format!("{BEYOND} {}", agents.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: u64 = 1 << 20;
    const HOUR: u64 = 3_600;

    /// A captured gate hands in the largest pieces without a pause, for a day.
    #[test]
    fn a_captured_gate_fills_no_disk() {
        let handed_in = HandedIn::default();
        let mut taken = 0;
        for second in 0..24 * HOUR {
            // More than a disk takes.
            for _ in 0..100 {
                let Some(piece) = handed_in.admit_at("captured", PIECE, second) else { break };
                piece.was_taken();
                taken += PIECE;
            }
        }
        let most = AT_ONCE_BYTES + 24 * HOUR * A_SECOND_BYTES;
        assert!(taken <= most && taken > most - 100 * PIECE, "{taken}");
        let other = handed_in.admit_at("other", PIECE, 24 * HOUR);
        assert!(other.is_some(), "no gate takes the places of another");
    }

    /// What is not taken in comes again, and was not counted.
    #[test]
    fn what_did_not_stand_uses_nothing_up() {
        let handed_in = HandedIn::default();
        for _ in 0..2 * AT_ONCE_BYTES / PIECE {
            assert!(handed_in.admit_at("gate", PIECE, 7).is_some());
        }
    }

    /// A gate that is beyond is told by name, and no longer than it is.
    #[test]
    fn a_gate_that_hands_in_too_much_is_told() {
        let (handed_in, metrics) = (HandedIn::default(), Metrics::default());
        for _ in 0..2 {
            let far = usize::try_from(AT_ONCE_BYTES).unwrap() + 1;
            let refused = handed_in.admit("gate-1", far, &metrics).err();
            assert_eq!(refused, Some(Code::TooManyTries));
            assert_eq!(metrics.told(), [format!("gates: {BEYOND} gate-1")]);
        }
        assert!(metrics.readiness().is_ready, "the log goes on for all others");
        handed_in.admit("gate-1", 1, &metrics).unwrap().was_taken();
        assert!(metrics.told().is_empty());
    }
}
