//! How often each gate is handed the same again. Snapshot, rules and list are many megabytes; an
//! honest gate asks for each once. One that was captured says each time that it has nothing, on
//! every connection it may have, and whoever hands that out would be late with losses for all
//! others. Nothing is kept from it: it waits.

use mtls::listen::{KeyedPlace, KeyedPlaces};
use records::Code;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Polls of one gate at once; it has one, and those of connections that broke beside it.
const PLACES: usize = 8;
/// So often within a minute a gate is handed what it was handed already, and waits for nothing.
const AGAIN_OF_MINUTE_MAX: u32 = 30;
/// So long each further poll within that minute waits before it is looked at.
const WAIT: Duration = Duration::from_secs(2);

/// The polls of each gate; in memory alone.
pub(super) struct WorldPolls {
    places: KeyedPlaces<String>,
    handed: Mutex<BTreeMap<String, Handed>>,
    began: Instant,
}

/// What a gate was handed last, by the count of what is new, and how often again in which minute.
#[derive(Clone, Copy, Default)]
struct Handed {
    news: Option<u64>,
    again: u32,
    minute: u64,
}

impl Default for WorldPolls {
    fn default() -> Self {
        Self { places: KeyedPlaces::default(), handed: Mutex::default(), began: Instant::now() }
    }
}

impl WorldPolls {
    /// A place for a poll of a gate, and how long it waits.
    pub(super) fn enter(&self, agent: &str) -> Result<(KeyedPlace<String>, Duration), Code> {
        let place = self.places.enter(agent.to_owned(), PLACES).ok_or(Code::TooBusy)?;
        Ok((place, self.wait_at(agent, self.minute())))
    }

    /// Notes that a gate was handed a snapshot, rules or a list.
    pub(super) fn handed(&self, agent: &str, news: u64) {
        self.handed_at(agent, news, self.minute());
    }

    fn minute(&self) -> u64 {
        self.began.elapsed().as_secs() / 60
    }

    fn wait_at(&self, agent: &str, minute: u64) -> Duration {
        let handed = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
        let beyond = handed
            .get(agent)
            .is_some_and(|handed| handed.minute == minute && handed.again > AGAIN_OF_MINUTE_MAX);
        if beyond { WAIT } else { Duration::ZERO }
    }

    fn handed_at(&self, agent: &str, news: u64, minute: u64) {
        let mut all = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
        let handed = all.entry(agent.to_owned()).or_default();
        if handed.minute != minute {
            *handed = Handed { minute, again: 0, ..*handed };
        }
        match handed.news == Some(news) {
            true => handed.again = handed.again.saturating_add(1),
            false => handed.news = Some(news),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gate that says again and again that it has nothing waits; others, and one that is handed
    /// what is new each time, do not.
    #[test]
    fn a_gate_that_wants_the_same_again_waits() {
        let polls = WorldPolls::default();
        for _ in 0..=AGAIN_OF_MINUTE_MAX {
            assert_eq!(polls.wait_at("captured", 7), Duration::ZERO);
            polls.handed_at("captured", 3, 7);
        }
        polls.handed_at("captured", 3, 7);
        assert_eq!(polls.wait_at("captured", 7), WAIT);
        assert_eq!(polls.wait_at("captured", 8), Duration::ZERO, "in the next minute");
        assert_eq!(polls.wait_at("other", 7), Duration::ZERO);
        for news in 0..10 * u64::from(AGAIN_OF_MINUTE_MAX) {
            polls.handed_at("honest", news, 7);
            assert_eq!(polls.wait_at("honest", 7), Duration::ZERO);
        }
    }

    /// A captured gate holds few polls, and none of another's.
    #[test]
    fn a_gate_has_so_many_polls_and_takes_none_of_others() {
        let polls = WorldPolls::default();
        let held: Vec<_> = (0..2 * PLACES).map_while(|_| polls.enter("captured").ok()).collect();
        assert_eq!(held.len(), PLACES);
        assert_eq!(polls.enter("captured").err(), Some(Code::TooBusy));
        assert!(polls.enter("other").is_ok());
        drop(held);
        assert!(polls.enter("captured").is_ok(), "a place is given back");
    }
}
