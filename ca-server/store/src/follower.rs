//! Authority as the `control` log says it, followed by a role that does not write it. Rows decide
//! nothing: every entry is checked by its hash up to a signed head, and no head below the role's
//! own floor is followed. Whoever asks reads a value that is swapped whole and takes no lock.
//!
//! One task follows ([`Follower::keep_up`]); a doorbell wakes it, a question that finds something
//! to follow does (`unmoved.rs`), and without either it looks each second. The floor is durable
//! before an answer rests on anything that was taken away; what only adds is covered within a
//! second. A killed role takes up authority as it was last kept and replays what follows.

mod felt;
mod late;
mod place;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod unmoved;

pub use place::{KeptPlace, floor, found, kept, open};

use crate::keep::{FloorFile, Journal, Keep};
use crate::known::KnownRecords;
use crate::replay::{Followed, Replay, ReplayError};
use anyhow::Context;
use arc_swap::ArcSwap;
use authority::Authority;
use ca_host::CaConfig;
use ca_host::clock_guard::ClockGuard;
use felt::Felt;
use records::Code;
use records::record::Record;
use records::trust::Trust;
use service::{Clock, Metrics, Stop};
use state::{State, ViewBasis};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::{CommitNews, Doorbell, Store, StoreError, Watch};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// Authority is kept again after so many records, which a start replays in about a second.
const SAVE_RECORDS: u64 = 1 << 16;
/// Authority is kept again after so long, if anything followed.
const SAVE_AFTER: Duration = Duration::from_secs(600);
/// A floor that covers only what was added is raised after so long.
const RAISE_AFTER: Duration = Duration::from_secs(1);
/// Commits that come close together are followed together, unless a question waits for them.
const GATHER: Duration = Duration::from_millis(100);
/// A question waits for a round this long.
const ANSWER_MAX: Duration = Duration::from_secs(6);
/// The condition on `/readyz`.
const CONDITION: &str = "follow";

/// Hears of every record once it is followed, and of those that wait for the tree.
pub type Observer = Arc<dyn Fn(&Record) + Send + Sync>;

/// Follows authority; clones share it.
#[derive(Clone)]
pub struct Follower(Arc<Shared>);

struct Shared {
    place: KeptPlace,
    store: Store,
    metrics: Metrics,
    replay: Replay,
    doorbell: Doorbell,
    observer: Option<Observer>,
    /// Taken by the task that follows.
    state: Mutex<Option<State>>,
    view: ArcSwap<View>,
    /// Whether anything was committed since the last question.
    watch: Mutex<Watch>,
    /// The number of the newest question that found something committed.
    wanted: AtomicU64,
    /// Whether a question looks if there is anything to follow.
    looks: AtomicBool,
    /// Whether a round takes longer than anybody waits for it.
    hangs: AtomicBool,
    /// The number up to which it was tried to follow; the view is at least as new.
    tried: watch::Sender<u64>,
    wake: Notify,
    changes: watch::Sender<u64>,
}

/// What questions are answered by.
#[derive(Clone, Default)]
struct View {
    authority: Option<Arc<Authority>>,
    /// Time of the newest record that proves time, unix.
    last_time: u64,
    /// What it was made of; none before the log was followed.
    basis: Option<ViewBasis>,
    /// Why nothing is answered now.
    problem: bool,
}

impl Follower {
    /// Opens what the role kept in its directory; nothing is followed before [`Self::keep_up`].
    pub fn open(
        config: &CaConfig,
        role: &str,
        store: Store,
        (trust, metrics): (&Trust, Metrics),
        doorbell: Doorbell,
        observer: Option<Observer>,
    ) -> anyhow::Result<Self> {
        let (place, keep) = place::open(&config.path(role))?;
        let state = State {
            keep: Arc::new(Mutex::new(keep)),
            tree: None,
            noticed: None,
            position: 0,
            rows: 0,
            felt: Felt::default(),
            raise_since: None,
            saved: (0, Instant::now()),
            saving: None,
        };
        Ok(Self(Arc::new(Shared {
            place,
            watch: Mutex::new(store.watch()),
            store,
            metrics,
            replay: Replay::new(trust).context("trust file")?.published_in(config),
            doorbell,
            observer,
            state: Mutex::new(Some(state)),
            view: ArcSwap::default(),
            wanted: AtomicU64::new(1),
            looks: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            tried: watch::Sender::new(0),
            wake: Notify::new(),
            changes: watch::Sender::new(0),
        })))
    }

