//! Places that go to whoever's source has fewest of them, however many of others wait: a crowd
//! behind few addresses gets no more by asking more often.
//!
//! Where what is done in a place takes as long as somebody likes, one that is held for long gives
//! way to a source that has fewer, once there is none left.

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
    /// So many of one source, and of all; one that is held for so long gives way.
    pub(crate) fn new((of_source, most): (usize, usize), gives_way: Option<Duration>) -> Self {
        let rows = Mutex::default();
        Self(Arc::new(FairShares { most, of_source, gives_way, rows }))
    }

    /// Waits a while for a place for somebody of a source.
    pub(crate) async fn enter(&self, source: u128) -> Option<FairPlace> {
        let until = Instant::now() + WAIT;
        let mut ticket = self.ask(source);
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
        let mut counts = BTreeMap::<u128, usize>::new();
        for one in rows.held.values() {
            *counts.entry(one.source).or_default() += 1;
        }
        let of = |source: u128| counts.get(&source).copied().unwrap_or_default();
        let waiting = rows.waiting.iter().map(|(number, one)| (of(one.source), *number));
        let (own, number) = waiting.filter(|(own, _)| *own < self.of_source).min()?;
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

    /// The source that has fewest is next, however long and however many of others wait; nobody
    /// has more than the share of a source, and who waits no longer takes none.
    #[test]
    fn the_next_place_is_of_who_has_fewest() {
        let places = FairPlaces::new((2, 3), None);
        let mut held: Vec<_> = [1, 1, 2].map(|source| places.take(source)).into_iter().collect();
        assert!(held.iter().all(Option::is_some) && places.take(3).is_none());
        let mut crowd: Vec<_> = [1, 2, 2].map(|source| places.ask(source)).into_iter().collect();
        let mut device = places.ask(3);
        let gone = places.ask(4);
        drop(gone);
        held.remove(0);
        assert!(crowd.iter_mut().all(|one| one.told.try_recv().is_err()));
        let own = device.told.try_recv();
        assert!(own.is_ok(), "it came last and has none");
        held.clear();
        let found: Vec<_> = crowd.iter_mut().map(|one| one.told.try_recv().ok()).collect();
        assert_eq!(found.iter().flatten().count(), 2, "two were given back");
        drop((own, crowd, found));
        assert!(places.0.rows().held.is_empty() && places.0.rows().waiting.is_empty());
    }

    /// Where a crowd has all places for as long as it likes, each source that has fewer gets one at
    /// once: whoever has most, and has it longest, gives way and hears of it.
    #[tokio::test]
    async fn who_holds_long_gives_way_to_who_has_fewer() {
        let places = FairPlaces::new((2, 3), Some(Duration::ZERO));
        let crowd: Vec<_> = [2, 1, 1].map(|source| places.take(source)).into_iter().collect();
        let device = places.take(3);
        assert!(device.is_some());
        crowd[1].as_ref().unwrap().until_over().await;
        let is_over = |place: &Option<FairPlace>| {
            let number = place.as_ref().unwrap().number;
            !places.0.rows().held.contains_key(&number)
        };
        assert!(!is_over(&crowd[0]) && !is_over(&crowd[2]) && !is_over(&device));
        assert!(places.take(2).is_none(), "it has as many as anybody");
        drop(crowd);
        assert!(places.take(3).is_some());
        assert_eq!(places.0.rows().held.len(), 1, "what gave way is given back once");
    }

    /// What is held for a moment gives way to nobody.
    #[test]
    fn what_is_young_is_not_taken() {
        let places = FairPlaces::new((2, 2), Some(Duration::from_secs(3_600)));
        let crowd = [places.take(1), places.take(1)];
        assert!(crowd.iter().all(Option::is_some) && places.take(2).is_none());
    }
}
