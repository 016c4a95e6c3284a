//! Every request under way, for whoever looks after all of them. Each core enters and leaves its
//! own without a wait for others: they stand in parts, one after another.

use std::array::from_fn;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many parts there are.
const PARTS: usize = 16;

/// What is under way, by its number.
type Part<T> = HashMap<u64, Arc<T>>;

/// All that is under way.
pub(crate) struct Live<T> {
    parts: [Mutex<Part<T>>; PARTS],
    next: AtomicU64,
}

impl<T> Default for Live<T> {
    fn default() -> Self {
        Self { parts: from_fn(|_| Mutex::default()), next: AtomicU64::new(0) }
    }
}

impl<T> Live<T> {
    /// Enters one; gives the number to leave with.
    pub(super) fn enter(&self, one: Arc<T>) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some(mut part) = self.part(number) {
            part.insert(number, one);
        }
        number
    }

    pub(super) fn leave(&self, number: u64) {
        let left = self.part(number).and_then(|mut part| part.remove(&number));
        // Whatever ends with it ends outside of the lock.
        drop(left);
    }

    pub(super) fn all(&self) -> Vec<Arc<T>> {
        let mut all = Vec::new();
        for part in &self.parts {
            all.extend(lock(part).values().cloned());
        }
        all
    }

    fn part(&self, number: u64) -> Option<MutexGuard<'_, Part<T>>> {
        let place = usize::try_from(number % PARTS as u64).ok()?;
        self.parts.get(place).map(lock)
    }
}

fn lock<T>(part: &Mutex<Part<T>>) -> MutexGuard<'_, Part<T>> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Whatever entered and did not leave is seen, once.
    #[test]
    fn what_is_under_way_is_seen_until_it_leaves() {
        let live = Live::default();
        let numbers: Vec<u64> = (0..100).map(|one| live.enter(Arc::new(one))).collect();
        let seen = || live.all().iter().map(|one| **one).collect::<BTreeSet<usize>>();
        assert_eq!((seen().len(), live.all().len()), (100, 100));
        for number in numbers.iter().take(60) {
            live.leave(*number);
            live.leave(*number);
        }
        assert_eq!(seen(), (60..100).collect());
        assert!(live.parts.iter().all(|part| lock(part).len() <= 3), "they are spread");
        assert_ne!(live.enter(Arc::new(7)), numbers[0], "a number is given once");
    }
}
