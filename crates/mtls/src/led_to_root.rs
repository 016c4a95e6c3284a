//! Chains that led to the pinned root: a client that connects to the same server again need
//! not verify the same certificates again, as long as none of them has ended. Whether the server
//! has the key is asked at each connection all the same.

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Chains that are remembered; a client speaks to few servers.
const CHAINS_MAX: usize = 8;

/// What a server showed, and for which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    certificates: Vec<Vec<u8>>,
    name: ServerName<'static>,
}

impl Chain {
    pub(crate) fn of(
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
    ) -> Self {
        let all = std::iter::once(leaf).chain(intermediates);
        Self { certificates: all.map(|one| one.to_vec()).collect(), name: name.to_owned() }
    }

    /// When the first of its certificates ends, unix.
    fn ends(&self) -> Option<u64> {
        let ends = |der: &Vec<u8>| Some(pki::Certificate::read(der).ok()?.not_after());
        let ends: Option<Vec<u64>> = self.certificates.iter().map(ends).collect();
        ends?.into_iter().min()
    }
}

/// Chains that led to the root, the newest last.
#[derive(Debug, Default)]
pub(crate) struct LedToRoot(Mutex<VecDeque<(Chain, Times)>>);

/// From when to when a chain is believed: from when it was verified until the first of its
/// certificates ends.
#[derive(Clone, Copy, Debug)]
struct Times {
    since: u64,
    until: u64,
}

impl LedToRoot {
    pub(crate) fn has(&self, chain: &Chain, now: UnixTime) -> bool {
        let now = now.as_secs();
        let holds = |times: &Times| (times.since..=times.until).contains(&now);
        self.chains().iter().any(|(known, times)| known == chain && holds(times))
    }

    /// Remembers a chain that was verified now.
    pub(crate) fn remember(&self, chain: Chain, now: UnixTime) {
        if let Some(until) = chain.ends() {
            self.keep(chain, Times { since: now.as_secs(), until });
        }
    }

    fn keep(&self, chain: Chain, times: Times) {
        let mut chains = self.chains();
        chains.retain(|(known, _)| *known != chain);
        chains.push_back((chain, times));
        while chains.len() > CHAINS_MAX {
            chains.pop_front();
        }
    }

    fn chains(&self) -> MutexGuard<'_, VecDeque<(Chain, Times)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn chain(leaf: u8, root: u8, name: &'static str) -> Chain {
        let [leaf, root] = [leaf, root].map(|byte| CertificateDer::from(vec![byte]));
        Chain::of(&leaf, &[root], &ServerName::try_from(name).unwrap())
    }

    #[test]
    fn only_the_very_chain_is_believed_again_and_until_it_ends() {
        let led = LedToRoot::default();
        let at = |second| UnixTime::since_unix_epoch(Duration::from_secs(second));
        led.keep(chain(1, 2, "localhost"), Times { since: 100, until: 200 });
        for (chain, second, holds) in [
            (chain(1, 2, "localhost"), 100, true),
            (chain(1, 2, "localhost"), 200, true),
            (chain(1, 2, "localhost"), 201, false),
            (chain(1, 2, "localhost"), 99, false),
            (chain(3, 2, "localhost"), 150, false),
            (chain(1, 3, "localhost"), 150, false),
            (chain(1, 2, "example.org"), 150, false),
        ] {
            assert_eq!(led.has(&chain, at(second)), holds, "{chain:?} {second}");
        }
        for root in 0..=u8::try_from(CHAINS_MAX).unwrap() {
            led.keep(chain(9, root, "localhost"), Times { since: 100, until: 200 });
        }
        assert!(!led.has(&chain(1, 2, "localhost"), at(150)), "the oldest leaves");
        led.remember(chain(1, 2, "localhost"), at(150));
        assert!(!led.has(&chain(1, 2, "localhost"), at(150)), "what is no certificate has no end");
    }
}
