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

/// Most bytes that one bringer has waiting, and most of them that are about the same; who has
/// nothing waiting may bring what is larger. Nobody else counts them: the connection that they came
/// by may be gone.
const OF_BRINGER_BYTES_MAX: usize = 64 * 1024 * 1024;
const ABOUT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One thing that waits, with what it costs.
pub(crate) struct Charge<T> {
    /// What it weighs in a round.
    pub(crate) weight: usize,
    /// How many bytes it holds.
    pub(crate) bytes: usize,
    pub(crate) one: T,
}

/// What waits, by whom and about whom.
pub(crate) struct Lane<T> {
    bringers: Turns<Bringer, Turns<String, VecDeque<Charge<T>>>>,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self { bringers: Turns::default() }
    }
}

impl<T> Lane<T> {
    /// It says whether nothing waits in the lane.
    pub(crate) fn is_empty(&self) -> bool {
        self.bringers.waiting.is_empty()
    }

    /// Takes a place, or gives back what has none.
    pub(crate) fn bring(&mut self, source: &Source, one: Charge<T>) -> Result<(), T> {
        let own = self.bringers.waiting.get(&source.bringer);
        let about = own.and_then(|own| own.waiting.get(&source.about));
        let all = count(own.into_iter().flat_map(|own| own.waiting.values()), one.bytes);
        let about = count(about.into_iter(), one.bytes);
        let fits = |(places, bytes): (usize, usize), places_max, bytes_max| {
            places == 0 || (places < places_max && bytes <= bytes_max)
        };
        if !fits(all, OF_BRINGER_MAX, OF_BRINGER_BYTES_MAX)
            || !fits(about, ABOUT_MAX, ABOUT_BYTES_MAX)
        {
            return Err(one.one);
        }
        let own = self.bringers.waiting.entry(source.bringer).or_default();
        own.waiting.entry(source.about.clone()).or_default().push_back(one);
        Ok(())
    }

    /// So much at most, one of each bringer after the other; what weighs more than that alone comes
    /// alone. Whoever has something for which there is no room is the first next time, and keeps
    /// nobody else waiting.
    pub(crate) fn take(&mut self, most: usize) -> Vec<T> {
        let (mut taken, mut weight) = (Vec::new(), 0);
        let (mut aside, mut before) = (Vec::new(), None);
        while weight < most {
            let room = if taken.is_empty() { usize::MAX } else { most - weight };
            match self.next(room) {
                Some((weighs, one)) => {
                    weight = weight.saturating_add(weighs);
                    taken.push(one);
                }
                None => {
                    let Some(whose) = self.bringers.set_aside() else { break };
                    before.get_or_insert(self.bringers.last);
                    aside.push(whose);
                }
            }
        }
        self.bringers.waiting.extend(aside);
        self.bringers.last = before.unwrap_or(self.bringers.last);
        taken
    }

    /// Takes back what nobody came to: it is the next of its bringer.
    pub(crate) fn give_back(&mut self, source: Source, one: Charge<T>) {
        let own = self.bringers.waiting.entry(source.bringer).or_default();
        own.waiting.entry(source.about).or_default().push_front(one);
    }

    /// What comes next, if there is room for it.
    fn next(&mut self, room: usize) -> Option<(usize, T)> {
        self.bringers.next(|own| {
            let one = own.next(|about| {
                let fits = about.front().is_some_and(|one| one.weight <= room);
                let one = if fits { about.pop_front() } else { None };
                let one = one.map(|Charge { weight, one, .. }| (weight, one));
                (one, about.is_empty())
            });
            (one, own.waiting.is_empty())
        })
    }
}

