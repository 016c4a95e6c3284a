//! What lists that gates may still have do not hold: told beside them, until none of these is in
//! use.

use authority::Serial;
use records::unlisted::BESIDE_SECONDS_MAX;
use std::collections::{BTreeMap, HashMap};

/// How a serial number counts. Of two causes of one the smaller does: what is revoked is not
/// released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counted {
    /// The certificate is revoked for good.
    Revoked,
    /// Until it is released or revoked.
    Suspended,
    /// The log released it, which gates hear for as long as one may have been told otherwise.
    Released,
}

/// What goes first where there is room for so many only: a loss before suspensions, however many
/// somebody asked for, then what no list holds before what a newer one does, then the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) counted: Counted,
    /// Whether it stands in a newer list than the gate's own, and not in none or there as suspended
    /// only.
    pub(super) is_behind: bool,
    /// When it was confirmed, unix.
    pub(super) at: u64,
    /// When that was said last; of what is released, until when it is over.
    pub(super) since: u64,
}

/// What a gate is told of a serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ToldStanding {
    pub(super) counted: Counted,
    /// When it was suspended last, or until when that is over, unix.
    pub(super) since: u64,
}

/// What a gate is told beside its list, by what goes first.
#[derive(Default)]
pub(super) struct UnlistedRanks(BTreeMap<Serial, Rank>);

impl UnlistedRanks {
    fn tell(&mut self, serial: Serial, rank: Rank) {
        let first = self.0.entry(serial).or_insert(rank);
        *first = Rank { since: first.since.max(rank.since), ..rank.min(*first) };
    }

    /// At most so many serial numbers with how each counts, in their order.
    pub(super) fn first(&self, most: usize) -> BTreeMap<Serial, ToldStanding> {
        let mut all: Vec<(Rank, Serial)> = self.0.iter().map(|(one, rank)| (*rank, *one)).collect();
        all.sort_unstable();
        let told = |(rank, serial): (Rank, Serial)| {
            (serial, ToldStanding { counted: rank.counted, since: rank.since })
        };
        all.into_iter().take(most).map(told).collect()
    }
}

/// What is remembered of the serial numbers of one cause.
#[derive(Default)]
pub(super) struct Listed {
    /// Since which list each stands in all of them, and until when, unix, older ones may be in use.
    listed: HashMap<Serial, (u64, u64)>,
    /// Until when, unix, gates hear that it was released.
    released: HashMap<Serial, u64>,
}

impl Listed {
    /// Sorts a serial number by the newest list; whether any gate may have to be told.
    pub(super) fn sort(
        &mut self,
        (serial, rank): (Serial, Rank),
        (list, holds): (&Newest, bool),
        (known, now): (u64, u64),
        beside: &mut UnlistedRanks,
    ) -> bool {
        if !holds {
            self.listed.remove(&serial);
            beside.tell(serial, rank);
            return true;
        }
        let (since, until) = *self.listed.entry(serial).or_insert((list.number, list.until));
        if known < since && now <= until {
            beside.tell(serial, Rank { is_behind: true, ..rank });
        }
        now <= until
    }

    /// Tells that a serial number was released, as long as a gate may stand by what it was told
    /// before; whether it is told.
    pub(super) fn release(
        &mut self,
        (serial, rank): (Serial, Rank),
        now: u64,
        beside: &mut UnlistedRanks,
    ) -> bool {
        let until = now.saturating_add(BESIDE_SECONDS_MAX);
        let is_told = now <= *self.released.entry(serial).or_insert(until);
        if is_told {
            beside.tell(serial, Rank { counted: Counted::Released, ..rank });
        }
        is_told
    }
}

/// The newest list: its number and its end, unix.
pub(super) struct Newest {
    pub(super) number: u64,
    pub(super) until: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOSS: Rank = Rank { counted: Counted::Revoked, is_behind: false, at: 9, since: 0 };

