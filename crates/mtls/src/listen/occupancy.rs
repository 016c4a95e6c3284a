//! The places of one kind: who has them, since when, and who gives way when all are taken.

use super::activity::Activity;
use super::source::{Network, Source};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection gives way to another one of the same source or certificate after so long without a
/// whole request; to whoever has fewer places at once.
const YOUNG: Duration = Duration::from_secs(1);

/// Whose place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlaceOwner {
    pub(super) source: Source,
    pub(super) certificate: Option<[u8; 32]>,
}

/// How many places each may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlaceLimits {
    pub(super) of_source: usize,
    pub(super) of_network: usize,
    pub(super) of_certificate: usize,
}

/// How many places a network, a source and a certificate have, in this order compared.
type Counts = (usize, usize, usize);

/// The places of one kind.
pub(super) struct Occupancy {
    most: usize,
    next: u64,
    /// The places that are taken, oldest first.
    taken: BTreeMap<u64, Place>,
    networks: HashMap<Network, usize>,
    sources: HashMap<Source, usize>,
    certificates: HashMap<[u8; 32], usize>,
}

struct Place {
    whose: PlaceOwner,
    since: Instant,
    activity: Arc<Activity>,
}

impl Occupancy {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            next: 0,
            taken: BTreeMap::new(),
            networks: HashMap::new(),
            sources: HashMap::new(),
            certificates: HashMap::new(),
        }
    }

    /// How many there are.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// How many are free.
    pub(super) fn left(&self) -> usize {
        self.most.saturating_sub(self.taken.len())
    }

    /// Takes a place; gives its number.
    pub(super) fn enter(
        &mut self,
        whose: PlaceOwner,
        most: PlaceLimits,
        activity: &Arc<Activity>,
    ) -> Option<u64> {
        let (network, source, certificate) = self.counts(whose);
        let of_certificate = certificate >= most.of_certificate;
        let of_source = source >= most.of_source;
        let of_network = network >= most.of_network;
        let is_own = |of: &PlaceOwner| {
            (!of_certificate || of.certificate == whose.certificate)
                && (!of_source || of.source == whose.source)
                && (!of_network || of.source.network() == whose.source.network())
        };
        let has_all = of_certificate || of_source || of_network;
        if has_all && !self.end_one(|_, place| is_own(&place.whose) && place.is_old()) {
            return None;
        }
        let own = self.counts(whose);
        if self.left() == 0 && !self.end_one(|counts, _| own < counts) {
            return None;
        }
        let number = self.next;
        self.next += 1;
        *self.networks.entry(whose.source.network()).or_default() += 1;
        *self.sources.entry(whose.source).or_default() += 1;
        if let Some(certificate) = whose.certificate {
            *self.certificates.entry(certificate).or_default() += 1;
        }
        let place = Place { whose, since: Instant::now(), activity: activity.clone() };
        self.taken.insert(number, place);
        Some(number)
    }

    /// Gives a place back, if it is not another's by now.
    pub(super) fn leave(&mut self, number: u64) {
        let Some(place) = self.taken.remove(&number) else { return };
        less(&mut self.networks, place.whose.source.network());
        less(&mut self.sources, place.whose.source);
        if let Some(certificate) = place.whose.certificate {
            less(&mut self.certificates, certificate);
        }
    }

    fn counts(&self, whose: PlaceOwner) -> Counts {
        let of = |count: Option<&usize>| count.copied().unwrap_or(0);
        (
            of(self.networks.get(&whose.source.network())),
            of(self.sources.get(&whose.source)),
            whose.certificate.map_or(0, |own| of(self.certificates.get(&own))),
        )
    }

    /// Ends the oldest connection without a whole request of whoever has most, among those that
    /// may be ended.
    fn end_one(&mut self, may_end: impl Fn(Counts, &Place) -> bool) -> bool {
        let idle = self.taken.iter().filter_map(|(number, place)| {
            let counts = self.counts(place.whose);
            let ends = may_end(counts, place) && !place.activity.has_whole_request();
            ends.then_some((counts, Reverse(*number)))
        });
        let Some((_, Reverse(number))) = idle.max() else { return false };
        if let Some(place) = self.taken.get(&number) {
            place.activity.end.cancel();
        }
        self.leave(number);
        true
    }
}

impl Place {
    fn is_old(&self) -> bool {
        self.since.elapsed() >= YOUNG
    }
}

fn less<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}