/// How many wait, and their bytes with so many more.
fn count<'a, T: 'a>(
    waiting: impl Iterator<Item = &'a VecDeque<Charge<T>>>,
    more: usize,
) -> (usize, usize) {
    waiting.flatten().fold((0, more), |(places, bytes), one| (places + 1, bytes + one.bytes))
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
    /// What whoever comes next has; `take` says also whether they have nothing more. Whoever has
    /// what is too much for now keeps their turn.
    fn next<T>(&mut self, take: impl FnOnce(&mut Q) -> (Option<T>, bool)) -> Option<T> {
        let key = self.whose()?;
        let (one, is_done) = take(self.waiting.get_mut(&key)?);
        if is_done {
            self.waiting.remove(&key);
        }
        if one.is_some() {
            self.last = Some(key);
        }
        one
    }

    /// Whose turn is next.
    fn whose(&self) -> Option<K> {
        let behind = self.last.as_ref().and_then(|last| {
            let mut behind = self.waiting.range((Excluded(last), Unbounded));
            behind.next().map(|(key, _)| key.clone())
        });
        behind.or_else(|| self.waiting.keys().next().cloned())
    }

    /// Takes out whose turn is next, with everything they have waiting.
    fn set_aside(&mut self) -> Option<(K, Q)> {
        let key = self.whose()?;
        self.waiting.remove_entry(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(portal: u8, about: &str) -> Source {
        Source { bringer: Bringer::Portal([portal; 32]), about: about.into() }
    }

    fn charge<T>(weight: usize, one: T) -> Charge<T> {
        Charge { weight, bytes: 64, one }
    }

    #[test]
    fn each_has_a_turn_however_much_others_have_waiting() {
        let mut lane = Lane::default();
        for one in 0..ABOUT_MAX {
            lane.bring(&source(1, "noisy"), charge(1, format!("noisy {one}"))).unwrap();
        }
        lane.bring(&source(1, "quiet"), charge(1, "quiet".to_owned())).unwrap();
        lane.bring(&source(2, "other"), charge(1, "other".to_owned())).unwrap();
        let own = Source { bringer: Bringer::Ours, about: String::new() };
        lane.bring(&own, charge(1, "list".to_owned())).unwrap();
        assert_eq!(lane.take(5), ["list", "noisy 0", "other", "quiet", "noisy 1"]);
        assert_eq!(lane.take(ABOUT_MAX).len(), ABOUT_MAX - 2);
        assert!(lane.is_empty() && lane.take(1).is_empty());
    }

    /// A round is as much work whatever comes: whoever brings what costs much has one of it at a
    /// time, and whoever comes meanwhile is in the next round.
    #[test]
    fn a_round_has_so_much_weight_and_a_turn_for_everybody() {
        let mut lane = Lane::default();
        for one in 0..40 {
            lane.bring(&source(1, "noisy"), charge(2_000, format!("heavy {one}"))).unwrap();
        }
        assert_eq!(lane.take(512), ["heavy 0"], "what is too much for any round is one");
        lane.bring(&source(2, "other"), charge(1, "brake".to_owned())).unwrap();
        lane.bring(&source(3, "other"), charge(511, "many".to_owned())).unwrap();
        lane.bring(&source(3, "other"), charge(1, "more".to_owned())).unwrap();
        assert_eq!(lane.take(512), ["brake", "many"], "and nothing heavy beside them");
        assert_eq!(lane.take(512), ["heavy 1"], "whose turn it was keeps it");
        assert_eq!(lane.take(512), ["more"]);
        // What nobody came to is the next of its bringer.
        lane.give_back(source(1, "noisy"), charge(2_000, "heavy 1".to_owned()));
        assert_eq!(lane.take(512), ["heavy 1"]);
        assert_eq!(lane.take(512), ["heavy 2"]);
        for one in ["light 1", "light 2", "light 3"] {
            lane.bring(&source(2, "other"), charge(1, one.to_owned())).unwrap();
        }
        assert_eq!(lane.take(512), ["light 1", "light 2", "light 3"], "it holds nobody up");
        assert_eq!(lane.take(512), ["heavy 3"]);
    }

    #[test]
    fn places_are_everybodys_own() {
        let mut lane = Lane::default();
        for _ in 0..ABOUT_MAX {
            lane.bring(&source(1, "noisy"), charge(1, ())).unwrap();
        }
        assert_eq!(lane.bring(&source(1, "noisy"), charge(1, ())), Err(()));
        for one in ABOUT_MAX..OF_BRINGER_MAX {
            lane.bring(&source(1, &one.to_string()), charge(1, ())).unwrap();
        }
        assert_eq!(
            lane.bring(&source(1, "quiet"), charge(1, ())),
            Err(()),
            "the portal has no place left"
        );
        lane.bring(&source(2, "quiet"), charge(1, ())).unwrap();
        assert_eq!(lane.take(usize::MAX).len(), OF_BRINGER_MAX + 1);
        assert!(lane.is_empty());
    }

    /// Whoever brings large messages and leaves each time fills a share of the memory and no more,
    /// for one person and for all of a portal; what they bring later has room once it was taken.
    #[test]
    fn what_waits_holds_so_many_bytes() {
        let mut lane = Lane::default();
        let large = || Charge { weight: 1, bytes: ABOUT_BYTES_MAX / 2, one: () };
        let mut people = 0;
        loop {
            let source = source(1, &format!("person {people}"));
            if lane.bring(&source, large()).is_err() {
                break;
            }
            lane.bring(&source, large()).unwrap();
            assert!(lane.bring(&source, large()).is_err(), "one person");
            people += 1;
        }
        assert_eq!(people, OF_BRINGER_BYTES_MAX / ABOUT_BYTES_MAX, "of one portal");
        lane.bring(&source(2, "other"), large()).unwrap();
        let huge = Charge { weight: 1, bytes: 2 * OF_BRINGER_BYTES_MAX, one: () };
        lane.bring(&source(3, "other"), huge).unwrap();
        lane.take(2);
        lane.bring(&source(1, "person 0"), large()).unwrap();
    }
}
