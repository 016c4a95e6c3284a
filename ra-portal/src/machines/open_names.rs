//! Names of orders that became no certificate yet: a system has so many of them, however many
//! accounts it has, and all systems together, but for a few of each. What an order costs before its
//! request is rows of this portal alone; whoever asks and asks fills neither its disk nor what
//! others have room for.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Names of one system's orders that wait for a request, or became nothing.
pub(crate) const OF_SYSTEM_MAX: u64 = 100_000;
/// The same of all systems.
pub(crate) const OF_ALL_MAX: u64 = 1_000_000;
/// A system has room for so many, however many others have.
pub(crate) const OF_SYSTEM_LEAST: u64 = 2_000;

/// How many there are of each system, as far as this process knows; rows say it again each hour.
#[derive(Default)]
pub(crate) struct OpenNames(Mutex<BTreeMap<String, u64>>);

impl OpenNames {
    /// Takes room for the names of an order of a system; false where there is none.
    pub(crate) fn take(&self, system: &str, names: usize) -> bool {
        let mut held = self.held();
        let names = u64::try_from(names).unwrap_or(u64::MAX);
        let all = held.values().fold(names, |sum, one| sum.saturating_add(*one));
        let own = held.get(system).copied().unwrap_or_default().saturating_add(names);
        let fits = own <= OF_SYSTEM_LEAST || own <= OF_SYSTEM_MAX && all <= OF_ALL_MAX;
        if fits {
            held.insert(system.to_owned(), own);
        }
        fits
    }

    /// Gives the room of an order back, which has its request.
    pub(crate) fn give_back(&self, system: &str, names: usize) {
        let mut held = self.held();
        if let Some(own) = held.get_mut(system) {
            *own = own.saturating_sub(u64::try_from(names).unwrap_or(u64::MAX));
        }
    }

    /// How many there are of all systems, of how many that have room.
    pub(crate) fn filled(&self) -> (u64, u64) {
        (self.held().values().fold(0, |sum, one| sum.saturating_add(*one)), OF_ALL_MAX)
    }

    /// What rows say of all systems.
    pub(crate) fn set(&self, counts: impl IntoIterator<Item = (String, u64)>) {
        *self.held() = counts.into_iter().collect();
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_has_so_many_open_names_and_leaves_others_theirs() {
        let names = OpenNames::default();
        for _ in 0..OF_SYSTEM_MAX / 100 {
            assert!(names.take("a", 100));
        }
        assert!(!names.take("a", 1));
        assert!(names.take("b", 100), "another system");
        names.give_back("a", 100);
        assert!(names.take("a", 100) && !names.take("a", 1));
        // However many others have, a system has room for a few.
        names.set((0..12).map(|one| (format!("full-{one}"), OF_SYSTEM_MAX)));
        assert!(!names.take("full-1", 1));
        assert!(names.filled().0 > OF_ALL_MAX);
        for _ in 0..OF_SYSTEM_LEAST / 100 {
            assert!(names.take("b", 100));
        }
        assert!(!names.take("b", 1));
        names.set([("a".to_owned(), 1)]);
        assert!(names.take("b", 100) && names.take("full-1", 100), "rows say it anew");
    }
}
