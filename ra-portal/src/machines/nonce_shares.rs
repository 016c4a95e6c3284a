//! Who uses up nonces: a system has a share of them, and so has each source of those whom nobody
//! knows, so that one client in a loop, or one stranger, shuts out nobody else.

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
/// Sources that are told apart within an hour; all others are one.
pub(crate) const SOURCES_MAX: usize = 65_536;

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
        if !has_room(&user, own, kept) {
            return false;
        }
        if own == 0 && matches!(user, NonceUser::Stranger(_)) {
            held.sources += 1;
        }
        held.used.insert(user, own + 1);
        true
    }
}

impl Hour {
    /// Sources beyond those that are told apart are the one of no address.
    fn told_apart(&self, user: &NonceUser) -> NonceUser {
        let is_new = !self.used.contains_key(user);
        match user {
            NonceUser::Stranger(_) if is_new && self.sources >= SOURCES_MAX => {
                NonceUser::Stranger(0)
            }
            user => user.clone(),
        }
    }
}

fn has_room(user: &NonceUser, own: u64, kept: u64) -> bool {
    match user {
        NonceUser::System(_) => own < OF_SYSTEM_LEAST || own < OF_SYSTEM_MAX && kept < KEPT_MAX,
        NonceUser::Stranger(_) => own < OF_SOURCE_MAX && kept < OF_STRANGERS_MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(id: &str) -> NonceUser {
        NonceUser::System(id.to_owned())
    }

    #[test]
    fn strangers_leave_accounts_room() {
        let (stranger, own) = (NonceUser::Stranger(1), system("a"));
        assert!(has_room(&stranger, 0, OF_STRANGERS_MAX - 1));
        assert!(!has_room(&stranger, 0, OF_STRANGERS_MAX));
        assert!(has_room(&own, OF_SYSTEM_LEAST, OF_STRANGERS_MAX));
        assert!(has_room(&own, OF_SYSTEM_LEAST, KEPT_MAX - 1));
        assert!(!has_room(&own, OF_SYSTEM_LEAST, KEPT_MAX));
    }

    /// A system in a loop, and a source that makes keys, use up their own.
    #[test]
    fn nobody_uses_up_the_nonces_of_others() {
        assert!(!has_room(&system("a"), OF_SYSTEM_MAX, 0));
        assert!(has_room(&system("b"), 0, KEPT_MAX), "a few of each, however many others use");
        let shares = NonceShares::default();
        let (one, other) = (NonceUser::Stranger(1), NonceUser::Stranger(2));
        for _ in 0..OF_SOURCE_MAX {
            assert!(shares.take(&one, 0, 7_200));
        }
        assert!(!shares.take(&one, 0, 7_201));
        assert!(shares.take(&other, 0, 7_201), "another source");
        assert!(shares.take(&system("a"), 0, 7_201));
        assert!(shares.take(&one, 0, 10_800), "the next hour");
        // However many sources there are, so many are told apart.
        for source in 0..=SOURCES_MAX as u128 {
            assert!(shares.take(&NonceUser::Stranger(100 + source), 0, 10_800));
        }
        let held = shares.0.lock().unwrap();
        assert!(
            held.used.len() <= SOURCES_MAX + 1 && held.used.contains_key(&NonceUser::Stranger(0))
        );
    }
}
