//! Places that go to whoever's network has fewest of them, and whoever's source among those,
//! however many of others wait: a crowd behind few addresses gets no more by asking more often, nor
//! one with a network of many.
//!
//! Where what is done in a place takes as long as somebody likes, one that is held for long gives
//! way to whoever has fewer, once there is none left.

use crate::machines::network::{SOURCES_OF_NETWORK, network_of};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, oneshot};

/// Whoever finds no place waits so long.
const WAIT: Duration = Duration::from_secs(4);
/// How often it is looked meanwhile whether one is held for long by now.
const LOOK: Duration = Duration::from_millis(250);

/// Places of sources: addresses of IPv4, or /64s of IPv6.
pub(crate) struct FairPlaces(Arc<FairShares>);

struct FairShares {
    most: usize,
    of_source: usize,
    /// One that is held for so long gives way; none does where nothing is said.
    gives_way: Option<Duration>,
    rows: Mutex<FairRows>,
}

#[derive(Default)]
struct FairRows {
    next: u64,
    held: BTreeMap<u64, HeldByMoment>,
    waiting: BTreeMap<u64, WaitingSource>,
}

struct HeldByMoment {
    source: u128,
    since: Instant,
    over: Arc<Notify>,
}

/// How many a network and a source have, in this order compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct FairCounts {
    of_network: usize,
    of_source: usize,
}

struct WaitingSource {
    source: u128,
    told: oneshot::Sender<FairPlace>,
}

/// A place, until it is dropped.
pub(crate) struct FairPlace {
    number: u64,
    over: Arc<Notify>,
    of: Arc<FairShares>,
}

/// Somebody who waits, until it is dropped.
struct FairTicket {
    number: u64,
    told: oneshot::Receiver<FairPlace>,
    of: Arc<FairShares>,
}

impl FairPlaces {
    /// So many of one source, and of all; a network has those of a few sources. One that is held
    /// for so long gives way.
    pub(crate) fn new((of_source, most): (usize, usize), gives_way: Option<Duration>) -> Self {
        let rows = Mutex::default();
        Self(Arc::new(FairShares { most, of_source, gives_way, rows }))
    }

    /// Waits a while for a place for somebody of a source.
    pub(crate) async fn enter(&self, source: u128) -> Option<FairPlace> {
        let until = Instant::now() + WAIT;
        let mut ticket = self.ask(source);
        // Nobody is kept out by a crowd that waits here.
        let _queued = mtls::listen::queued();
        loop {
            match tokio::time::timeout(LOOK, &mut ticket.told).await {
                Ok(place) => return place.ok(),
                Err(_) if Instant::now() >= until => return None,
                Err(_) => self.0.settle(),
            }
        }
    }

    /// Takes a place that there is now.
    #[cfg(test)]
    pub(crate) fn take(&self, source: u128) -> Option<FairPlace> {
        self.ask(source).told.try_recv().ok()
    }

    fn ask(&self, source: u128) -> FairTicket {
        let (tell, told) = oneshot::channel();
        let number = {
            let mut rows = self.0.rows();
            let number = rows.next;
            rows.next += 1;
            rows.waiting.insert(number, WaitingSource { source, told: tell });
            number
        };
        let ticket = FairTicket { number, told, of: self.0.clone() };
        self.0.settle();
        ticket
    }
}

impl FairShares {
    fn rows(&self) -> MutexGuard<'_, FairRows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_room(&self, own: FairCounts) -> bool {
        own.of_source < self.of_source && own.of_network < self.of_source * SOURCES_OF_NETWORK
    }

    /// Hands out what there is.
    fn settle(self: &Arc<Self>) {
        while let Some((told, place)) = self.granted() {
            // Whoever waits no more gives it back.
            drop(told.send(place));
        }
    }

    /// The next place, for whoever has fewest and waits longest among those.
    fn granted(self: &Arc<Self>) -> Option<(oneshot::Sender<FairPlace>, FairPlace)> {
        let mut rows = self.rows();
        let is_full = rows.held.len() >= self.most;
        let is_old =
            |one: &HeldByMoment| self.gives_way.is_some_and(|after| one.since.elapsed() >= after);
        if is_full && !rows.held.values().any(is_old) {
            return None;
        }
        let of = rows.counts();
        let waiting = rows.waiting.iter().map(|(number, one)| (of(one.source), *number));
        let (own, number) = waiting.filter(|(own, _)| self.has_room(*own)).min()?;
        if is_full {
            let olds = rows.held.iter().filter(|(_, one)| of(one.source) > own && is_old(one));
            let most = olds.map(|(number, one)| (of(one.source), Reverse(*number))).max();
            let (_, Reverse(ended)) = most?;
            rows.held.remove(&ended)?.over.notify_one();
        }
        let WaitingSource { source, told } = rows.waiting.remove(&number)?;
        let over = Arc::new(Notify::new());
        let held = HeldByMoment { source, since: Instant::now(), over: over.clone() };
        rows.held.insert(number, held);
        drop(rows);
        Some((told, FairPlace { number, over, of: self.clone() }))
    }
}

