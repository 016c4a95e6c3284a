//! Turns of those who suspend. One suspension is judged and kept at a time: each sees whom those
//! before it leave to release it. Whoever sends many at once waits among their own, and has one
//! place among all.

use std::hash::{BuildHasher, RandomState};
use tokio::sync::{Mutex, MutexGuard};

/// Those who suspend are told apart by so many places; who shares one with whom, nobody chooses.
const OWN_PLACES: usize = 256;

/// A turn, until it is dropped: among all, and among what the same sent.
pub(super) type Turn<'a> = (MutexGuard<'a, ()>, Option<MutexGuard<'a, ()>>);

/// Whose turn it is.
pub(super) struct Turns {
    all: Mutex<()>,
    own: Vec<Mutex<()>>,
    places: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        let own = std::iter::repeat_with(Mutex::default).take(OWN_PLACES).collect();
        Self { all: Mutex::default(), own, places: RandomState::new() }
    }
}

impl Turns {
    /// Waits for the turn of whoever has this letter or certificate.
    pub(super) async fn of(&self, who: &[u8]) -> Turn<'_> {
        let own = match self.own.get(self.place(who)) {
            Some(own) => Some(own.lock().await),
            None => None,
        };
        (self.all.lock().await, own)
    }

    fn place(&self, who: &[u8]) -> usize {
        self.places.hash_one(who) as usize % OWN_PLACES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Whoever comes behind many of somebody else waits for one of them.
    #[tokio::test]
    async fn who_suspends_much_waits_among_their_own() {
        let turns = Arc::new(Turns::default());
        let much = "much".to_owned();
        let mut names = (0..).map(|count| format!("one {count}"));
        let is_apart = |one: &String| turns.place(one.as_bytes()) != turns.place(much.as_bytes());
        let one = names.find(is_apart).unwrap();
        let held = turns.of(much.as_bytes()).await;
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        for who in [&much, &much, &much, &one] {
            let (turns, order, who) = (turns.clone(), order.clone(), who.clone());
            waiting.push(tokio::spawn(async move {
                let _turn = turns.of(who.as_bytes()).await;
                order.lock().unwrap().push(who);
            }));
            tokio::task::yield_now().await;
        }
        assert!(order.lock().unwrap().is_empty());
        drop(held);
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [one, much.clone(), much.clone(), much]);
    }
}
