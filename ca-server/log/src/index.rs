//! The index: what each sequenced record is found by. It follows the log in pieces, behind the
//! sequencer and never in its way; thrown away and made again without a loss.

use ca_store::index::{self, Piece};
use ca_store::known::KnownRecords;
use records::term::Key;
use service::{Metrics, Stop};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{Store, Tx};
use tokio::sync::{Notify, watch};

/// Records of one piece.
const CHUNK: i64 = 16_384;
/// Small pieces come no more often than this: each is a commit.
const PAUSE: Duration = Duration::from_millis(250);
/// And no more often than this behind many records of gates: the larger pieces are, the fewer times
/// each key is written again.
const BUSY_PAUSE: Duration = Duration::from_secs(1);
/// So many records of one piece are many.
const MANY: i64 = 1_024;
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// What another process sequenced is looked for this often.
const ANYWAY: Duration = Duration::from_secs(5);
/// Whoever waits for the index looks by herself this often: another process may have made it.
const LOOK: Duration = Duration::from_secs(1);

/// Records whose keys are handed over; more of them are read again.
const HANDED_MAX: usize = 200_000;

/// What the sequencer of this process knows of records that it numbered just now: nobody reads them
/// again.
#[derive(Default)]
pub(super) struct Handed(Mutex<BTreeMap<u64, Vec<Vec<Key>>>>);

impl Handed {
    /// Takes the keys of records from `first` on.
    pub(super) fn give(&self, (first, keys): (u64, Vec<Vec<Key>>)) {
        let mut handed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting: usize = handed.values().map(Vec::len).sum();
        if !keys.is_empty() && waiting < HANDED_MAX {
            handed.insert(first, keys);
        }
    }

    /// The keys from `first` on, without a hole, at most about `most` of them; and where the next
    /// begin.
    fn take(&self, first: u64, most: usize) -> (Vec<Vec<Key>>, Option<u64>) {
        let mut handed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *handed = handed.split_off(&first);
        let mut taken: Vec<Vec<Key>> = Vec::new();
        while taken.len() < most
            && let Some(keys) = handed.remove(&(first + taken.len() as u64))
        {
            taken.extend(keys);
        }
        (taken, handed.keys().next().copied())
    }
}

/// Follows one log and writes the index of its terms in batches.
pub(super) struct Indexer {
    handed: Arc<Handed>,
    log: &'static str,
    store: Store,
    known: KnownRecords,
    reached: watch::Sender<u64>,
}

/// How far the index of a log reaches, as whoever waits for it is told.
#[derive(Clone)]
pub(super) struct Reach {
    log: &'static str,
    reached: watch::Receiver<u64>,
}

impl Indexer {
    /// An indexer, and what tells how far it is.
    pub(super) fn new(
        log: &'static str,
        (store, known): (Store, KnownRecords),
        handed: Arc<Handed>,
    ) -> (Self, Reach) {
        let (tell, reached) = watch::channel(0);
        (Self { handed, log, store, known, reached: tell }, Reach { log, reached })
    }

    /// Follows the log until the stop.
    pub(super) async fn run(self, sequenced: Arc<Notify>, metrics: Metrics, stop: Stop) {
        let mut begun = false;
        loop {
            let done = match begun {
                true => self.some().await,
                false => self.begin().await.map(|()| CHUNK),
            };
            let pause = match done {
                Ok(CHUNK) => {
                    begun = true;
                    continue;
                }
                Ok(0) => Duration::ZERO,
                Ok(count) => pause_behind(self.log, count),
                Err(error) => {
                    tracing::warn!(log = self.log, error = format!("{error:#}"), "index");
                    metrics.count("index", "unavailable");
                    begun = false;
                    AFTER_FAILURE
                }
            };
            if !pause.is_zero() {
                if !stop.pause(pause).await {
                    return;
                }
                continue;
            }
            tokio::select! {
                () = sequenced.notified() => {}
                () = tokio::time::sleep(ANYWAY) => {}
                () = stop.wait() => return,
            }
        }
    }

    /// Removes what a crash left unfinished.
    async fn begin(&self) -> anyhow::Result<()> {
        index::sweep(&self.store, self.log).await?;
        let mut tx = self.store.read().await?;
        self.reached.send_replace(index::projected(&mut tx, self.log).await?);
        Ok(())
    }

    /// Indexes what comes next; gives how many records that were.
    async fn some(&self) -> anyhow::Result<i64> {
        let mut tx = self.store.read().await?;
        if !index::is_whole(&mut tx, self.log).await? {
            drop(tx);
            tracing::warn!(log = self.log, "the index does not hang together and is made again");
            let mut tx = self.store.write().await?;
            index::forget(&mut tx, self.log).await?;
            tx.commit().await?;
            tx = self.store.read().await?;
            return self.next(tx).await;
        }
        self.next(tx).await
    }

    async fn next(&self, mut tx: Tx) -> anyhow::Result<i64> {
        let first = index::projected(&mut tx, self.log).await?;
        let (keys, next) = self.handed.take(first, usize::try_from(CHUNK)?);
        let records = if keys.is_empty() {
            let before = next.and_then(|next| i64::try_from(next - first).ok());
            let most = before.map_or(CHUNK, |before| before.min(CHUNK));
            index::unread(&mut tx, self.log, first, most).await?
        } else {
            Vec::new()
        };
        drop(tx);
        let count = i64::try_from(keys.len() + records.len())?;
        if count == 0 {
            return Ok(0);
        }
        let known = self.known.clone();
        let made = tokio::task::spawn_blocking(move || {
            let mut keys = keys;
            keys.extend(records.iter().map(|(bytes, has_id)| index::keys(bytes, *has_id, &known)));
            Piece::new(first, keys)
        });
        let piece = made.await?;
        let end = piece.end();
        let mut tx = self.store.write().await?;
        if index::add(&mut tx, self.log, piece).await? {
            tx.commit().await?;
            self.reached.send_replace(end);
        }
        while index::merge(&self.store, self.log).await? {}
        Ok(count.min(CHUNK))
    }
}

/// How long the next piece waits behind one of so many records of a log. Nobody stands before a
/// desk for what gates record.
fn pause_behind(log: &str, count: i64) -> Duration {
    if log == ca_store::run::LOG && count >= MANY { BUSY_PAUSE } else { PAUSE }
}

impl Reach {
    /// Waits until the index reaches a size, for so long; says whether it does.
    pub(super) async fn wait(
        &self,
        store: &Store,
        size: u64,
        most: Duration,
    ) -> anyhow::Result<bool> {
        let wait = async {
            let mut reached = self.reached.clone();
            loop {
                let told = tokio::time::timeout(LOOK, reached.wait_for(|at| *at >= size));
                let told = told.await.is_ok_and(|told| told.is_ok());
                if told {
                    return anyhow::Ok(());
                }
                let mut tx = store.read().await?;
                if index::projected(&mut tx, self.log).await? >= size {
                    return Ok(());
                }
            }
        };
        match tokio::time::timeout(most, wait).await {
            Ok(done) => done.map(|()| true),
            Err(_) => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a city does by hand is found at once; behind many records of gates the next piece waits
    /// a little longer.
    #[test]
    fn a_busy_log_is_indexed_in_larger_pieces() {
        let pauses = |log| [1, MANY - 1, MANY, CHUNK].map(|count| pause_behind(log, count));
        assert_eq!(pauses("access"), [PAUSE, PAUSE, BUSY_PAUSE, BUSY_PAUSE]);
        assert_eq!(pauses("control"), [PAUSE; 4]);
    }
}
