//! Authority as the `control` log says it, followed by a process that has to know who may ask it.
//! Rows decide nothing: every entry is checked by its hash up to the signed head.

use super::ledger::{self, Entry};
use anyhow::{Context, ensure};
use authority::Authority;
use records::Code;
use records::record::Record;
use records::trust::Trust;
use service::Stop;
use std::sync::Arc;
use std::time::Duration;
use store::pending::{self, PendingRecord};
use store::{Store, Watch};
use tlog::merkle::leaf_hash;
use tlog::{Checkpoint, Edge};
use tokio::sync::Mutex;

const LOG: &str = "control";
const CHUNK: i64 = 2_000;
const PENDING_MAX: i64 = 10_000;
/// How often it is followed without being asked.
const KEEP_UP: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Followed {
    authority: Option<Authority>,
    edge: Edge,
    /// The newest pending record that was noticed.
    noticed: i64,
    /// Whether anything was committed since it was followed.
    watch: Option<Watch>,
}

/// Follows authority.
#[derive(Clone)]
pub struct Follower {
    trust: Trust,
    store: Store,
    followed: Arc<Mutex<Followed>>,
}

impl Follower {
    /// Begins at leaf 0, with the first question.
    pub fn new(store: Store, trust: Trust) -> Self {
        Self { trust, store, followed: Arc::default() }
    }

    /// Follows without being asked, until the stop: whoever asks does not wait for what others did
    /// long ago.
    pub async fn keep_up(self, stop: Stop) {
        loop {
            tokio::select! {
                () = self.clone().advance() => {}
                () = stop.wait() => return,
            }
            if !stop.pause(KEEP_UP).await {
                return;
            }
        }
    }

    /// Follows the tree, without what waits: that is noticed when somebody asks.
    async fn advance(self) {
        // A task of its own, as with questions.
        let advanced = tokio::spawn(async move {
            let mut followed = self.followed.lock().await;
            followed.watch = None;
            if let Err(error) = self.follow(&mut followed, false).await {
                self.failed(&mut followed, &error);
            }
        });
        // What fails fails again for whoever asks, who is told.
        let _ = advanced.await;
    }

    /// Asks authority at the log's head, pending withdrawals counted.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Authority) -> T + Send + 'static,
    ) -> Result<T, Code> {
        let own = self.clone();
        // A task of its own: whoever asked may go away while it follows.
        let asked = tokio::spawn(async move {
            let mut followed = own.followed.lock().await;
            // Looked at before it is followed: what is committed meanwhile counts as news the next
            // time.
            let news = followed.watch.get_or_insert_with(|| own.store.watch()).changed();
            if (news || followed.authority.is_none())
                && let Err(error) = own.follow(&mut followed, true).await
            {
                own.failed(&mut followed, &error);
                return None;
            }
            followed.authority.as_ref().map(question)
        });
        asked.await.ok().flatten().ok_or(Code::LogBehind)
    }

    /// The database will be there again: edge and authority stand at one entry. Anything else that
    /// does not fit is followed from the beginning.
    fn failed(&self, followed: &mut Followed, error: &anyhow::Error) {
        if self.store.is_closed() {
            return;
        }
        tracing::error!(error = format!("{error:#}"), "following");
        let passes = error.chain().any(|cause| cause.is::<sqlx::Error>());
        followed.watch = None;
        if !passes {
            *followed = Followed::default();
        }
    }

    /// Follows the tree, and takes notice of what waits.
    async fn follow(&self, followed: &mut Followed, notice: bool) -> anyhow::Result<()> {
        let mut tx = self.store.read().await?;
        let (size, root, note) = ledger::head(&mut tx, LOG).await?.context("head")?;
        let key = self.trust.log_key(LOG).context("trust file")?;
        let head = Checkpoint::open(&note, &key, records::label::verify_ed25519)?;
        ensure!((head.size, head.root) == (size, root), "the head's row is not the signed one");
        ensure!(size >= followed.edge.size(), "the log went back");
        let moves = followed.edge.size() < size && followed.authority.is_some();
        if moves {
            followed.noticed = 0;
            followed.authority.iter_mut().for_each(Authority::forget_pending);
        }
        let founding = self.trust.founding.digest().context("trust file")?;
        while followed.edge.size() < size {
            ensure!(!self.store.is_closed(), "it ends");
            let mut entries = ledger::entries(&mut tx, LOG, followed.edge.size(), CHUNK).await?;
            entries.retain(|(index, ..)| *index < size);
            ensure!(!entries.is_empty(), "entries are missing");
            let (authority, edge) = (followed.authority.take(), std::mem::take(&mut followed.edge));
            let reached = aside(move || reach(authority, edge, &entries, &founding)).await??;
            (followed.authority, followed.edge) = reached;
        }
        ensure!(followed.edge.root() == root, "the entries do not lead to the head");
        if !notice {
            return Ok(());
        }
        // To the end while the tree stands still; piece by piece while it moves, so that each step
        // costs the same.
        loop {
            let waiting = pending::waiting(&mut tx, LOG, followed.noticed, PENDING_MAX).await?;
            let Some((last, _)) = waiting.last() else { return Ok(()) };
            followed.noticed = *last;
            if let Some(mut authority) = followed.authority.take() {
                let noticed = aside(move || {
                    let read = |(_, waits): &(i64, PendingRecord)| Record::read(&waits.record).ok();
                    let records: Vec<Record> = waiting.iter().filter_map(read).collect();
                    authority.notice_pending(&records);
                    authority
                });
                followed.authority = Some(noticed.await?);
            }
            if moves {
                return Ok(());
            }
        }
    }
}

/// Works on a thread of its own: signatures by the thousand would hold up what else the process has
/// begun, and with it whoever waits for a lock that it holds.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    tokio::task::spawn_blocking(work).await
}

/// Authority and tree behind some more entries.
fn reach(
    mut authority: Option<Authority>,
    mut edge: Edge,
    entries: &[Entry],
    founding: &[u8; 32],
) -> anyhow::Result<(Option<Authority>, Edge)> {
    for (index, bytes, salt) in entries {
        ensure!(*index == edge.size(), "an entry is missing");
        let salt = salt.as_slice().try_into()?;
        edge.append(leaf_hash(&records::record::entry(salt, bytes)));
        let record = Record::read(bytes)?;
        match &mut authority {
            None => authority = Some(Authority::found(&record, founding)?),
            // Without effect there means without effect here too.
            Some(authority) => drop(authority.apply(&record)),
        }
    }
    Ok((authority, edge))
}
