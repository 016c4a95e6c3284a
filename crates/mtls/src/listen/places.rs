//! The places of a listener, in memory only: who takes one gives it back by dropping it.
//!
//! Places are of four kinds that share nothing: handshakes, connections that proved something,
//! those that proved nothing, and those for brakes. Where a kind is full, whoever has fewer places
//! than another takes one of that other's that holds no whole request, or nothing but answers that
//! are not taken: so nobody keeps others out by holding many, or by beginning what they never end.

use super::activity::Activity;
use super::budget::{Budget, Sender};
use super::limits::{Limits, SOURCES_OF_NETWORK};
use super::occupancy::{Occupancy, PlaceLimits, PlaceOwner};
use super::request_place::RequestPlace;
use super::source::Source;
use super::taken_back::TakenBack;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

/// The counts of places by somebody's key: a certificate.
#[derive(Debug)]
pub struct KeyedPlaces<K: Eq + Hash>(Arc<Mutex<HashMap<K, Weak<Taken<K>>>>>);

impl<K: Eq + Hash> Clone for KeyedPlaces<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Eq + Hash> Default for KeyedPlaces<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone> KeyedPlaces<K> {
    /// Takes a place among those of `whose`, unless it has `most` already.
    pub fn enter(&self, whose: K, most: usize) -> Option<KeyedPlace<K>> {
        self.of(whose).enter(most)
    }

    /// The places of one, for whoever takes many of them.
    pub fn of(&self, whose: K) -> KeyedShare<K> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = all.get(&whose).and_then(Weak::upgrade) {
            return KeyedShare(taken);
        }
        let (count, of) = (AtomicUsize::new(0), self.clone());
        let taken = Arc::new(Taken { whose: whose.clone(), count, of });
        all.insert(whose, Arc::downgrade(&taken));
        KeyedShare(taken)
    }
}

/// The places that one has: who holds this takes them without a look at those of others.
#[derive(Debug)]
pub struct KeyedShare<K: Eq + Hash>(Arc<Taken<K>>);

impl<K: Eq + Hash> KeyedShare<K> {
    /// Takes one, unless `most` are taken already.
    pub fn enter(&self, most: usize) -> Option<KeyedPlace<K>> {
        let one_more = |count| (count < most).then_some(count + 1);
        let count = &self.0.count;
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(KeyedPlace(self.0.clone()))
    }
}

/// How many places are taken of one, known as long as somebody holds a share or a place.
#[derive(Debug)]
struct Taken<K: Eq + Hash> {
    whose: K,
    count: AtomicUsize,
    of: KeyedPlaces<K>,
}

impl<K: Eq + Hash> Drop for Taken<K> {
    fn drop(&mut self) {
        let mut all = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody may hold another one by now.
        if all.get(&self.whose).is_some_and(|taken| taken.strong_count() == 0) {
            all.remove(&self.whose);
        }
    }
}

/// One of the places that somebody has; others keep theirs.
#[derive(Debug)]
pub struct KeyedPlace<K: Eq + Hash>(Arc<Taken<K>>);

impl<K: Eq + Hash> Drop for KeyedPlace<K> {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whom a connection's places are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerStanding {
    /// The holder of a certificate that counts here now.
    Proven {
        /// The certificate is named by its SHA-256.
        certificate: [u8; 32],
        /// How many connections it may have.
        most: usize,
    },
    /// A source, since nothing else is proven.
    Unproven,
}

/// The kinds of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Handshake,
    Proven,
    Unproven,
    Reserved,
}

/// All places of one listener.
pub(super) struct Places {
    limits: Arc<Limits>,
    seated: Arc<Seated>,
}

struct Seated {
    rows: Mutex<Occupancies>,
    fullness: Teller,
    bodies: Arc<Budget>,
    /// Bodies of brakes, which those of others cannot take.
    brakes: Arc<Budget>,
    answers: Arc<Budget>,
    answers_to_strangers: Arc<Budget>,
    /// Requests that are answered now, and apart from them brakes, which no others keep out.
    requests: KeyedPlaces<Sender>,
    requests_of_brakes: KeyedPlaces<Sender>,
    requests_of_one: usize,
    requests_of_source: usize,
    taken_back: TakenBack,
}