impl FairRows {
    /// What each network and source has.
    fn counts(&self) -> impl Fn(u128) -> FairCounts + use<> {
        let (mut networks, mut sources) = (BTreeMap::new(), BTreeMap::new());
        for one in self.held.values() {
            *networks.entry(network_of(one.source)).or_insert(0) += 1;
            *sources.entry(one.source).or_insert(0) += 1;
        }
        move |source| FairCounts {
            of_network: networks.get(&network_of(source)).copied().unwrap_or(0),
            of_source: sources.get(&source).copied().unwrap_or(0),
        }
    }
}

impl FairPlace {
    /// Waits until it is somebody else's.
    pub(crate) async fn until_over(&self) {
        self.over.notified().await;
    }
}

impl Drop for FairPlace {
    fn drop(&mut self) {
        self.of.rows().held.remove(&self.number);
        self.of.settle();
    }
}

impl Drop for FairTicket {
    fn drop(&mut self) {
        self.of.rows().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source of a network of its own.
    fn own(number: u128) -> u128 {
        number << 80
    }

    /// The source that has fewest is next, however long and however many of others wait; nobody
    /// has more than the share of a source, and who waits no longer takes none.
    #[test]
    fn the_next_place_is_of_who_has_fewest() {
        let places = FairPlaces::new((2, 3), None);
        let mut held: Vec<_> =
            [1, 1, 2].map(|source| places.take(own(source))).into_iter().collect();
        assert!(held.iter().all(Option::is_some) && places.take(own(3)).is_none());
        let mut crowd: Vec<_> =
            [1, 2, 2].map(|source| places.ask(own(source))).into_iter().collect();
        let mut device = places.ask(own(3));
        let gone = places.ask(own(4));
        drop(gone);
        held.remove(0);
        assert!(crowd.iter_mut().all(|one| one.told.try_recv().is_err()));
        let first = device.told.try_recv();
        assert!(first.is_ok(), "it came last and has none");
        held.clear();
        let found: Vec<_> = crowd.iter_mut().map(|one| one.told.try_recv().ok()).collect();
        assert_eq!(found.iter().flatten().count(), 2, "two were given back");
        drop((first, crowd, found));
        assert!(places.0.rows().held.is_empty() && places.0.rows().waiting.is_empty());
    }

    /// Where a crowd has all places for as long as it likes, each source that has fewer gets one at
    /// once: whoever has most, and has it longest, gives way and hears of it.
    #[tokio::test]
    async fn who_holds_long_gives_way_to_who_has_fewer() {
        let places = FairPlaces::new((2, 3), Some(Duration::ZERO));
        let crowd: Vec<_> = [2, 1, 1].map(|source| places.take(own(source))).into_iter().collect();
        let device = places.take(own(3));
        assert!(device.is_some());
        crowd[1].as_ref().unwrap().until_over().await;
        let is_over = |place: &Option<FairPlace>| {
            let number = place.as_ref().unwrap().number;
            !places.0.rows().held.contains_key(&number)
        };
        assert!(!is_over(&crowd[0]) && !is_over(&crowd[2]) && !is_over(&device));
        assert!(places.take(own(2)).is_none(), "it has as many as anybody");
        drop(crowd);
        assert!(places.take(own(3)).is_some());
        assert_eq!(places.0.rows().held.len(), 1, "what gave way is given back once");
    }

    /// Whoever has a whole network has what few sources have, and is behind whoever has less.
    #[test]
    fn a_network_has_the_places_of_few_sources() {
        let in_one = |number: u128| own(1) + (number << 64);
        let places = FairPlaces::new((2, 20), None);
        let held: Vec<_> = (0..20).map(|number| places.take(in_one(number))).collect();
        assert_eq!(held.iter().flatten().count(), 2 * SOURCES_OF_NETWORK);

        let places = FairPlaces::new((2, 4), None);
        let mut crowd: Vec<_> = (0..3).map(|number| places.take(in_one(number))).collect();
        let device = places.take(own(2));
        assert!(device.is_some() && crowd.iter().all(Option::is_some));
        let mut more = places.ask(in_one(7));
        let mut again = places.ask(own(2));
        crowd.pop();
        let (again, more) = (again.told.try_recv(), more.told.try_recv());
        assert!(again.is_ok() && more.is_err(), "a new address of the crowd is no newcomer");
    }

    /// What is held for a moment gives way to nobody.
    #[test]
    fn what_is_young_is_not_taken() {
        let places = FairPlaces::new((2, 2), Some(Duration::from_secs(3_600)));
        let crowd = [places.take(own(1)), places.take(own(1))];
        assert!(crowd.iter().all(Option::is_some) && places.take(own(2)).is_none());
    }
}