    /// Asks authority at the log's head, pending withdrawals counted.
    pub async fn ask<T>(&self, question: impl FnOnce(&Authority) -> T) -> Result<T, Code> {
        self.fresh().await.map(|authority| question(&authority))
    }

    /// Authority at the log's head, pending withdrawals counted. Whoever asks waits for a bounded
    /// time, and for none while a database is known not to answer.
    pub async fn fresh(&self) -> Result<Arc<Authority>, Code> {
        let own = &*self.0;
        let (wanted, finds) = own.wanted();
        if *own.tried.borrow() < wanted {
            if own.hangs.load(Ordering::Acquire) {
                own.wake.notify_one();
                return Err(Code::LogBehind);
            }
            let followed = async {
                if finds {
                    own.look(wanted).await;
                }
                own.tried.subscribe().wait_for(|tried| *tried >= wanted).await.is_ok()
            };
            if !timeout(ANSWER_MAX, followed).await.unwrap_or(false) {
                return Err(Code::LogBehind);
            }
        }
        let view = own.view.load();
        match &view.authority {
            Some(authority) if !view.problem => Ok(authority.clone()),
            _ => Err(Code::LogBehind),
        }
    }

    /// Authority as it was last followed, however long ago: for brakes, which wait for nobody.
    pub fn latest(&self) -> Option<Arc<Authority>> {
        self.0.view.load().authority.clone()
    }

    /// Time of the newest record that proves time, as it was last followed, unix; 0 before that.
    pub fn last_time(&self) -> u64 {
        self.0.view.load().last_time
    }

    /// A journal of the role's own, beside what it followed, with what it holds.
    pub fn journal(&self, name: &str) -> anyhow::Result<(Journal, Vec<Vec<u8>>)> {
        let place = &self.0.place;
        Journal::open(&place.folder.join(name), &place.key(name))
    }

    /// The guard of the role's clock.
    pub fn clock_guard(&self, config: &CaConfig, clock: Clock) -> anyhow::Result<ClockGuard> {
        self.0.place.clock_guard(config, clock)
    }

    /// A floor of the role's own for something else that only goes up, and a path beside it.
    pub fn own_floor(&self, name: &str) -> anyhow::Result<(FloorFile, PathBuf)> {
        let place = &self.0.place;
        let floor = FloorFile::open(&place.floor(name), &place.key(name))?;
        Ok((floor, place.folder.join(name)))
    }

    /// Records that were read on the way.
    pub fn known(&self) -> &KnownRecords {
        self.0.replay.known()
    }

    /// Counts what was followed or noticed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Tells the other processes that a record waits for the tree, and follows it.
    pub fn ring(&self) {
        self.0.doorbell.ring(CommitNews::CONTROL_WAITS);
        self.0.wake.notify_one();
    }

    /// Follows until the stop, and keeps what was followed. Only the first call does anything.
    pub async fn keep_up(self, stop: Stop) {
        let taken = self.0.state.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut state) = taken else { return };
        let mut doorbell = self.0.doorbell.clone();
        self.0.load(&mut state).await;
        loop {
            // What a round changes, it changes at its end: one that is given up leaves nothing
            // behind.
            let again = tokio::select! {
                again = self.0.timed_round(&mut state) => again,
                () = stop.wait() => break,
            };
            if again {
                continue;
            }
            tokio::select! {
                _ = doorbell.heard() => tokio::select! {
                    () = tokio::time::sleep(GATHER) => {}
                    () = self.0.wake.notified() => {}
                    () = stop.wait() => break,
                },
                () = self.0.wake.notified() => {}
                () = stop.wait() => break,
            }
        }
        self.0.end(&mut state).await;
    }
}

impl Shared {
    /// The number of the question up to which must be followed, and whether this one found that
    /// something was committed. Only one sees that: whoever asks right after it must find it
    /// counted already.
    fn wanted(&self) -> (u64, bool) {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        match watch.changed() {
            true => (self.wanted.fetch_add(1, Ordering::SeqCst) + 1, true),
            false => (self.wanted.load(Ordering::SeqCst), false),
        }
    }

    /// Takes up authority as it was kept.
    async fn load(&self, state: &mut State) {
        let (keep, founding) = (state.keep.clone(), *self.replay.founding());
        let loaded = blocking(move || lock(&keep).load(&founding)).await.flatten();
        let loaded = loaded.map(|followed| followed.with_signatures(self.replay.signatures()));
        state.saved.0 = loaded.as_ref().map_or(0, |followed| followed.edge.size());
        // Until the log was followed it answers nothing, but brakes know whose letters there are.
        let authority = loaded.as_ref().map(|followed| Arc::new(followed.authority.clone()));
        let last_time = loaded.as_ref().map_or(0, |followed| followed.last_time);
        self.view.store(Arc::new(View { authority, last_time, basis: None, problem: true }));
        state.tree = loaded;
    }

