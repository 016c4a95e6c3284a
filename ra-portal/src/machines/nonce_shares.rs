//! Who uses up nonces: a system has a share of them, and so has each source of those whom nobody
//! knows, so that one client in a loop, or one stranger, shuts out nobody else. Nor do many of them
//! together: a source uses a few, however many others do, and a network has the share of four.

use crate::machines::network::network_of;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Most used nonces that are kept; beyond them a system signs a few times, and nobody else, until
/// some count no more.
pub(crate) const KEPT_MAX: u64 = 4_000_000;
/// Those that are kept of what no account signed: everybody can make a key, and sign with it.
pub(crate) const OF_STRANGERS_MAX: u64 = 2_000_000;
const _: () = assert!(OF_STRANGERS_MAX <= KEPT_MAX / 2);
/// Those that the accounts of a system use within an hour.
pub(crate) const OF_SYSTEM_MAX: u64 = 1_000_000;
/// A system uses so many, however many others do.
pub(crate) const OF_SYSTEM_LEAST: u64 = 1_000;
/// Those that a source uses within an hour: an address of IPv4 or a /64 of IPv6.
pub(crate) const OF_SOURCE_MAX: u64 = 31_250;
/// A source uses so many, however many others do.
pub(crate) const OF_SOURCE_LEAST: u64 = 16;
/// Those that all sources of a network use within an hour, but for these few: a /24 of IPv4 or a
/// /48 of IPv6.
pub(crate) const OF_NETWORK_MAX: u64 = 125_000;
/// Sources that are told apart within an hour; all others are one.
pub(crate) const SOURCES_MAX: usize = 65_536;
/// Those of a network, of which all others are one.
pub(crate) const SOURCES_OF_NETWORK_MAX: usize = 256;

const HOUR_SECONDS: u64 = 3_600;

/// Whose signature uses a nonce.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NonceUser {
    /// That of an account of this system.
    System(String),
    /// That of a key that nobody knows, from this source.
    Stranger(u128),
}

/// How many each of them used in the hour that is.
#[derive(Default)]
pub(crate) struct NonceShares(Mutex<Hour>);

#[derive(Default)]
struct Hour {
    hour: u64,
    used: BTreeMap<NonceUser, u64>,
    sources: usize,
    networks: BTreeMap<u128, NetworkUse>,
}

/// What all sources of a network used, and how many of them are told apart.
#[derive(Clone, Copy, Default)]
struct NetworkUse {
    used: u64,
    sources: usize,
}

impl NonceShares {
    /// Counts one of somebody at a time (unix seconds) while so many are kept; false where there is
    /// none left.
    pub(crate) fn take(&self, user: &NonceUser, kept: u64, now: u64) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.hour != now / HOUR_SECONDS {
            *held = Hour { hour: now / HOUR_SECONDS, ..Hour::default() };
        }
        let user = held.told_apart(user);
        let own = held.used.get(&user).copied().unwrap_or_default();
        let NonceUser::Stranger(source) = &user else {
            return held.count(&user, own, of_system_has_room(own, kept));
        };
        let network = network_of(*source);
        let mut of_network = held.networks.get(&network).copied().unwrap_or_default();
        let has_room = of_source_has_room((own, of_network.used), kept);
        if has_room {
            of_network.used += 1;
            if own == 0 {
                of_network.sources += 1;
                held.sources += 1;
            }
            held.networks.insert(network, of_network);
        }
        held.count(&user, own, has_room)
    }
}

impl Hour {
    /// Who counts for a user: sources beyond those that are told apart are that of their network,
    /// or that of no address.
    fn told_apart(&self, user: &NonceUser) -> NonceUser {
        let NonceUser::Stranger(source) = user else { return user.clone() };
        if self.used.contains_key(user) {
            return user.clone();
        }
        let network = network_of(*source);
        let is_full = |known: &NetworkUse| known.sources >= SOURCES_OF_NETWORK_MAX;
        if self.sources >= SOURCES_MAX {
            NonceUser::Stranger(0)
        } else if self.networks.get(&network).is_some_and(is_full) {
            NonceUser::Stranger(network)
        } else {
            user.clone()
        }
    }

