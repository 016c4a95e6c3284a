//! Places of calls of the CA for those whom nobody knows yet: who asks for an account, who shows a
//! password or a certificate, and who sends a message of CMP or SCEP. However many of them come,
//! accounts have places of their own, and so have sources that ask for little beside those that ask
//! for much. What may end something has places apart, and so has who waits for the zone of a name:
//! that takes as long as whoever answers for the zone likes, so that places give way there.

use crate::machines::fair_places::{FairPlace, FairPlaces};
use crate::machines::network::{SOURCES_OF_NETWORK, network_of};
use mtls::listen::{KeyedPlace, KeyedPlaces};
use std::time::Duration;

/// Calls for all of them at once; a process makes 384 in all. So many are for the first few of each
/// source, and so many for whatever a source has beyond.
pub(crate) const FIRST_MAX: usize = 64;
pub(crate) const BEYOND_MAX: usize = 224;
/// The first of one source: an address of IPv4, or a /64 of IPv6.
pub(crate) const FIRST_OF_SOURCE_MAX: usize = 4;
/// Those of one source beyond.
pub(crate) const BEYOND_OF_SOURCE_MAX: usize = 92;
/// Ends that no account asks for, all of them at once: by a certificate's own key, or by CMP.
/// Whatever strangers send, accounts have some calls for brakes.
pub(crate) const ENDS_MAX: usize = 48;
/// Those of one source.
pub(crate) const ENDS_OF_SOURCE_MAX: usize = 12;
/// Questions for zones, all of them at once, before the CA is asked.
pub(crate) const ZONES_MAX: usize = 64;
/// Those of one source.
pub(crate) const ZONES_OF_SOURCE_MAX: usize = 12;
/// A zone that takes longer gives way to whoever has fewer of these places.
const ZONES_YOUNG: Duration = Duration::from_secs(1);

/// Messages of SCEP that are opened, or answered, at once.
const OPENINGS: usize = 1;

/// Who of them is asked about.
pub(crate) struct Strangers {
    first: Pool,
    beyond: Pool,
    ends: FairPlaces,
    zones: FairPlaces,
    openings: FairPlaces,
}

impl Default for Strangers {
    fn default() -> Self {
        Self {
            first: Pool::default(),
            beyond: Pool::default(),
            ends: FairPlaces::new((ENDS_OF_SOURCE_MAX, ENDS_MAX), None),
            zones: FairPlaces::new((ZONES_OF_SOURCE_MAX, ZONES_MAX), Some(ZONES_YOUNG)),
            openings: FairPlaces::new((OPENINGS, OPENINGS), None),
        }
    }
}

#[derive(Default)]
struct Pool {
    all: KeyedPlaces<()>,
    networks: KeyedPlaces<u128>,
    sources: KeyedPlaces<u128>,
}

/// A place, until it is dropped.
pub(crate) struct StrangerPlace {
    _all: KeyedPlace<()>,
    _network: KeyedPlace<u128>,
    _source: KeyedPlace<u128>,
}

impl Strangers {
    /// Takes a place for somebody of a source, if there is one.
    pub(crate) fn enter(&self, source: u128) -> Option<StrangerPlace> {
        let first = self.first.enter(source, (FIRST_OF_SOURCE_MAX, FIRST_MAX));
        first.or_else(|| self.beyond.enter(source, (BEYOND_OF_SOURCE_MAX, BEYOND_MAX)))
    }

    /// Waits a while for a place for somebody of a source who may end something: no other question
    /// of strangers takes it, who ends many waits for themselves, and a crowd that asks again and
    /// again is no sooner there than anybody else.
    pub(crate) async fn wait_for_end(&self, source: u128) -> Option<FairPlace> {
        self.ends.enter(source).await
    }

    /// Waits a while for a place for somebody of a source whose names' zones are asked for: whoever
    /// has names in slow zones waits for themselves, takes no call of the CA meanwhile, and gives
    /// way once it is known to be slow.
    pub(crate) async fn wait_for_zones(&self, source: u128) -> Option<FairPlace> {
        self.zones.enter(source).await
    }

    /// Waits a while for a turn with the key for which devices encrypt: whoever sends messages of
    /// SCEP without a pause keeps one thread busy at most, and no other device waiting for long.
    pub(crate) async fn wait_for_opening(&self, source: u128) -> Option<FairPlace> {
        self.openings.enter(source).await
    }
}