    /// One round within its time: one that takes long is told, and nobody waits for it; one that
    /// never ends, as when a network swallows what a database says, is given up and begun anew.
    /// Says whether it is to be begun anew.
    async fn timed_round(&self, state: &mut State) -> bool {
        let late = || {
            self.hangs.store(true, Ordering::Release);
            self.metrics.condition(CONDITION, late::TOLD);
        };
        let ended =
            late::in_time(self.round(state), (late::TOLD_AFTER, late::ROUND_MAX), late).await;
        self.hangs.store(false, Ordering::Release);
        ended.is_none()
    }

    /// Follows the log for one round.
    async fn round(&self, state: &mut State) {
        let wanted = self.wanted.load(Ordering::SeqCst);
        let before = (state.size(), state.position);
        let result = self.follow(state).await;
        let result = match result {
            Ok(()) => self.raise(state).await.map_err(Stopped::Floor),
            Err(ReplayError::Store(error)) => Err(Stopped::Store(error)),
            Err(error) => Err(Stopped::Replay(error)),
        };
        match result {
            Ok(()) => {
                self.metrics.condition(CONDITION, "");
                let authority = state.noticed.clone().map(Arc::new);
                let last_time = state.tree.as_ref().map_or(0, |tree| tree.last_time);
                let basis = ViewBasis::of(state);
                self.view.store(Arc::new(View { authority, last_time, basis, problem: false }));
            }
            // A database that does not answer is asked again; what it shows decides nothing then.
            Err(error) => {
                if !self.store.is_closed() {
                    self.metrics.condition(CONDITION, &error.to_string());
                }
                self.answer_no_more();
            }
        }
        self.tried.send_modify(|tried| *tried = wanted.max(*tried));
        if (state.size(), state.position) != before {
            self.changes.send_modify(|count| *count += 1);
        }
        self.save(state).await;
    }

    /// What was followed stays for brakes; nothing is answered from it.
    fn answer_no_more(&self) {
        let last = View::clone(&self.view.load());
        self.view.store(Arc::new(View { problem: true, ..last }));
    }

    /// Makes the floor durable where it must be.
    async fn raise(&self, state: &mut State) -> anyhow::Result<()> {
        let due = state.raise_since.is_some_and(|since| since.elapsed() >= RAISE_AFTER);
        match (due, state.tree.as_ref().map(Followed::floor)) {
            (true, Some(floor)) => {
                state.raise_since = None;
                state.raise(floor).await
            }
            _ => Ok(()),
        }
    }

    /// Keeps authority when it is time, beside whoever follows.
    async fn save(&self, state: &mut State) {
        if state.saving.as_ref().is_some_and(|saving| !saving.is_finished()) {
            return;
        }
        if let Some(saving) = state.saving.take() {
            told(saving.await);
        }
        let behind = state.size().saturating_sub(state.saved.0);
        let late = behind > 0 && state.saved.1.elapsed() > SAVE_AFTER;
        if behind >= SAVE_RECORDS || late {
            state.begin_saving();
        }
    }

    /// Keeps what was followed since it was last kept.
    async fn end(&self, state: &mut State) {
        self.answer_no_more();
        self.tried.send_modify(|tried| *tried = u64::MAX);
        if let Some(saving) = state.saving.take() {
            told(saving.await);
        }
        if state.size() > state.saved.0 {
            state.begin_saving();
        }
        if let Some(saving) = state.saving.take() {
            told(saving.await);
        }
        if let Some(floor) = state.tree.as_ref().map(Followed::floor)
            && let Err(error) = state.raise(floor).await
        {
            tracing::error!(error = format!("{error:#}"), "the floor is not raised");
        }
    }
}

/// Why nothing is answered.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error("the database does not answer: {0}")]
    Store(StoreError),
    #[error("unsigned-authority: {0}")]
    Replay(ReplayError),
    #[error("the floor is not durable: {0:#}")]
    Floor(anyhow::Error),
}

fn told(saved: Result<anyhow::Result<()>, tokio::task::JoinError>) {
    if let Ok(Err(error)) = saved {
        tracing::error!(error = format!("{error:#}"), "authority is not kept");
    }
}

fn lock(keep: &Mutex<Keep>) -> std::sync::MutexGuard<'_, Keep> {
    keep.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Works on a thread of its own; `None` if the work panicked.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
