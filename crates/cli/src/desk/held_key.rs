//! The officer's key while it is open: for fifteen minutes at most, then its bytes are wiped.

use super::session::goes_back;
use crate::files::SigningIdentity;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A passphrase opens the key for this long, used or not.
pub(super) const OPEN_SECONDS: u64 = 15 * 60;

struct Open {
    opened: Arc<SigningIdentity>,
    since: u64,
    /// Latest second that was read since.
    latest: u64,
}

/// The key, open or closed. The bytes of a signer are wiped when it is dropped.
#[derive(Default)]
pub(super) struct HeldKey(Mutex<Option<Open>>);

impl HeldKey {
    /// Takes the key that a passphrase opened.
    pub(super) fn open(&self, opened: SigningIdentity, now: u64) {
        *self.lock() = Some(Open { opened: Arc::new(opened), since: now, latest: now });
    }

    /// The key, while it is open.
    pub(super) fn get(&self, now: u64) -> Option<Arc<SigningIdentity>> {
        self.close_when_over(now);
        self.lock().as_ref().map(|open| open.opened.clone())
    }

    /// Closes it when its time is over, or when the clock went back.
    pub(super) fn close_when_over(&self, now: u64) {
        let mut held = self.lock();
        let Some(open) = held.as_mut() else { return };
        let in_time = (open.since..open.since + OPEN_SECONDS).contains(&now);
        if !in_time || goes_back(open.latest, now) {
            *held = None;
            return;
        }
        open.latest = open.latest.max(now);
    }

    /// Closes the key, so that the next use asks for its passphrase.
    pub(super) fn close(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keys::SoftwareSigner;

    #[test]
    fn a_key_is_open_for_fifteen_minutes_at_most() {
        let key = HeldKey::default();
        assert!(key.get(1_000).is_none());
        let opened = || SigningIdentity::bare(SoftwareSigner::generate_p256().unwrap());
        key.open(opened(), 1_000);
        // Using it keeps it open no longer.
        assert!(key.get(1_000).is_some() && key.get(1_000 + OPEN_SECONDS - 1).is_some());
        assert!(key.get(1_000 + OPEN_SECONDS).is_none());
        assert!(key.get(1_000).is_none(), "it is gone, whatever the clock says later");
        key.open(opened(), 1_000);
        assert!(key.get(999).is_none(), "a clock that went back");
        key.open(opened(), 1_000);
        assert!(key.get(1_800).is_some());
        assert!(key.get(1_100).is_none(), "a clock that went back while it was open");
        key.open(opened(), 1_000);
        key.close();
        assert!(key.get(1_000).is_none());
    }
}
