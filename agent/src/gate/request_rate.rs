//! How many requests a certificate has a minute, new connections counted as well, and those with a
//! long path and query as several. Each of them is a record with all of it and most are two, so
//! that one person who asks without a pause would fill the spool of the gate, and then nobody
//! passes. It asks nobody for the time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Milliseconds of a minute: what is left is counted in as many parts of a request.
const MINUTE: u64 = 60_000;
/// A path and query counts as one more for each of so many bytes.
const TARGET_BYTES_OF_ONE: usize = 512;
/// From so many certificates on those are forgotten that have all of theirs again.
const FORGETS_FROM: usize = 4_096;

/// What each certificate has left, by its SHA-256.
pub(super) struct RequestRates {
    left: Mutex<Left>,
    began: Instant,
}

struct Left {
    of: HashMap<[u8; 32], Spent>,
    /// How many are known when it is looked for those that can be forgotten.
    forgets_at: usize,
}

/// How many parts of requests there were, and in which millisecond.
#[derive(Clone, Copy)]
struct Spent {
    parts: u64,
    at: u64,
}

impl Spent {
    /// How many there are now.
    fn now(self, a_minute: u64, now: u64) -> u64 {
        let came = now.saturating_sub(self.at).saturating_mul(a_minute);
        self.parts.saturating_add(came).min(a_minute.saturating_mul(MINUTE))
    }
}

impl Default for RequestRates {
    fn default() -> Self {
        let left = Left { of: HashMap::new(), forgets_at: FORGETS_FROM };
        Self { left: Mutex::new(left), began: Instant::now() }
    }
}

impl RequestRates {
    /// Takes a request of a certificate, unless it had as many as it has a minute. One that counts
    /// as more than those of a whole minute counts as these.
    pub(super) fn takes(&self, whose: [u8; 32], target_bytes: usize, a_minute: u32) -> bool {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let a_minute = u64::from(a_minute);
        self.takes_at(whose, (counts_as(target_bytes).min(a_minute.max(1)), a_minute), now)
    }

    fn takes_at(&self, whose: [u8; 32], (count, a_minute): (u64, u64), now: u64) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let all = a_minute.saturating_mul(MINUTE);
        if left.of.len() >= left.forgets_at && !left.of.contains_key(&whose) {
            left.of.retain(|_, spent| spent.now(a_minute, now) < all);
            // Looked for again only once as many came as stay.
            left.forgets_at = FORGETS_FROM.max(left.of.len().saturating_mul(2));
        }
        let spent = left.of.entry(whose).or_insert(Spent { parts: all, at: now });
        let there = spent.now(a_minute, now);
        let rest = there.checked_sub(count.saturating_mul(MINUTE));
        *spent = Spent { parts: rest.unwrap_or(there), at: now.max(spent.at) };
        rest.is_some()
    }
}

/// As how many requests one counts.
fn counts_as(target_bytes: usize) -> u64 {
    1 + (target_bytes / TARGET_BYTES_OF_ONE) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const A_MINUTE: u64 = 60_000;

    /// Somebody asks ten times as often as they may for three minutes; somebody else has all of
    /// theirs.
    #[test]
    fn one_certificate_asks_so_often_and_keeps_nobody_out() {
        let rates = RequestRates::default();
        let mut passed = 0;
        for now in 0..3 * MINUTE {
            let asked = (0..10).filter(|_| rates.takes_at([1; 32], (1, A_MINUTE), now));
            passed += asked.count() as u64;
        }
        assert!((4 * A_MINUTE - 10..=4 * A_MINUTE).contains(&passed), "{passed}");
        assert!((0..A_MINUTE).all(|_| rates.takes_at([2; 32], (1, A_MINUTE), 3 * MINUTE)));
        assert!(!rates.takes_at([2; 32], (1, A_MINUTE), 3 * MINUTE));
        assert!(rates.takes_at([2; 32], (1, A_MINUTE), 3 * MINUTE + 1));
        assert!(!rates.takes_at([3; 32], (1, 0), 0), "none at all");
    }

    /// Whoever asks for long paths fills no more of a spool than whoever asks for short ones.
    #[test]
    fn long_targets_count_as_several() {
        for target_bytes in [0, 511, 512, 8 * 1024, 16 * 1024] {
            let rates = RequestRates::default();
            let count = counts_as(target_bytes);
            let all =
                (0..2 * A_MINUTE).take_while(|_| rates.takes_at([1; 32], (count, A_MINUTE), 0));
            let bytes = all.count() * target_bytes;
            assert!(bytes <= 512 * 60_000, "{target_bytes}: {bytes}");
        }
        let rates = RequestRates::default();
        assert!(rates.takes([1; 32], 16 * 1024, 2), "one that is longer than a minute's passes");
        assert!(!rates.takes([1; 32], 0, 2));
    }

    /// Whoever asks nothing is forgotten.
    #[test]
    fn who_has_all_of_theirs_again_is_forgotten() {
        let rates = RequestRates::default();
        let person = |number: usize| {
            let mut person = [0; 32];
            person[..8].copy_from_slice(&number.to_be_bytes());
            person
        };
        for number in 0..10 * FORGETS_FROM {
            // A request a second, each of another certificate: each has its one back by then.
            let now = number as u64 * 1_000;
            assert!(rates.takes_at(person(number), (1, A_MINUTE), now));
        }
        assert!(rates.left.lock().unwrap().of.len() <= FORGETS_FROM + 1);
    }
}