impl Pool {
    fn enter(&self, source: u128, (of_source, of_all): (usize, usize)) -> Option<StrangerPlace> {
        let of_network = of_source * SOURCES_OF_NETWORK;
        let _source = self.sources.enter(source, of_source)?;
        let _network = self.networks.enter(network_of(source), of_network)?;
        let _all = self.all.enter((), of_all)?;
        Some(StrangerPlace { _all, _network, _source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listener::{BRAKES_MAX, CALLS_MAX};

    /// A source of a network of its own.
    fn source(number: usize) -> u128 {
        u128::try_from(number).unwrap() << 80
    }

    /// Whoever comes from a few sources and asks for all there is leaves accounts a quarter of the
    /// calls, and others who ask for little a place.
    #[test]
    fn strangers_take_no_calls_of_accounts() {
        const { assert!(FIRST_MAX + BEYOND_MAX <= CALLS_MAX / 4 * 3) };
        let strangers = Strangers::default();
        let mut held = Vec::new();
        for number in 0..4 {
            while let Some(place) = strangers.enter(source(number)) {
                held.push(place);
            }
            let most = FIRST_OF_SOURCE_MAX + BEYOND_OF_SOURCE_MAX;
            assert!(held.len() <= most * (number + 1), "{number}");
        }
        assert_eq!(held.len(), 4 * FIRST_OF_SOURCE_MAX + BEYOND_MAX);
        for number in 10..22 {
            held.push(strangers.enter(source(number)).expect("whoever asks for little"));
        }
        while let Some(place) = strangers.enter(source(held.len() + 100)) {
            held.push(place);
        }
        assert_eq!(held.len(), FIRST_MAX + BEYOND_MAX, "all of them together");
    }

    /// Whoever sends messages that may end something, and has nothing to end, leaves accounts a
    /// quarter of the calls of brakes, and other sources their places.
    #[test]
    fn strangers_take_no_brakes_of_accounts() {
        const { assert!(ENDS_MAX <= BRAKES_MAX / 4 * 3) };
        let strangers = Strangers::default();
        let mut held = Vec::new();
        while let Some(place) = strangers.ends.take(source(1)) {
            held.push(place);
        }
        assert_eq!(held.len(), ENDS_OF_SOURCE_MAX);
        assert!(strangers.enter(source(1)).is_some(), "what ends nothing has places apart");
        for number in 2..100 {
            held.extend(strangers.ends.take(source(number)));
        }
        assert_eq!(held.len(), ENDS_MAX, "all of them together");
        held.remove(0);
        assert!(strangers.ends.take(source(200)).is_some());
    }

    /// Whoever has a network of addresses has the first places of few of them, and leaves those of
    /// other networks.
    #[test]
    fn a_network_takes_no_places_of_others() {
        let strangers = Strangers::default();
        let mut held = Vec::new();
        for number in 0..1_000 {
            held.extend(strangers.enter(source(1) + (number << 64)));
        }
        assert_eq!(held.len(), FIRST_OF_SOURCE_MAX * SOURCES_OF_NETWORK + BEYOND_MAX);
        assert!(strangers.enter(source(2)).is_some());
    }

    /// Whoever has names in slow zones leaves other sources their places, and everybody the calls
    /// of the CA.
    #[test]
    fn slow_zones_take_no_calls_of_others() {
        let strangers = Strangers::default();
        let mut held = Vec::new();
        while let Some(place) = strangers.zones.take(source(1)) {
            held.push(place);
        }
        assert_eq!(held.len(), ZONES_OF_SOURCE_MAX);
        let calls =
            (0..FIRST_OF_SOURCE_MAX + BEYOND_OF_SOURCE_MAX).map(|_| strangers.enter(source(1)));
        assert!(calls.collect::<Vec<_>>().iter().all(Option::is_some));
        for number in 2..100 {
            held.extend(strangers.zones.take(source(number)));
        }
        assert_eq!(held.len(), ZONES_MAX, "all of them together");
        held.remove(0);
        assert!(strangers.zones.take(source(200)).is_some());
    }

    /// However many messages of SCEP come, one is opened at a time: ends by CMP, which the same
    /// process takes, go on beside them.
    #[test]
    fn messages_of_scep_are_opened_one_after_the_other() {
        let strangers = Strangers::default();
        let turn = strangers.openings.take(source(1));
        assert!(turn.is_some() && strangers.openings.take(source(2)).is_none());
        assert!(strangers.ends.take(source(1)).is_some());
        drop(turn);
        assert!(strangers.openings.take(source(2)).is_some());
    }

    /// Who ends many at once is served one after the other.
    #[tokio::test]
    async fn an_end_of_a_stranger_waits_for_its_place() {
        let strangers = Strangers::default();
        let mut held: Vec<_> =
            (0..ENDS_OF_SOURCE_MAX).map(|_| strangers.ends.take(source(1))).collect();
        let ends = async {
            tokio::task::yield_now().await;
            held.pop();
        };
        let (found, ()) = tokio::join!(strangers.wait_for_end(source(1)), ends);
        assert!(found.is_some());
    }
}
