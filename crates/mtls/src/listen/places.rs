//! The places of a listener, in memory only: who takes one gives it back by dropping it.

use super::limits::Limits;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The counts of places by somebody's key: an address, a certificate.
#[derive(Debug)]
pub struct KeyedPlaces<K>(Arc<Mutex<HashMap<K, usize>>>);

impl<K> Clone for KeyedPlaces<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K> Default for KeyedPlaces<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone> KeyedPlaces<K> {
    /// Takes a place among those of `whose`, unless it has `most` already.
    pub fn enter(&self, whose: K, most: usize) -> Option<KeyedPlace<K>> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = taken.get(&whose).copied().unwrap_or(0);
        if before >= most {
            return None;
        }
        taken.insert(whose.clone(), before + 1);
        Some(KeyedPlace(self.clone(), whose))
    }
}

/// One of the places that somebody has; others keep theirs.
#[derive(Debug)]
pub struct KeyedPlace<K: Eq + Hash>(KeyedPlaces<K>, K);

impl<K: Eq + Hash> Drop for KeyedPlace<K> {
    fn drop(&mut self) {
        let mut taken = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.1);
            }
        }
    }
}

/// Whom a connection's places are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerStanding {
    /// The holder of a certificate that counts here, by its SHA-256.
    Proven([u8; 32]),
    /// An address, since nothing else is proven.
    Unproven,
}

/// All places of one listener.
pub(super) struct Places {
    limits: Arc<Limits>,
    general: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    handshake_sources: KeyedPlaces<IpAddr>,
    certificates: KeyedPlaces<[u8; 32]>,
    unproven: Arc<Semaphore>,
    unproven_sources: KeyedPlaces<IpAddr>,
    reserved: Arc<Semaphore>,
    reserved_sources: KeyedPlaces<IpAddr>,
    fullness: Arc<Teller>,
}

/// The place of a connection before its handshake is done.
pub(super) enum Entry {
    /// Among all, with a place among the handshakes.
    General { place: OwnedSemaphorePermit, _handshake: (OwnedSemaphorePermit, KeyedPlace<IpAddr>) },
    /// Among those for brakes.
    Reserved(Slot),
}

/// The place of an open connection.
pub struct Slot {
    is_reserved: bool,
    held: Option<Held>,
    fullness: Arc<Teller>,
}

/// What a slot holds, for its drop alone.
#[expect(dead_code, reason = "places are held, not read")]
enum Held {
    Proven(OwnedSemaphorePermit, KeyedPlace<[u8; 32]>),
    Unproven(OwnedSemaphorePermit, OwnedSemaphorePermit, KeyedPlace<IpAddr>),
    Reserved(OwnedSemaphorePermit, KeyedPlace<IpAddr>),
}

impl Slot {
    /// Whether it is one of the places for brakes, where nothing else is served.
    pub fn is_reserved(&self) -> bool {
        self.is_reserved
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // First the place is free, then it is told.
        self.held = None;
        self.fullness.tell();
    }
}

/// How many places a listener has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fullness {
    /// Enough.
    Free,
    /// An eighth of them, or less.
    Nearly,
    /// None.
    Full,
}

/// Hears how many places are left, when that changes.
type Tell = Box<dyn Fn(Fullness) + Send + Sync>;

/// Tells the process how many places its listener has left.
struct Teller {
    /// Each kind of places with how many there are.
    places: Vec<(Arc<Semaphore>, usize)>,
    told: Mutex<Fullness>,
    tell: Tell,
}

impl Teller {
    fn tell(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |(places, all): &(Arc<Semaphore>, usize)| match places.available_permits() {
            0 => Fullness::Full,
            left if left <= all / 8 => Fullness::Nearly,
            _ => Fullness::Free,
        };
        let fullness = self.places.iter().map(left).max().unwrap_or(Fullness::Free);
        if *told != fullness {
            *told = fullness;
            (self.tell)(fullness);
        }
    }
}

impl Places {
    pub(super) fn new(limits: Arc<Limits>, tell: Tell) -> Self {
        let general = Arc::new(Semaphore::new(limits.connections));
        let unproven = Arc::new(Semaphore::new(limits.unproven));
        // Where everybody has to prove something, there are no others.
        let others = (limits.unproven > 0).then(|| (unproven.clone(), limits.unproven));
        let told = std::iter::once((general.clone(), limits.connections)).chain(others).collect();
        Self {
            handshakes: Arc::new(Semaphore::new(limits.handshakes)),
            handshake_sources: KeyedPlaces::default(),
            certificates: KeyedPlaces::default(),
            unproven_sources: KeyedPlaces::default(),
            reserved: Arc::new(Semaphore::new(limits.reserved)),
            reserved_sources: KeyedPlaces::default(),
            fullness: Arc::new(Teller { places: told, told: Mutex::new(Fullness::Free), tell }),
            general,
            unproven,
            limits,
        }
    }

    /// Lets a connection begin its handshake.
    pub(super) fn enter(&self, source: IpAddr) -> Option<Entry> {
        let general = || {
            let place = self.general.clone().try_acquire_owned().ok()?;
            let handshake = self.handshakes.clone().try_acquire_owned().ok()?;
            let own = self.handshake_sources.enter(source, self.limits.handshakes_per_source)?;
            Some(Entry::General { place, _handshake: (handshake, own) })
        };
        let entry = general().or_else(|| self.reserve(source).map(Entry::Reserved));
        self.fullness.tell();
        entry
    }

    /// Gives a connection its place once it is known who it is from.
    pub(super) fn seat(
        &self,
        entry: Entry,
        standing: PeerStanding,
        source: IpAddr,
    ) -> Option<Slot> {
        let place = match &entry {
            Entry::General { .. } => None,
            // A crowd of strangers in the handshake keeps nobody out who has proved something.
            Entry::Reserved(_) if standing != PeerStanding::Unproven => {
                self.general.clone().try_acquire_owned().ok()
            }
            Entry::Reserved(_) => None,
        };
        let (place, _handshake) = match (entry, place) {
            (Entry::General { place, _handshake }, _) => (place, Some(_handshake)),
            (Entry::Reserved(_), Some(place)) => (place, None),
            (Entry::Reserved(slot), None) => return Some(slot),
        };
        let held = match standing {
            PeerStanding::Proven(certificate) => self
                .certificates
                .enter(certificate, self.limits.per_certificate)
                .map(|own| Held::Proven(place, own)),
            PeerStanding::Unproven => {
                self.unproven.clone().try_acquire_owned().ok().and_then(|one| {
                    let own = self.unproven_sources.enter(source, self.limits.per_source)?;
                    Some(Held::Unproven(place, one, own))
                })
            }
        };
        let slot = held.map(|held| self.slot(held)).or_else(|| self.reserve(source));
        self.fullness.tell();
        slot
    }

    fn reserve(&self, source: IpAddr) -> Option<Slot> {
        let place = self.reserved.clone().try_acquire_owned().ok()?;
        let own = self.reserved_sources.enter(source, self.limits.reserved_per_source)?;
        Some(self.slot(Held::Reserved(place, own)))
    }

    fn slot(&self, held: Held) -> Slot {
        let is_reserved = matches!(held, Held::Reserved(..));
        Slot { is_reserved, held: Some(held), fullness: self.fullness.clone() }
    }
}
