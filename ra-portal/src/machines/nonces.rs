//! Nonces (RFC 8555 6.5): each is used once, by whichever process of the portal, also behind a
//! restart. One that nobody of this portal made leaves no trace; those that are used are rows for
//! as long as they would count.

use crate::machines::nonce_shares::{KEPT_MAX, NonceShares, NonceUser};
use crate::machines::table::change::{MachineChange, MachineWrite, WriteOutcome};
use crate::machines::table::nonce::{self, OwnNonce};
use crate::machines::table::secret;
use crate::machines::writes::Writes;
use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use service::{Clock, Stop};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::Store;
use system::random::{self, NoRandomness};

/// A nonce counts for an hour: clients keep one while they wait for an order.
const LIFE_SECONDS: u64 = 3_600;
/// Random bytes of one.
const RANDOM_BYTES: usize = 12;
const TIME_BYTES: usize = 8;
const SAID_BYTES: usize = TIME_BYTES + RANDOM_BYTES;
const TAG_BYTES: usize = 32;
/// How often used ones are forgotten that count no more.
const FORGET: Duration = Duration::from_secs(600);

/// The nonces of a portal.
#[derive(Clone)]
pub(crate) struct Nonces {
    key: hmac::Key,
    clock: Clock,
    writes: Writes,
    /// How many used ones this process keeps, as far as it knows.
    kept: Arc<AtomicU64>,
    /// Who used them.
    shares: Arc<NonceShares>,
}

/// It cannot be known whether a nonce was used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSpent {
    /// Rows take none.
    #[error("used nonces cannot be kept")]
    NotKept,
    /// Whoever signed used up their share.
    #[error("whoever signed used up their share of nonces")]
    Share,
}

impl Nonces {
    /// Takes the secret that all processes of the portal share; what is used goes to these writes.
    pub(crate) async fn open(store: &Store, writes: Writes, clock: Clock) -> anyhow::Result<Self> {
        let secret = secret::shared(store, "nonce", random::bytes()?).await?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let kept = Arc::new(AtomicU64::new(nonce::count(store).await?));
        Ok(Self { key, clock, writes, kept, shares: Arc::default() })
    }

    /// A new one.
    pub(crate) fn draw(&self) -> Result<String, NoRandomness> {
        let random = random::bytes::<RANDOM_BYTES>()?;
        Ok(made(&self.key, self.clock.seconds(), &random))
    }

    /// How many used ones are kept, of how many.
    pub(crate) fn filled(&self) -> (u64, u64) {
        (self.kept.load(Ordering::Relaxed), KEPT_MAX)
    }

    /// One that this portal made and that is not too old; whether it was used is asked later.
    pub(crate) fn own(&self, text: &str) -> Option<OwnNonce> {
        own(&self.key, self.clock.seconds(), text)
    }

    /// Uses one for what somebody signed; false if it was used before.
    pub(crate) async fn spend(&self, nonce: OwnNonce, user: &NonceUser) -> Result<bool, NotSpent> {
        let outcome = self.written((nonce, user), None).await?;
        Ok(outcome != WriteOutcome::NonceUsed)
    }

    /// Uses one for a change that somebody signed, with one commit for both: how many rows it
    /// touched, or nothing if the nonce was used before, and then nothing is changed.
    pub(crate) async fn spend_with(
        &self,
        (nonce, user): (OwnNonce, &NonceUser),
        change: MachineChange,
    ) -> Result<Option<u64>, NotSpent> {
        match self.written((nonce, user), Some(change)).await? {
            WriteOutcome::Done(touched) => Ok(Some(touched)),
            WriteOutcome::NonceUsed => Ok(None),
        }
    }

    async fn written(
        &self,
        (nonce, user): (OwnNonce, &NonceUser),
        change: Option<MachineChange>,
    ) -> Result<WriteOutcome, NotSpent> {
        let kept = self.kept.load(Ordering::Relaxed);
        if !self.shares.take(user, kept, self.clock.seconds()) {
            return Err(NotSpent::Share);
        }
        self.kept.fetch_add(1, Ordering::Relaxed);
        let write = MachineWrite { nonce: Some(nonce), change };
        self.writes.write(write).await.map_err(|_| NotSpent::NotKept)
    }
}