/// The places of each kind.
struct Occupancies {
    handshakes: Occupancy,
    proven: Occupancy,
    unproven: Occupancy,
    reserved: Occupancy,
}

impl Occupancies {
    fn of(&mut self, kind: Kind) -> &mut Occupancy {
        match kind {
            Kind::Handshake => &mut self.handshakes,
            Kind::Proven => &mut self.proven,
            Kind::Unproven => &mut self.unproven,
            Kind::Reserved => &mut self.reserved,
        }
    }
}

/// The place of a connection.
pub struct Slot {
    kind: Kind,
    number: u64,
    activity: Arc<Activity>,
    seated: Arc<Seated>,
}

impl Slot {
    /// Whether it is one of the places for brakes, where nothing else is served.
    pub fn is_reserved(&self) -> bool {
        self.kind == Kind::Reserved
    }

    /// What goes on on the connection; its end comes from here when somebody else takes the place.
    pub fn activity(&self) -> Arc<Activity> {
        self.activity.clone()
    }

    /// The bytes of requests that the listener holds, or those of brakes.
    pub(super) fn bodies(&self, of_brakes: bool) -> &Arc<Budget> {
        if of_brakes { &self.seated.brakes } else { &self.seated.bodies }
    }

    /// The place of one more request of whose connection it is, among those of brakes or of others.
    pub(super) fn request(&self, sender: Sender, is_brake: bool) -> RequestPlace {
        let Seated { requests, requests_of_brakes, .. } = &*self.seated;
        let most = match sender {
            Sender::Certificate(_) => self.seated.requests_of_one,
            Sender::Source(_) => self.seated.requests_of_source,
        };
        RequestPlace::of(if is_brake { requests_of_brakes } else { requests }.of(sender), most)
    }

    /// Counts a request that its client took back before it was answered, by the address that it
    /// came from; says whether so many may be.
    pub fn allows_taking_back(&self, address: IpAddr) -> bool {
        self.allows_taking_back_of(Sender::Source(address.into()))
    }

    /// The same by whose connection it is.
    pub(super) fn allows_taking_back_of(&self, sender: Sender) -> bool {
        self.seated.taken_back.allows(sender, Instant::now())
    }

    /// The bytes of answers to a sender that are not taken yet.
    pub(super) fn answers(&self, sender: Sender) -> &Arc<Budget> {
        match sender {
            Sender::Certificate(_) => &self.seated.answers,
            Sender::Source(_) => &self.seated.answers_to_strangers,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // First the place is free, then it is told.
        self.seated.rows().of(self.kind).leave(self.number);
        self.seated.tell();
    }
}

/// How many places a listener has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fullness {
    /// There are places enough.
    Free,
    /// An eighth of them, or less.
    Nearly,
    /// There is no place left.
    Full,
}

/// Hears how many places are left, when that changes.
type Tell = Box<dyn Fn(Fullness) + Send + Sync>;

/// Tells the process how many places its listener has left.
struct Teller {
    told: Mutex<Fullness>,
    tell: Tell,
}

impl Seated {
    fn rows(&self) -> std::sync::MutexGuard<'_, Occupancies> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        let mut told = self.fullness.told.lock().unwrap_or_else(PoisonError::into_inner);
        let fullness = {
            let rows = self.rows();
            left(&rows.proven).max(left(&rows.unproven))
        };
        if *told != fullness {
            *told = fullness;
            (self.fullness.tell)(fullness);
        }
    }
}

/// A kind that has no places at all is never full.
fn left(row: &Occupancy) -> Fullness {
    match (row.most(), row.left()) {
        (0, _) => Fullness::Free,
        (_, 0) => Fullness::Full,
        (most, left) if left <= most / 8 => Fullness::Nearly,
        _ => Fullness::Free,
    }
}

