//! Nonces (RFC 8555 6.5): each is used once, by whichever process of the portal, also behind a
//! restart. One that nobody of this portal made leaves no trace; those that are used are rows for
//! as long as they would count.

use crate::machines::nonce_shares::{KEPT_MAX, NonceShares, NonceUser};
use crate::machines::table::secret;
use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use service::{Clock, Stop};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{Store, StoreError, execute, row};
use system::random::{self, NoRandomness};
use tokio::sync::{mpsc, oneshot};

/// A nonce counts for an hour: clients keep one while they wait for an order.
const LIFE_SECONDS: u64 = 3_600;
/// Random bytes of one.
const RANDOM_BYTES: usize = 12;
const TIME_BYTES: usize = 8;
const SAID_BYTES: usize = TIME_BYTES + RANDOM_BYTES;
const TAG_BYTES: usize = 32;
/// Those that are used at once share a commit.
const TOGETHER_MAX: usize = 256;
/// How often used ones are forgotten that count no more.
const FORGET: Duration = Duration::from_secs(600);

/// The nonces of a portal.
#[derive(Clone)]
pub(crate) struct Nonces {
    key: hmac::Key,
    clock: Clock,
    keeper: mpsc::Sender<Spending>,
    /// How many used ones this process keeps, as far as it knows.
    kept: Arc<AtomicU64>,
    /// Who used them.
    shares: Arc<NonceShares>,
}

/// A nonce on its way into the table.
struct Spending {
    said: Vec<u8>,
    until: u64,
    answer: oneshot::Sender<Option<bool>>,
}

/// A nonce that this portal made, and that is young enough.
pub(crate) struct OwnNonce {
    said: Vec<u8>,
    until: u64,
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
    /// Takes the secret that all processes of the portal share, and begins to keep.
    pub(crate) async fn open(store: Store, clock: Clock) -> anyhow::Result<Self> {
        let secret = secret::shared(&store, "nonce", random::bytes()?).await?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let kept = Arc::new(AtomicU64::new(count(&store).await?));
        let (keeper, spent) = mpsc::channel(TOGETHER_MAX);
        tokio::spawn(keep_together(store, spent));
        Ok(Self { key, clock, keeper, kept, shares: Arc::default() })
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
        let kept = self.kept.load(Ordering::Relaxed);
        if !self.shares.take(user, kept, self.clock.seconds()) {
            return Err(NotSpent::Share);
        }
        self.kept.fetch_add(1, Ordering::Relaxed);
        let (answer, spent) = oneshot::channel();
        let OwnNonce { said, until } = nonce;
        self.keeper.send(Spending { said, until, answer }).await.map_err(|_| NotSpent::NotKept)?;
        spent.await.ok().flatten().ok_or(NotSpent::NotKept)
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

/// Keeps what was used, with one commit for all that came meanwhile.
async fn keep_together(store: Store, mut spent: mpsc::Receiver<Spending>) {
    let mut batch = Vec::new();
    while spent.recv_many(&mut batch, TOGETHER_MAX).await > 0 {
        let kept = keep(&store, &batch).await;
        if let Err(error) = &kept {
            tracing::error!(%error, "nonces");
        }
        let mut fresh = kept.ok().map(Vec::into_iter);
        for one in batch.drain(..) {
            // Whoever asked may be gone.
            let _ = one.answer.send(fresh.as_mut().and_then(Iterator::next));
        }
    }
}

async fn keep(store: &Store, batch: &[Spending]) -> Result<Vec<bool>, StoreError> {
    let (mut tx, mut fresh) = (store.write().await?, Vec::with_capacity(batch.len()));
    for one in batch {
        let count = execute!(
            &mut tx,
            "insert into machine_nonce (nonce, until) values ($1, $2) \
             on conflict (nonce) do nothing",
            one.said.clone(),
            i64::try_from(one.until).unwrap_or(i64::MAX)
        )?;
        fresh.push(count == 1);
    }
    tx.commit().await?;
    Ok(fresh)
}

/// How many are kept.
async fn count(store: &Store) -> Result<u64, StoreError> {
    let mut tx = store.read().await?;
    let found = row!(&mut tx, (i64,), "select count(*) from machine_nonce")?;
    Ok(found.map_or(0, |(count,)| u64::try_from(count).unwrap_or(0)))
}

/// Forgets those that count no more, until the stop.
pub(crate) async fn forget(nonces: Nonces, store: Store, stop: Stop) {
    while stop.pause(FORGET).await {
        let forgotten = async {
            let mut tx = store.write().await?;
            let now = i64::try_from(nonces.clock.seconds()).unwrap_or(i64::MAX);
            execute!(&mut tx, "delete from machine_nonce where until < $1", now)?;
            tx.commit().await?;
            count(&store).await
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
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("portal.db").display());
        let store = Store::open(&address).await.unwrap();
        store.migrate(crate::MIGRATIONS).await.unwrap();
        let clock = Clock::system();
        let one = Nonces::open(store.clone(), clock).await.unwrap();
        let other = Nonces::open(store.clone(), clock).await.unwrap();
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
        assert!(one.spend(one.own(&other.draw().unwrap()).unwrap(), &own_user).await.unwrap());
        store.close().await;
    }
}