fn made(key: &hmac::Key, now: u64, random: &[u8; RANDOM_BYTES]) -> String {
    let said = [now.to_be_bytes().as_slice(), random].concat();
    let tag = hmac::sign(key, &said);
    BASE64URL_NOPAD.encode(&[said.as_slice(), tag.as_ref()].concat())
}

fn own(key: &hmac::Key, now: u64, text: &str) -> Option<OwnNonce> {
    if text.len() > BASE64URL_NOPAD.encode_len(SAID_BYTES + TAG_BYTES) {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let (said, tag) = bytes.split_at_checked(SAID_BYTES)?;
    hmac::verify(key, said, tag).ok()?;
    let made = said.first_chunk::<TIME_BYTES>().map(|bytes| u64::from_be_bytes(*bytes))?;
    // Processes of one portal have clocks that are alike, and not the same.
    let until = made.checked_add(LIFE_SECONDS)?;
    let is_young = now <= until && made <= now.saturating_add(60);
    is_young.then(|| OwnNonce { said: said.to_vec(), until })
}

/// Forgets those that count no more, until the stop.
pub(crate) async fn forget(nonces: Nonces, store: Store, stop: Stop) {
    while stop.pause(FORGET).await {
        let forgotten = async {
            nonce::forget(&store, nonces.clock.seconds()).await?;
            nonce::count(&store).await
        };
        match forgotten.await {
            Ok(count) => nonces.kept.store(count, Ordering::Relaxed),
            Err(error) => tracing::error!(%error, "nonces"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::samples::database;

    fn key(byte: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32])
    }

    #[test]
    fn a_nonce_is_ours_and_young() {
        let nonce = made(&key(1), 10_000, &[7; RANDOM_BYTES]);
        assert!(own(&key(1), 10_000, &nonce).is_some());
        assert!(own(&key(1), 10_000 + LIFE_SECONDS, &nonce).is_some());
        assert!(own(&key(1), 10_001 + LIFE_SECONDS, &nonce).is_none(), "too old");
        assert!(own(&key(1), 9_000, &nonce).is_none(), "of a time to come");
        assert!(own(&key(2), 10_000, &nonce).is_none(), "of somebody else");
        for bad in ["", "AAAA", &nonce[1..], &format!("{nonce}A"), &nonce.to_uppercase()] {
            assert!(own(&key(1), 10_000, bad).is_none(), "{bad}");
        }
    }

    /// The same nonce twice is used once, at once and one after the other.
    #[tokio::test]
    async fn a_nonce_is_used_once() {
        let (_folder, store) = database().await;
        let clock = Clock::system();
        let open = || Nonces::open(&store, Writes::open(store.clone()), clock);
        let (one, other) = (open().await.unwrap(), open().await.unwrap());
        let nonce = one.draw().unwrap();
        let own = |nonces: &Nonces| nonces.own(&nonce).unwrap();
        let (own_user, stranger) = (NonceUser::System("a".into()), NonceUser::Stranger(1));
        let both = (one.spend(own(&one), &own_user), one.spend(own(&one), &stranger));
        let (first, second) = tokio::join!(both.0, both.1);
        let mut both = [first.unwrap(), second.unwrap()];
        both.sort_unstable();
        assert_eq!(both, [false, true]);
        assert!(
            !other.spend(own(&other), &own_user).await.unwrap(),
            "another process of the portal"
        );
        let fresh = || one.own(&other.draw().unwrap()).unwrap();
        assert!(one.spend(fresh(), &own_user).await.unwrap());
        // A nonce that was used changes nothing.
        let chosen = || MachineChange::Chosen {
            id: "x".into(),
            kind: acme::challenge::ChallengeKind::Http01,
            thumbprint: "thumb".into(),
            due: 1,
        };
        let used = one.spend_with((own(&one), &own_user), chosen()).await;
        assert_eq!(used.unwrap(), None);
        let unused = one.spend_with((fresh(), &own_user), chosen()).await;
        assert_eq!(unused.unwrap(), Some(0), "there is no such row");
        store.close().await;
    }
}