    fn count(&mut self, user: &NonceUser, own: u64, has_room: bool) -> bool {
        if has_room {
            self.used.insert(user.clone(), own + 1);
        }
        has_room
    }
}

fn of_system_has_room(own: u64, kept: u64) -> bool {
    own < OF_SYSTEM_LEAST || own < OF_SYSTEM_MAX && kept < KEPT_MAX
}

fn of_source_has_room((own, of_network): (u64, u64), kept: u64) -> bool {
    let of_all = of_network < OF_NETWORK_MAX && kept < OF_STRANGERS_MAX;
    own < OF_SOURCE_LEAST || own < OF_SOURCE_MAX && of_all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(id: &str) -> NonceUser {
        NonceUser::System(id.to_owned())
    }

    /// The source of this subnet of a network of IPv6.
    fn source(network: u128, subnet: u128) -> NonceUser {
        NonceUser::Stranger((0x2001 << 112) | (network << 80) | (subnet << 64))
    }

    #[test]
    fn strangers_leave_accounts_room() {
        let full = |kept| (OF_SOURCE_LEAST, kept);
        let takes = |(own, kept)| of_source_has_room((own, 0), kept);
        assert!(takes(full(OF_STRANGERS_MAX - 1)) && !takes(full(OF_STRANGERS_MAX)));
        assert!(takes((OF_SOURCE_LEAST - 1, OF_STRANGERS_MAX)), "a few of each");
        assert!(of_system_has_room(OF_SYSTEM_LEAST, OF_STRANGERS_MAX));
        assert!(of_system_has_room(OF_SYSTEM_LEAST, KEPT_MAX - 1));
        assert!(!of_system_has_room(OF_SYSTEM_LEAST, KEPT_MAX));
    }

    /// A system in a loop, and a source that makes keys, use up their own.
    #[test]
    fn nobody_uses_up_the_nonces_of_others() {
        let shares = NonceShares::default();
        assert!(!of_system_has_room(OF_SYSTEM_MAX, 0));
        assert!(of_system_has_room(0, KEPT_MAX), "a few of each, however many others use");
        let (one, other) = (source(1, 1), source(1, 2));
        for _ in 0..OF_SOURCE_MAX {
            assert!(shares.take(&one, 0, 7_200));
        }
        assert!(!shares.take(&one, 0, 7_201));
        assert!(shares.take(&other, 0, 7_201), "another source");
        assert!(shares.take(&system("a"), 0, 7_201));
        assert!(shares.take(&one, 0, 10_800), "the next hour");
        // However many sources there are, so many are told apart.
        for number in 0..=SOURCES_MAX as u128 {
            assert!(shares.take(&source(100 + number, 0), 0, 10_800));
        }
        let held = shares.0.lock().unwrap();
        assert!(
            held.used.len() <= SOURCES_MAX + 1 && held.used.contains_key(&NonceUser::Stranger(0))
        );
    }

    /// Whoever has a whole network uses up the share of four sources and takes the names of few;
    /// another source, and a new one of that network, have what each has.
    #[test]
    fn a_network_uses_up_its_own_nonces() {
        let shares = NonceShares::default();
        assert!(shares.take(&source(7, 1), 0, 7_200) && shares.take(&source(8, 1), 0, 7_200));
        let NonceUser::Stranger(bits) = source(7, 1) else { panic!("a stranger") };
        {
            let mut held = shares.0.lock().unwrap();
            let of_network = held.networks.get_mut(&network_of(bits)).unwrap();
            assert_eq!((of_network.used, of_network.sources), (1, 1));
            of_network.used = OF_NETWORK_MAX;
        }
        let of = |one: &NonceUser| (0..100).filter(|_| shares.take(one, 0, 7_200)).count() as u64;
        assert_eq!(of(&source(7, 1)), OF_SOURCE_LEAST - 1);
        assert_eq!(of(&source(7, 2)), OF_SOURCE_LEAST, "a few of each");
        assert_eq!(of(&source(8, 1)), 100, "another network");
        for subnet in 0..10_000 {
            shares.take(&source(7, 1_000 + subnet), 0, 7_200);
        }
        let told_apart = shares.0.lock().unwrap().used.len();
        assert!(told_apart <= SOURCES_OF_NETWORK_MAX + 2, "{told_apart}");
    }
}
