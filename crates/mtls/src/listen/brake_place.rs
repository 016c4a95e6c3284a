//! What came in among brakes and is none, as whoever reads it finds: an address of CMP takes both.
//! It counts among all other requests from then on, and keeps no brake out.

use super::budget::{Budget, Portion};
use super::pace::RequestCharge;
use super::request_place::RequestPlace;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The place of a request that came in among brakes; each of them carries it.
#[derive(Clone)]
pub struct BrakePlace {
    charge: RequestCharge,
    /// What all other requests have; nothing where the connection is for brakes alone.
    others: Option<(Arc<RequestPlace>, Arc<Budget>)>,
    left: Arc<Mutex<Option<Arc<Portion>>>>,
}

impl BrakePlace {
    /// One of a request that takes so much.
    pub(super) fn of(charge: &RequestCharge, others: Option<(RequestPlace, Arc<Budget>)>) -> Self {
        let others = others.map(|(place, bodies)| (Arc::new(place), bodies));
        Self { charge: charge.clone(), others, left: Arc::default() }
    }

    /// Whoever read the request, all of it, says that it is no brake; false where there is no room
    /// for it among all others.
    pub fn leave(&self) -> bool {
        let Some((place, bodies)) = &self.others else { return false };
        let mut left = self.left();
        if left.is_none() && self.charge.place.move_to(place) {
            *left = self.charge.portion.move_to(bodies);
        }
        left.is_some()
    }

    /// Whether it counts among all others by now.
    pub(super) fn was_left(&self) -> bool {
        self.left().is_some()
    }

    fn left(&self) -> MutexGuard<'_, Option<Arc<Portion>>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::Sender;
    use super::super::places::KeyedPlaces;
    use super::*;
    use std::net::IpAddr;

    /// Whatever somebody sends to an address of brakes, once it is read and is none it takes no
    /// place and no bytes of a brake behind the same address of the net, however long its answer
    /// takes; it waits for its turn as all else does. On a connection for brakes it has no place.
    #[test]
    fn what_is_no_brake_leaves_the_brakes() {
        let stranger = Sender::Source(IpAddr::from([192, 0, 2, 1]).into());
        let (brakes, others) = (KeyedPlaces::default(), KeyedPlaces::default());
        let [of_brakes, of_others] = [3_200; 2].map(Budget::of_requests);
        let place = |of: &KeyedPlaces<Sender>| RequestPlace::of(of.of(stranger), 1);
        let comes = || RequestCharge::new(of_brakes.portion(stranger), place(&brakes));
        let ordinary = || Some((place(&others), of_others.clone()));
        let first = comes();
        assert!(first.portion.take(100) && first.place.take());
        let revocation = comes();
        assert!(!revocation.portion.take(100) && !revocation.place.take());

        let read = BrakePlace::of(&first, ordinary());
        assert!(!read.was_left() && read.leave() && read.was_left() && read.leave());
        let revocation = comes();
        assert!(revocation.portion.take(100) && revocation.place.take());
        drop(revocation);

        let second = comes();
        assert!(second.portion.take(100) && second.place.take());
        let crowded = BrakePlace::of(&second, ordinary());
        assert!(!crowded.leave() && second.place.was_refused(), "the first has all of them");
        drop((first, read));
        let third = comes();
        assert!(!third.portion.take(100) && third.place.take());
        assert!(!BrakePlace::of(&third, None).leave(), "nothing else is served there");
        drop((second, crowded));
        let fourth = comes();
        assert!(fourth.portion.take(100), "what is over is given back");
        assert!(BrakePlace::of(&third, ordinary()).leave());
    }
}
