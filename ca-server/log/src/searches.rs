//! Searches that portals make in auditors' names: ten a minute are records of their own, those
//! after them are counted and told together, with the newest. So a captured portal that saw an
//! auditor's certificate makes `control`, which every role replays, grow no faster than that.

use records::Bytes;
use service::Tally;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Searches that are recorded one by one, a minute and auditor.
const TOLD_MAX: u32 = 10;

/// Which process of a portal searched, in whose name.
pub(super) type Who = (String, String);
/// The search in canonical JSON, and how many records were given.
pub(super) type PortalSearch = (Bytes, u64);

/// What was recorded within a minute, and what is counted since.
pub(super) struct Searches {
    counted: Mutex<Tally<Who, PortalSearch>>,
    /// Whether the last record could not be kept: until one can, nothing is only counted.
    fails: AtomicBool,
    began: Instant,
}

impl Default for Searches {
    fn default() -> Self {
        let (counted, fails) = (Mutex::default(), AtomicBool::new(false));
        Self { counted, fails, began: Instant::now() }
    }
}

impl Searches {
    fn counting<T>(&self, now: u64, work: impl FnOnce(&mut Tally<Who, PortalSearch>) -> T) -> T {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.at(now);
        work(&mut counted)
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_secs()
    }

    /// Counts a search; says whether it is to be recorded by itself.
    pub(super) fn is_told_now(&self, who: &Who, made: &PortalSearch) -> bool {
        self.is_told(who, made, self.now())
    }

    /// What became of a record of a search by itself: one that is not durable was not told.
    pub(super) fn ended(&self, who: &Who, is_kept: bool) {
        self.fails.store(!is_kept, Ordering::Relaxed);
        if !is_kept {
            self.counting(self.now(), |counted| counted.not_told(who));
        }
    }

    /// What became of a count: one that is not durable is counted again, with what comes.
    pub(super) fn summed(&self, who: &Who, (count, newest): (u64, PortalSearch), is_kept: bool) {
        self.fails.store(!is_kept, Ordering::Relaxed);
        if !is_kept {
            self.counting(self.now(), |counted| counted.again(who, count, newest));
        }
    }

    /// What was counted in minutes that are over.
    pub(super) fn due(&self) -> Vec<(Who, u64, PortalSearch)> {
        self.counting(self.now(), Tally::due)
    }

    /// What was counted so far.
    pub(super) fn rest(&self) -> Vec<(Who, u64, PortalSearch)> {
        self.counting(self.now(), Tally::rest)
    }

    fn is_told(&self, who: &Who, made: &PortalSearch, now: u64) -> bool {
        let fails = self.fails.load(Ordering::Relaxed);
        self.counting(now, |counted| {
            let is_counted = counted.is_told(who, TOLD_MAX) && !fails;
            match is_counted {
                true => counted.count(who, made.clone()),
                false => counted.told(who.clone()),
            }
            !is_counted
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(number: u64) -> PortalSearch {
        (Bytes(number.to_be_bytes().to_vec()), number)
    }

    #[test]
    fn searches_of_a_portal_are_summed_up() {
        let searches = Searches::default();
        let who = ("portal-1/portal-staff".to_owned(), "P1".to_owned());
        let told = (1..=240).filter(|n| searches.is_told(&who, &made(*n), 0)).count();
        assert_eq!(told, 10);
        let other = ("portal-1/portal-staff".to_owned(), "P2".to_owned());
        assert!(searches.is_told(&other, &made(1), 0), "each auditor by themselves");
        let due = searches.counting(60, Tally::due);
        assert_eq!(due, [(who, 230, made(240))], "with the newest");
    }

    #[test]
    fn nothing_is_only_counted_while_nothing_can_be_recorded() {
        let searches = Searches::default();
        let who = ("portal-1/portal-staff".to_owned(), "P1".to_owned());
        (0..10).for_each(|n| assert!(searches.is_told(&who, &made(n), 0)));
        searches.fails.store(true, Ordering::Relaxed);
        assert!(searches.is_told(&who, &made(11), 0));
        searches.fails.store(false, Ordering::Relaxed);
        assert!(!searches.is_told(&who, &made(12), 0));
    }
}
