//! Places of calls of the CA for those whom nobody knows yet: who asks for an account, and who
//! shows a password. However many of them come, accounts have places of their own, and so has each
//! source of them.

use mtls::listen::{KeyedPlace, KeyedPlaces};

/// Calls for all of them at once; a process makes 384 in all.
pub(crate) const AT_ONCE_MAX: usize = 288;
/// Those of one source: an address of IPv4, or a /64 of IPv6.
pub(crate) const OF_SOURCE_MAX: usize = 96;

/// Who of them is asked about.
#[derive(Default)]
pub(crate) struct Strangers {
    all: KeyedPlaces<()>,
    sources: KeyedPlaces<u128>,
}

/// A place, until it is dropped.
pub(crate) struct StrangerPlace {
    _all: KeyedPlace<()>,
    _source: KeyedPlace<u128>,
}

impl Strangers {
    /// Takes a place for somebody of a source, if there is one.
    pub(crate) fn enter(&self, source: u128) -> Option<StrangerPlace> {
        let own = self.sources.enter(source, OF_SOURCE_MAX)?;
        let all = self.all.enter((), AT_ONCE_MAX)?;
        Some(StrangerPlace { _all: all, _source: own })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listener::CALLS_MAX;

    /// Whoever comes from many sources leaves accounts a quarter of the calls.
    #[test]
    fn strangers_take_no_calls_of_accounts() {
        assert!(AT_ONCE_MAX <= CALLS_MAX / 4 * 3);
        let strangers = Strangers::default();
        let mut held = Vec::new();
        for source in 0..3 {
            held.extend((0..OF_SOURCE_MAX).map(|_| strangers.enter(source).unwrap()));
            assert!(strangers.enter(source).is_none(), "a source has its own");
        }
        assert!(strangers.enter(9).is_none(), "all of them together");
        held.pop();
        assert!(strangers.enter(9).is_some());
    }
}
