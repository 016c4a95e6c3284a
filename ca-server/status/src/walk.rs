//! What stands beside the lists of gates, walked once for all gates that have the same list. The
//! walk has a lock of its own: whoever reports a loss, or asks whether a certificate is good, waits
//! for none.

use super::confirmed::Loss;
use super::derived::Basis;
use super::listed::{Counted, Listed, Newest, Rank, ToldStanding, UnlistedRanks};
use authority::{Authority, Serial};
use pki::SerialNumber;
use pki::crl::RevocationList;
use records::unlisted::UNLISTED_MAX;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What gates with one list are told.
pub(super) type ToldBeside = BTreeMap<Serial, ToldStanding>;

/// From what it follows what gates are told; of a gate, the number of its list beside.
#[derive(Clone, PartialEq)]
pub(super) struct Moment {
    pub(super) basis: Basis,
    /// The newest list that was seen, by its number.
    pub(super) list: Option<u64>,
    /// The walk is made at this time, unix seconds.
    pub(super) now: u64,
}

/// What some list that a gate may still have does not hold, and what was told of it.
#[derive(Default)]
pub(super) struct Walk {
    unlisted: BTreeMap<String, (Arc<Loss>, Listed)>,
    moment: Option<Moment>,
    /// By the number of a gate's list.
    told: HashMap<u64, Arc<ToldBeside>>,
}

impl Walk {
    /// Adds what was confirmed.
    pub(super) fn add(&mut self, confirmed: impl IntoIterator<Item = (String, Arc<Loss>)>) {
        for (reference, loss) in confirmed {
            self.unlisted.entry(reference).or_insert_with(|| (loss, Listed::default()));
        }
    }

    /// Whether a gate may still have to be told.
    pub(super) fn holds(&self, reference: &str) -> bool {
        self.unlisted.contains_key(reference)
    }

    /// What counts and does not stand in the list of number `known`, the one that a gate has: what
    /// no list holds, and what only a newer one does, which a gate may not have accepted. Where no
    /// list is known, all of it. It is forgotten here when no older list is in use.
    pub(super) fn beside(
        &mut self,
        moment: &Moment,
        (authority, list): (&Authority, Option<&RevocationList>),
        known: u64,
    ) -> Arc<ToldBeside> {
        if self.moment.as_ref() != Some(moment) {
            self.told.clear();
            self.moment = Some(moment.clone());
        }
        if let Some(told) = self.told.get(&known) {
            return told.clone();
        }
        let mut beside = UnlistedRanks::default();
        self.unlisted.retain(|_, (loss, listed)| {
            sort((loss, listed), (authority, list), (known, moment.now), &mut beside)
        });
        let told = Arc::new(beside.first(UNLISTED_MAX));
        self.told.insert(known, told.clone());
        told
    }
}

/// Sorts the serial numbers of one loss; whether any gate may have to be told of it.
fn sort(
    (loss, listed): (&Loss, &mut Listed),
    (authority, list): (&Authority, Option<&RevocationList>),
    (known, now): (u64, u64),
    beside: &mut UnlistedRanks,
) -> bool {
    let newest = list.map(|list| Newest { number: list.number(), until: list.next_update() });
    let newest = newest.unwrap_or(Newest { number: 0, until: 0 });
    let is_in = loss.is_in(authority);
    // A letter that the log does not know as lost may still bring something.
    let mut stays = !is_in;
    for serial in loss.serials(authority) {
        let text = serial.to_string();
        let counts = !is_in || authority.is_revoked(&text);
        if authority.held(&text).is_some_and(|held| held.not_after < now) {
            continue;
        }
        if counts {
            let counted = loss.counted(authority, &text);
            let holds = list.zip(SerialNumber::from_hex(&text)).is_some_and(|(list, number)| {
                // What stands there as suspended does not say that it is revoked.
                let enough = counted == Counted::Suspended || !list.is_held(&number);
                list.contains(&number) && enough
            });
            let rank = Rank { counted, ..loss.rank() };
            let (told, place) = ((serial, rank), (&newest, holds));
            stays |= listed.sort(told, place, (known, now), beside);
        } else if loss.rank().counted == Counted::Suspended {
            // The log has all of it, and does not have it suspended: what was said is over.
            let at = authority.released_at(&text).unwrap_or(0).max(loss.at);
            stays |= listed.release((serial, Rank { since: at, ..loss.rank() }), now, beside);
        }
    }
    stays
}
