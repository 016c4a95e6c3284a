//! What happens again and again: the first of a kind is told at once, those after it are counted
//! and told together each minute. So nobody who is refused makes a log grow faster than that,
//! however often they ask. A value: it knows no clock, and a copy of it costs nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

/// How long those after the first are counted, in seconds.
pub const WINDOW_SECONDS: u64 = 60;

/// What was told and what is counted since, by kind; each count with the newest of what it counts.
#[derive(Clone, Debug)]
pub struct Tally<K, V> {
    now: u64,
    kinds: Arc<BTreeMap<K, Counted<V>>>,
}

#[derive(Clone, Debug)]
struct Counted<V> {
    until: u64,
    told: u32,
    again: Option<(u64, V)>,
}

impl<K, V> Default for Tally<K, V> {
    fn default() -> Self {
        Self { now: 0, kinds: Arc::default() }
    }
}

impl<K: Ord + Clone, V: Clone> Tally<K, V> {
    /// Moves on to a time, in seconds of anything that never goes back.
    pub fn at(&mut self, now: u64) {
        self.now = self.now.max(now);
    }

    /// Whether `most` of this kind were told within the window, so that the next is only counted.
    pub fn is_told(&self, kind: &K, most: u32) -> bool {
        self.kinds.get(kind).is_some_and(|counted| counted.told >= most)
    }

    /// How many kinds were told within the window.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether nothing was told within the window.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// One of a kind was told by itself.
    pub fn told(&mut self, kind: K) {
        let until = self.now + WINDOW_SECONDS;
        let begun = || Counted { until, told: 0, again: None };
        Arc::make_mut(&mut self.kinds).entry(kind).or_insert_with(begun).told += 1;
    }

    /// One of a kind was not told after all.
    pub fn not_told(&mut self, kind: &K) {
        if let Some(counted) = Arc::make_mut(&mut self.kinds).get_mut(kind) {
            counted.told = counted.told.saturating_sub(1);
        }
    }

    /// What was counted of a kind could not be told: it is counted again, with what came since.
    pub fn again(&mut self, kind: &K, count: u64, newest: V) {
        let until = self.now + WINDOW_SECONDS;
        let begun = || Counted { until, told: 1, again: None };
        let kinds = Arc::make_mut(&mut self.kinds);
        let counted = kinds.entry(kind.clone()).or_insert_with(begun);
        let (since, newest) = counted.again.take().unwrap_or((0, newest));
        counted.again = Some((since + count, newest));
    }

    /// Counts one more of a kind that was told; `newest` stands for all that are counted.
    pub fn count(&mut self, kind: &K, newest: V) {
        if let Some(counted) = Arc::make_mut(&mut self.kinds).get_mut(kind) {
            let before = counted.again.take().map_or(0, |(count, _)| count);
            counted.again = Some((before + 1, newest));
        }
    }

    /// What stands for those that are counted of a kind.
    pub fn counted(&self, kind: &K) -> Option<&V> {
        self.kinds.get(kind)?.again.as_ref().map(|(_, counted)| counted)
    }

    /// When the next window ends.
    pub fn ends(&self) -> Option<u64> {
        self.kinds.values().map(|counted| counted.until).min()
    }

    /// Whether a window is over.
    pub fn is_due(&self) -> bool {
        self.ends().is_some_and(|ends| ends <= self.now)
    }

    /// What the windows that are over counted; a kind that goes on is counted on.
    pub fn due(&mut self) -> Vec<(K, u64, V)> {
        if self.is_due() { self.take(self.now) } else { Vec::new() }
    }

    /// What every window counted so far: nobody counts any more.
    pub fn rest(&mut self) -> Vec<(K, u64, V)> {
        self.take(u64::MAX)
    }

    fn take(&mut self, over: u64) -> Vec<(K, u64, V)> {
        let until = self.now + WINDOW_SECONDS;
        let mut due = Vec::new();
        Arc::make_mut(&mut self.kinds).retain(|kind, counted| {
            if counted.until > over {
                return true;
            }
            counted.until = until;
            let Some((count, newest)) = counted.again.take() else { return false };
            due.push((kind.clone(), count, newest));
            true
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand in a minute are two: the first at once, the others together.
    #[test]
    fn a_thousand_of_a_kind_are_told_twice() {
        let mut tally = Tally::default();
        tally.at(7);
        assert!(!tally.is_told(&"wrong", 1));
        tally.told("wrong");
        for number in 2..=1_000 {
            assert!(tally.is_told(&"wrong", 1));
            tally.count(&"wrong", number);
        }
        assert!(!tally.is_told(&"other", 1), "kinds are told each by itself");
        tally.at(66);
        assert_eq!((tally.due(), tally.ends()), (vec![], Some(67)));
        tally.at(67);
        assert_eq!(tally.due(), [("wrong", 999, 1_000)]);
    }

    /// What goes on is counted on; what ended is forgotten, and is new when it comes again.
    #[test]
    fn what_goes_on_is_counted_on_and_what_ended_is_forgotten() {
        let mut tally = Tally::default();
        tally.told("wrong");
        tally.count(&"wrong", ());
        tally.at(60);
        assert_eq!(tally.due(), [("wrong", 1, ())]);
        tally.count(&"wrong", ());
        tally.count(&"wrong", ());
        tally.at(119);
        assert!(tally.due().is_empty());
        let stopped = tally.clone().rest();
        assert_eq!(stopped, [("wrong", 2, ())], "an end tells what was counted");
        tally.at(120);
        assert_eq!(tally.due(), [("wrong", 2, ())]);
        tally.at(200);
        assert!(tally.due().is_empty() && tally.is_empty() && !tally.is_told(&"wrong", 1));
    }

    /// A time that went back moves nothing.
    #[test]
    fn a_time_that_goes_back_moves_nothing() {
        let mut tally = Tally::<_, ()>::default();
        tally.at(1_000);
        tally.told(1);
        tally.at(3);
        assert_eq!((tally.ends(), tally.len()), (Some(1_060), 1));
    }
}
