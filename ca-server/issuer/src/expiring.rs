//! What is remembered for a while. Whenever something is added, what is over by then is forgotten,
//! oldest first: each thing is looked at once for it, however many there are. A value; a copy of it
//! costs nothing.

use imbl::{OrdMap, OrdSet};

/// Things that are over from a second on.
#[derive(Clone)]
pub(crate) struct Expiring<K, V> {
    kept: OrdMap<K, (u64, V)>,
    ends: OrdSet<(u64, K)>,
}

impl<K: Ord + Clone, V: Clone> Expiring<K, V> {
    /// A store in which nothing is over yet.
    pub(crate) fn new() -> Self {
        Self { kept: OrdMap::new(), ends: OrdSet::new() }
    }

    /// What is remembered, with the second from which it is over.
    pub(crate) fn get(&self, key: &K) -> Option<&(u64, V)> {
        self.kept.get(key)
    }

    /// Remembers something until then, in place of what was remembered of it; what is over by `now`
    /// is forgotten.
    pub(crate) fn keep(&mut self, key: K, value: V, (now, until): (u64, u64)) {
        while let Some((ends, oldest)) = self.ends.get_min().filter(|(ends, _)| *ends <= now) {
            let (ends, oldest) = (*ends, oldest.clone());
            self.kept.remove(&oldest);
            self.ends.remove(&(ends, oldest));
        }
        if let Some((ends, _)) = self.kept.insert(key.clone(), (until, value)) {
            self.ends.remove(&(ends, key.clone()));
        }
        self.ends.insert((until, key));
    }

    /// Forgets what would be over first, until no more than so many are remembered.
    pub(crate) fn keep_at_most(&mut self, most: usize) {
        while self.kept.len() > most {
            let Some((ends, oldest)) = self.ends.get_min().cloned() else { return };
            self.kept.remove(&oldest);
            self.ends.remove(&(ends, oldest));
        }
    }
}

/// How much each did of what costs for ever, within an hour or a day that begins with the first.
/// Its time is one that no clock moves.
#[derive(Clone)]
pub(crate) struct Rates {
    now: u64,
    done: Expiring<String, u32>,
}

/// How long is counted.
pub(crate) const HOUR: u64 = 3_600;
pub(crate) const DAY: u64 = 24 * HOUR;

impl Rates {
    /// Nobody did anything yet.
    pub(crate) fn begin() -> Self {
        Self { now: 0, done: Expiring::new() }
    }

    /// Moves on to a time, in seconds of anything that never goes back.
    pub(crate) fn at(&mut self, now: u64) {
        self.now = self.now.max(now);
    }

    /// Counts so many more; false, and nothing is counted, for who would have done more than may be
    /// within so many seconds.
    pub(crate) fn count(&mut self, who: &str, (most, seconds): (u32, u64), by: u32) -> bool {
        let who = who.to_owned();
        let (until, count) = self.begun(&who).unwrap_or((self.now + seconds, 0));
        let count = count.saturating_add(by);
        if count > most {
            return false;
        }
        self.done.keep(who, count, (self.now, until));
        true
    }

    /// How much somebody did within their time.
    pub(crate) fn counted(&self, who: &str) -> u32 {
        self.begun(&who.to_owned()).map_or(0, |(_, count)| count)
    }

    fn begun(&self, who: &String) -> Option<(u64, u32)> {
        self.done.get(who).copied().filter(|(until, _)| self.now < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::cmp::Ordering;

    thread_local! {
        static COMPARED: Cell<u64> = const { Cell::new(0) };
    }

    #[derive(Clone, PartialEq, Eq)]
    struct Counted(u64);

    impl PartialOrd for Counted {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    impl Ord for Counted {
        fn cmp(&self, other: &Self) -> Ordering {
            COMPARED.set(COMPARED.get() + 1);
            self.0.cmp(&other.0)
        }
    }

    #[test]
    fn however_many_are_remembered_one_more_looks_at_few() {
        let mut kept = Expiring::new();
        for one in 0..100_000 {
            kept.keep(Counted(one), (), (0, 3_600));
        }
        let before = COMPARED.get();
        kept.keep(Counted(100_000), (), (3_599, 7_000));
        assert!(COMPARED.get() - before < 1_000, "{}", COMPARED.get() - before);
        assert_eq!(kept.kept.len(), 100_001);
    }

    #[test]
    fn what_is_over_is_forgotten_and_nothing_else() {
        let mut kept = Expiring::new();
        kept.keep("one", 1, (0, 10));
        kept.keep("two", 2, (0, 20));
        kept.keep("one", 3, (5, 30));
        kept.keep("three", 4, (20, 40));
        assert_eq!(kept.get(&"one"), Some(&(30, 3)), "kept anew");
        assert_eq!((kept.get(&"two"), kept.kept.len(), kept.ends.len()), (None, 2, 2));
    }

    /// Whoever has a thousand things remembered within a day has no more of them remembered than
    /// there may be: the newest.
    #[test]
    fn so_many_are_remembered_however_long_each_counts() {
        let mut kept = Expiring::new();
        for one in 0..1_000_u64 {
            kept.keep(one, (), (one, one + DAY));
            kept.keep_at_most(100);
        }
        assert_eq!((kept.kept.len(), kept.ends.len()), (100, 100));
        assert!(kept.get(&899).is_none() && kept.get(&900).is_some());
        kept.keep_at_most(100);
        assert!(kept.get(&900).is_some(), "none too few");
    }

    #[test]
    fn each_has_an_hour_of_their_own() {
        let mut rates = Rates::begin();
        rates.at(100);
        let two = (2, HOUR);
        assert!(rates.count("one", two, 1) && rates.count("one", two, 1));
        assert!(!rates.count("one", two, 1));
        assert!(!rates.count("two", two, 3) && rates.count("two", two, 2), "all of it or nothing");
        assert_eq!((rates.counted("two"), rates.counted("three")), (2, 0));
        rates.at(50);
        rates.at(100 + HOUR - 1);
        assert!(!rates.count("one", two, 1));
        assert!(rates.count("day", (2, DAY), 2));
        rates.at(100 + HOUR);
        assert!(rates.count("one", two, 1) && !rates.count("day", (2, DAY), 1));
        assert_eq!(rates.done.kept.len(), 2, "who did nothing since is forgotten");
    }
}