    /// Whoever suspends everybody in their care pushes no loss out of what gates are told, and no
    /// suspension that was there before, whatever their serial numbers are.
    #[test]
    fn no_crowd_of_suspensions_pushes_a_loss_out() {
        let serial = |number: u32| Serial::read(&format!("{number:032x}")).unwrap();
        let mut beside = UnlistedRanks::default();
        let suspended = Rank { counted: Counted::Suspended, at: 8, ..LOSS };
        for number in 0..500 {
            beside.tell(serial(number), suspended);
        }
        beside.tell(serial(900), Rank { at: 7, ..suspended });
        beside.tell(serial(901), Rank { is_behind: true, ..LOSS });
        beside.tell(serial(902), LOSS);
        // Suspended and lost: it counts as lost.
        beside.tell(serial(903), suspended);
        beside.tell(serial(903), LOSS);
        let first = |most| Vec::from_iter(beside.first(most).into_keys());
        assert_eq!(first(1), [serial(902)]);
        assert_eq!(first(2), [serial(902), serial(903)]);
        assert_eq!(first(3), [901, 902, 903].map(serial));
        assert_eq!(first(4), [900, 901, 902, 903].map(serial));
        assert_eq!(first(5), [0, 900, 901, 902, 903].map(serial));
        assert_eq!(beside.first(1_000).len(), 504);
    }

    /// A serial number is told beside each list that does not hold it, also when the newest one
    /// does: a gate may not have accepted that one.
    #[test]
    fn a_gate_with_an_older_list_is_told_on() {
        let serial = Serial::read(&"01".repeat(16)).unwrap();
        let mut listed = Listed::default();
        let mut sort = |number, holds, known, now| {
            let (mut beside, newest) = (UnlistedRanks::default(), Newest { number, until: 100 });
            let stays = listed.sort((serial, LOSS), (&newest, holds), (known, now), &mut beside);
            let behind = beside.0.values().filter(|rank| rank.is_behind).count();
            (stays, beside.0.len() - behind, behind)
        };
        assert_eq!(sort(4, false, 4, 10), (true, 1, 0), "it stands in no list");
        assert_eq!(sort(5, true, 4, 10), (true, 0, 1), "the gate does not have that list");
        assert_eq!(sort(5, true, 5, 10), (true, 0, 0));
        assert_eq!(sort(6, true, 5, 10), (true, 0, 0), "since list 5 it stands in each");
        assert_eq!(sort(6, true, 4, 101), (false, 0, 0), "no older list is in use");
        assert_eq!(sort(7, false, 6, 10), (true, 1, 0), "it is off the list and counts");
        assert_eq!(sort(8, true, 7, 10), (true, 0, 1));
    }

    /// One that is lost as well as suspended is told as revoked, in whatever order that came.
    #[test]
    fn what_is_revoked_is_not_told_as_suspended() {
        let serial = Serial::read(&"01".repeat(16)).unwrap();
        let suspended = Rank { counted: Counted::Suspended, at: 8, ..LOSS };
        for order in [[LOSS, suspended], [suspended, LOSS]] {
            let mut beside = UnlistedRanks::default();
            beside.tell(serial, suspended);
            let counted = |beside: &UnlistedRanks| beside.first(1).get(&serial).unwrap().counted;
            assert_eq!(counted(&beside), Counted::Suspended);
            order.into_iter().for_each(|rank| beside.tell(serial, rank));
            assert_eq!(counted(&beside), Counted::Revoked);
        }
    }

    /// What was released is told for as long as any list lasts, behind everything else, and as
    /// suspended where it is that again.
    #[test]
    fn a_release_is_told_as_long_as_a_list_may_last() {
        let serial = Serial::read(&"01".repeat(16)).unwrap();
        let (mut listed, over) = (Listed::default(), 100 + BESIDE_SECONDS_MAX);
        let mut told = |now| {
            let mut beside = UnlistedRanks::default();
            let stays = listed.release((serial, Rank { since: 90, ..LOSS }), now, &mut beside);
            (stays, beside.first(1).get(&serial).copied())
        };
        let released = ToldStanding { counted: Counted::Released, since: 90 };
        assert_eq!(told(100), (true, Some(released)));
        assert_eq!(told(over), (true, Some(released)));
        assert_eq!(told(over + 1), (false, None));
        let mut beside = UnlistedRanks::default();
        listed.release((serial, Rank { since: 90, ..LOSS }), 200, &mut beside);
        beside.tell(serial, Rank { counted: Counted::Suspended, since: 95, ..LOSS });
        let held = ToldStanding { counted: Counted::Suspended, since: 95 };
        assert_eq!(beside.first(1).get(&serial), Some(&held));
    }
}