impl Places {
    pub(super) fn new(limits: Arc<Limits>, tell: Tell) -> Self {
        let rows = Occupancies {
            handshakes: Occupancy::new(limits.handshakes),
            proven: Occupancy::new(limits.proven),
            unproven: Occupancy::new(limits.unproven),
            reserved: Occupancy::new(limits.reserved),
        };
        let fullness = Teller { told: Mutex::new(Fullness::Free), tell };
        let [bodies, brakes] = [limits.body_bytes; 2].map(Budget::of_requests);
        let (answers, answers_to_strangers) =
            (Budget::of_answers(), Budget::of_answers_to_strangers());
        let seated = Seated {
            rows: Mutex::new(rows),
            fullness,
            bodies,
            brakes,
            answers,
            answers_to_strangers,
            requests: KeyedPlaces::default(),
            requests_of_brakes: KeyedPlaces::default(),
            requests_of_one: limits.requests_of_one,
            requests_of_source: limits.requests_of_source,
            taken_back: TakenBack::default(),
        };
        Self { limits, seated: Arc::new(seated) }
    }

    /// Lets a connection begin its handshake.
    pub(super) fn enter(&self, source: Source) -> Option<Slot> {
        let activity = Arc::new(Activity::default());
        let whose = PlaceOwner { source, certificate: None };
        let of_source = self.limits.handshakes_per_source;
        let slot = self
            .take(Kind::Handshake, whose, of_source, usize::MAX, &activity)
            .or_else(|| self.reserve(source, &activity));
        self.seated.tell();
        slot
    }

    /// Gives a connection its place once it is known who it is from.
    pub(super) fn seat(&self, entry: Slot, standing: PeerStanding, source: Source) -> Option<Slot> {
        let activity = entry.activity();
        let slot = match standing {
            PeerStanding::Proven { certificate, most } => {
                let whose = PlaceOwner { source, certificate: Some(certificate) };
                let of_source = self.limits.proven_per_source;
                self.take(Kind::Proven, whose, of_source, most, &activity)
            }
            // A stranger who came in by a place for brakes asks for one.
            PeerStanding::Unproven if entry.is_reserved() => None,
            PeerStanding::Unproven => {
                let whose = PlaceOwner { source, certificate: None };
                let of_source = self.limits.per_source;
                self.take(Kind::Unproven, whose, of_source, usize::MAX, &activity)
            }
        };
        let may_brake = standing != PeerStanding::Unproven || self.limits.reserved_for_strangers;
        let slot = match slot {
            None if !may_brake => None,
            None if entry.is_reserved() => return Some(entry),
            None => self.reserve(source, &activity),
            slot => slot,
        };
        drop(entry);
        self.seated.tell();
        slot
    }

    fn reserve(&self, source: Source, activity: &Arc<Activity>) -> Option<Slot> {
        let whose = PlaceOwner { source, certificate: None };
        let of_source = self.limits.reserved_per_source;
        self.take(Kind::Reserved, whose, of_source, usize::MAX, activity)
    }

    fn take(
        &self,
        kind: Kind,
        whose: PlaceOwner,
        of_source: usize,
        of_certificate: usize,
        activity: &Arc<Activity>,
    ) -> Option<Slot> {
        let of_network = of_source.saturating_mul(SOURCES_OF_NETWORK);
        let most = PlaceLimits { of_source, of_network, of_certificate };
        let number = self.seated.rows().of(kind).enter(whose, most, activity)?;
        let (activity, seated) = (activity.clone(), self.seated.clone());
        Some(Slot { kind, number, activity, seated })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each has its own places, whoever takes them by whichever share; they are forgotten with the
    /// last one who holds something of them, and not before.
    #[test]
    fn places_of_one_are_counted_together() {
        let places = KeyedPlaces::default();
        let known = || places.0.lock().unwrap().len();
        let (one, same, other) = (places.of(1), places.of(1), places.of(2));
        assert_eq!(known(), 2);
        let first = one.enter(2).unwrap();
        let second = same.enter(2).unwrap();
        assert!(one.enter(2).is_none() && same.enter(2).is_none());
        assert!(places.enter(1, 2).is_none());
        assert!(other.enter(1).is_some() && places.enter(3, 1).is_some());
        assert_eq!(known(), 2, "a place that nobody holds is forgotten");
        drop(first);
        let third = places.enter(1, 2).unwrap();
        drop((one, same, other));
        assert_eq!(known(), 1, "two places of one are left");
        assert!(places.of(1).enter(2).is_none());
        drop((second, third));
        assert_eq!(known(), 0);
        assert!(places.of(1).enter(1).is_some());
    }
}
