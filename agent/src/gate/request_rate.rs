//! How many requests a certificate has a minute, new connections counted as well, and those with a
//! long path and query as several. Each of them is a record with all of it and most are two, so
//! that one person who asks without a pause would fill the spool of the gate, and then nobody
//! passes. It asks nobody for the time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Milliseconds of a minute: what is left is counted in as many parts of a request.
const MINUTE: u64 = 60_000;
/// A path and query counts as one more for each of so many bytes.
const TARGET_BYTES_OF_ONE: usize = 512;
/// From so many certificates on those are forgotten that have all of theirs again.
const FORGETS_FROM: usize = 4_096;

/// What each certificate has left, by its SHA-256.
pub(super) struct RequestRates {
    known: Mutex<KnownRates>,
    began: Instant,
}

struct KnownRates {
    of: HashMap<[u8; 32], Arc<Mutex<Spent>>>,
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
        let known = KnownRates { of: HashMap::new(), forgets_at: FORGETS_FROM };
        Self { known: Mutex::new(known), began: Instant::now() }
    }
}

impl RequestRates {
    /// What one certificate has left of so many a minute, for all who ask with it.
    pub(super) fn of(&self, whose: [u8; 32], a_minute: u32) -> RateOfOne {
        let now = milliseconds_since(self.began);
        RateOfOne { spent: self.of_at(whose, u64::from(a_minute), now), began: self.began }
    }

    fn of_at(&self, whose: [u8; 32], a_minute: u64, now: u64) -> Arc<Mutex<Spent>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let all = a_minute.saturating_mul(MINUTE);
        if known.of.len() >= known.forgets_at && !known.of.contains_key(&whose) {
            known.of.retain(|_, spent| {
                Arc::strong_count(spent) > 1 || lock(spent).now(a_minute, now) < all
            });
            // Looked for again only once as many came as stay.
            known.forgets_at = FORGETS_FROM.max(known.of.len().saturating_mul(2));
        }
        let new = || Arc::new(Mutex::new(Spent { parts: all, at: now }));
        known.of.entry(whose).or_insert_with(new).clone()
    }
}

/// What one certificate has left; who holds it asks without a look at others.
pub(super) struct RateOfOne {
    spent: Arc<Mutex<Spent>>,
    began: Instant,
}

impl RateOfOne {
    /// Takes a request, unless there were as many as may be a minute. One that counts as more than
    /// those of a whole minute counts as these.
    pub(super) fn takes(&self, target_bytes: usize, a_minute: u32) -> bool {
        let (now, a_minute) = (milliseconds_since(self.began), u64::from(a_minute));
        let count = counts_as(target_bytes).min(a_minute.max(1));
        takes_at(&self.spent, (count, a_minute), now)
    }
}

fn takes_at(spent: &Mutex<Spent>, (count, a_minute): (u64, u64), now: u64) -> bool {
    let mut spent = lock(spent);
    let there = spent.now(a_minute, now);
    let rest = there.checked_sub(count.saturating_mul(MINUTE));
    *spent = Spent { parts: rest.unwrap_or(there), at: now.max(spent.at) };
    rest.is_some()
}

fn lock(spent: &Mutex<Spent>) -> MutexGuard<'_, Spent> {
    spent.lock().unwrap_or_else(PoisonError::into_inner)
}

fn milliseconds_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// As how many requests one counts.
fn counts_as(target_bytes: usize) -> u64 {
    1 + (target_bytes / TARGET_BYTES_OF_ONE) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const A_MINUTE: u64 = 60_000;

    fn takes(rates: &RequestRates, whose: [u8; 32], of: (u64, u64), now: u64) -> bool {
        takes_at(&rates.of_at(whose, of.1, now), of, now)
    }

    /// Somebody asks ten times as often as they may for three minutes; somebody else has all of
    /// theirs.
    #[test]
    fn one_certificate_asks_so_often_and_keeps_nobody_out() {
        let rates = RequestRates::default();
        let mut passed = 0;
        for now in 0..3 * MINUTE {
            let asked = (0..10).filter(|_| takes(&rates, [1; 32], (1, A_MINUTE), now));
            passed += asked.count() as u64;
        }
        assert!((4 * A_MINUTE - 10..=4 * A_MINUTE).contains(&passed), "{passed}");
        assert!((0..A_MINUTE).all(|_| takes(&rates, [2; 32], (1, A_MINUTE), 3 * MINUTE)));
        assert!(!takes(&rates, [2; 32], (1, A_MINUTE), 3 * MINUTE));
        assert!(takes(&rates, [2; 32], (1, A_MINUTE), 3 * MINUTE + 1));
        assert!(!takes(&rates, [3; 32], (1, 0), 0), "none at all");
    }

    /// Whoever asks for long paths fills no more of a spool than whoever asks for short ones.
    #[test]
    fn long_targets_count_as_several() {
        for target_bytes in [0, 511, 512, 8 * 1024, 16 * 1024] {
            let rates = RequestRates::default();
            let count = counts_as(target_bytes);
            let all =
                (0..2 * A_MINUTE).take_while(|_| takes(&rates, [1; 32], (count, A_MINUTE), 0));
            let bytes = all.count() * target_bytes;
            assert!(bytes <= 512 * 60_000, "{target_bytes}: {bytes}");
        }
        let rates = RequestRates::default();
        let one = rates.of([1; 32], 2);
        assert!(one.takes(16 * 1024, 2), "one that is longer than a minute's passes");
        assert!(!one.takes(0, 2) && !rates.of([1; 32], 2).takes(0, 2), "whoever asks");
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
            assert!(takes(&rates, person(number), (1, A_MINUTE), now));
        }
        let known = |whose| rates.known.lock().unwrap().of.contains_key(&whose);
        assert!(rates.known.lock().unwrap().of.len() <= FORGETS_FROM + 1);
        assert!(!known(person(0)));
        // Whoever is here is not.
        let here = rates.of_at([9; 32], A_MINUTE, 0);
        for number in 0..10 * FORGETS_FROM {
            rates.of_at(person(number), A_MINUTE, 60 * 60 * MINUTE);
        }
        assert!(known([9; 32]));
        drop(here);
    }
}
