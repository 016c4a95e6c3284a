//! Turns: of those who wait each gets one after the other, however much each of them has waiting.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound::{Excluded, Unbounded};

/// Who brings something: a portal, an operator or this process itself, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    /// Whose connection it came by; each process of a portal is one.
    pub(crate) bringer: Bringer,
    /// Whom or what it is for, as far as the bringer says.
    pub(crate) about: String,
}

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bringer {
    /// What this process asks for itself.
    Ours,
    /// Whoever the kernel names on the operators' socket.
    Operator,
    /// A process of a portal, by SHA-256 of its key.
    Portal([u8; 32]),
}

/// Most that one bringer has waiting; twice the connections of a service.
const OF_BRINGER_MAX: usize = 1_024;
/// Most of it that is about the same.
const ABOUT_MAX: usize = 64;

/// What waits, by whom and about whom.
pub(crate) struct Lane<T> {
    bringers: Turns<Bringer, Turns<String, VecDeque<T>>>,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self { bringers: Turns::default() }
    }
}

impl<T> Lane<T> {
    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.bringers.waiting.is_empty()
    }

    /// Takes a place, or gives back what has none.
    pub(crate) fn bring(&mut self, source: &Source, one: T) -> Result<(), T> {
        let own = self.bringers.waiting.get(&source.bringer);
        let all = own.map_or(0, |own| own.waiting.values().map(VecDeque::len).sum());
        let about = own.and_then(|own| own.waiting.get(&source.about)).map_or(0, VecDeque::len);
        if all >= OF_BRINGER_MAX || about >= ABOUT_MAX {
            return Err(one);
        }
        let own = self.bringers.waiting.entry(source.bringer).or_default();
        own.waiting.entry(source.about.clone()).or_default().push_back(one);
        Ok(())
    }

    /// So many at most, one of each bringer after the other.
    pub(crate) fn take(&mut self, most: usize) -> Vec<T> {
        std::iter::from_fn(|| self.next()).take(most).collect()
    }

    fn next(&mut self) -> Option<T> {
        self.bringers.next(|own| {
            let one = own.next(|about| (about.pop_front(), about.is_empty()));
            (one, own.waiting.is_empty())
        })
    }
}

/// Who waits, and whose turn was last.
struct Turns<K, Q> {
    waiting: BTreeMap<K, Q>,
    last: Option<K>,
}

impl<K, Q> Default for Turns<K, Q> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), last: None }
    }
}

impl<K: Ord + Clone, Q> Turns<K, Q> {
    /// What whoever comes next has; `take` says also whether they have nothing more.
    fn next<T>(&mut self, take: impl FnOnce(&mut Q) -> (Option<T>, bool)) -> Option<T> {
        let behind = self.last.as_ref().and_then(|last| {
            let mut behind = self.waiting.range((Excluded(last), Unbounded));
            behind.next().map(|(key, _)| key.clone())
        });
        let key = behind.or_else(|| self.waiting.keys().next().cloned())?;
        let (one, is_done) = take(self.waiting.get_mut(&key)?);
        if is_done {
            self.waiting.remove(&key);
        }
        self.last = Some(key);
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(portal: u8, about: &str) -> Source {
        Source { bringer: Bringer::Portal([portal; 32]), about: about.into() }
    }

    #[test]
    fn each_has_a_turn_however_much_others_have_waiting() {
        let mut lane = Lane::default();
        for one in 0..ABOUT_MAX {
            lane.bring(&source(1, "noisy"), format!("noisy {one}")).unwrap();
        }
        lane.bring(&source(1, "quiet"), "quiet".to_owned()).unwrap();
        lane.bring(&source(2, "other"), "other".to_owned()).unwrap();
        let own = Source { bringer: Bringer::Ours, about: String::new() };
        lane.bring(&own, "list".to_owned()).unwrap();
        assert_eq!(lane.take(5), ["list", "noisy 0", "other", "quiet", "noisy 1"]);
        assert_eq!(lane.take(ABOUT_MAX).len(), ABOUT_MAX - 2);
        assert!(lane.is_empty() && lane.take(1).is_empty());
    }

    #[test]
    fn places_are_everybodys_own() {
        let mut lane = Lane::default();
        for _ in 0..ABOUT_MAX {
            lane.bring(&source(1, "noisy"), ()).unwrap();
        }
        assert_eq!(lane.bring(&source(1, "noisy"), ()), Err(()));
        for one in ABOUT_MAX..OF_BRINGER_MAX {
            lane.bring(&source(1, &one.to_string()), ()).unwrap();
        }
        assert_eq!(lane.bring(&source(1, "quiet"), ()), Err(()), "the portal has no place left");
        lane.bring(&source(2, "quiet"), ()).unwrap();
        assert_eq!(lane.take(usize::MAX).len(), OF_BRINGER_MAX + 1);
        assert!(lane.is_empty());
    }
}
