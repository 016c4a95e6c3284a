//! The place of a request among those of its sender that are answered at once. What waits for its
//! client to send more gives it up, and takes one again with the last of it: halves of requests
//! keep no other request of the same address out.

use super::budget::Sender;
use super::places::{KeyedPlace, KeyedShare};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The place of one request.
#[derive(Debug)]
pub(super) struct RequestPlace {
    share: KeyedShare<Sender>,
    most: usize,
    state: Mutex<PlaceState>,
}

#[derive(Debug)]
enum PlaceState {
    /// Its request does not count, yet or any more.
    Outside,
    /// It is held.
    Held { _place: KeyedPlace<Sender> },
    /// Its request waits for its client.
    GivenUp,
    /// All of the sender's were taken.
    Refused,
}

impl RequestPlace {
    /// None yet, of the places of a sender, who has so many.
    pub(super) fn of(share: KeyedShare<Sender>, most: usize) -> Self {
        Self { share, most, state: Mutex::new(PlaceState::Outside) }
    }

    /// The request counts from now on, unless too many of its sender do.
    pub(super) fn take(&self) -> bool {
        let place = self.share.enter(self.most);
        let is_taken = place.is_some();
        *self.state() = place.map_or(PlaceState::Refused, |_place| PlaceState::Held { _place });
        is_taken
    }

    /// The client has to send more: until then its request does not count.
    pub(super) fn give_up(&self) {
        let mut state = self.state();
        if matches!(*state, PlaceState::Held { .. }) {
            *state = PlaceState::GivenUp;
        }
    }

    /// All is here; where the place was given up the request counts again, unless too many do.
    pub(super) fn take_again(&self) -> bool {
        let is_given_up = matches!(*self.state(), PlaceState::GivenUp);
        !is_given_up || self.take()
    }

    /// The request counts among those of another place from now on, unless too many of these do.
    pub(super) fn move_to(&self, other: &Self) -> bool {
        let place = other.share.enter(other.most);
        let is_taken = place.is_some();
        *self.state() = place.map_or(PlaceState::Refused, |_place| PlaceState::Held { _place });
        is_taken
    }

    /// Whether there was no place for the request.
    pub(super) fn was_refused(&self) -> bool {
        matches!(*self.state(), PlaceState::Refused)
    }

    /// The request is answered.
    pub(super) fn leave(&self) {
        let mut state = self.state();
        if matches!(*state, PlaceState::Held { .. } | PlaceState::GivenUp) {
            *state = PlaceState::Outside;
        }
    }

    fn state(&self) -> MutexGuard<'_, PlaceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::places::KeyedPlaces;
    use super::*;

    /// Whoever waits for more takes no place of others, and counts again when all is here.
    #[test]
    fn who_waits_for_more_counts_again_with_the_last_of_it() {
        let all = KeyedPlaces::default();
        let place = || RequestPlace::of(all.of(Sender::Certificate([1; 32])), 1);
        let (first, second, third) = (place(), place(), place());
        first.give_up();
        assert!(first.take() && !second.take(), "what did not count gives nothing up");
        assert!(second.was_refused() && !first.was_refused());
        first.give_up();
        assert!(third.take(), "the place is another's meanwhile");
        assert!(!first.take_again() && first.was_refused());
        third.give_up();
        assert!(third.take_again(), "it is free again");
        assert!(third.take_again(), "what is held is held once");
        third.leave();
        assert!(third.take_again() && !third.was_refused(), "what is answered takes nothing");
        assert!(place().take());
    }
}
