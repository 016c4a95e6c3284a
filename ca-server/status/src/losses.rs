//! Losses and suspensions that this role confirmed. Each stands in a journal of its own before the
//! receipt leaves, counts here from then on, and is brought back into the log until the log has it:
//! also when the database is away, is put back to an older state, or loses the pending record. What
//! the log has, and every list that a gate may have, is forgotten here after a while.

use super::authority_cache::AuthorityCache;
use super::confirmed::{self, Loss};
use super::derived::{Basis, Derived};
use super::walk::{Moment, ToldBeside, Walk};
use anyhow::Context;
use authority::{Authority, Serial};
use ca_store::follower::Follower;
use ca_store::keep::Journal;
use pki::crl::{RevocationList, RevocationReason};
use records::Disclosure;
use records::record::Event;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// What is settled for so long, in seconds, may be forgotten: authority is kept every ten minutes,
/// and a start knows what that knew.
const SETTLED_SECONDS: u64 = 86_400;
/// So many that are settled leave the journal together.
const SETTLED_MAX: usize = 1_000;

/// What was confirmed, by its key: a letter's reference, or the name of a suspension.
pub(super) struct Losses {
    confirmed: Mutex<Confirmed>,
    /// What gates are told; taken before `confirmed`, where both are.
    walk: Mutex<Walk>,
    /// Authority with what the log does not have yet; taken before `confirmed`, as well.
    cache: AuthorityCache,
    /// What the log does not have yet, by serial number: when, unix, and why.
    revoked: Derived<Basis, HashMap<Serial, (u64, RevocationReason)>>,
    /// To the thread that writes the journal, which does nothing else: a brake waits for no place
    /// among those that may wait for files or locks.
    journal: mpsc::UnboundedSender<JournalRequest>,
    /// Whether a full disk would take the next one all the same.
    has_room: Arc<AtomicBool>,
}

/// What is asked of the journal, and where it is told that it is done.
struct JournalRequest(Work, oneshot::Sender<anyhow::Result<()>>);

enum Work {
    /// An entry is kept.
    Keep(Vec<u8>),
    /// Entries under these keys are left out.
    Forget(HashSet<String>),
}

#[derive(Default)]
struct Confirmed {
    all: HashMap<String, Arc<Loss>>,
    /// What the log does not have yet, by how much was confirmed with it.
    open: BTreeMap<u64, String>,
    /// What the walk has not taken up yet.
    fresh: Vec<(String, Arc<Loss>)>,
    /// Counts what was confirmed.
    changes: u64,
}

impl Confirmed {
    /// Of two at once the first one kept counts, for both.
    fn insert(&mut self, reference: &str, loss: Loss) {
        if self.all.contains_key(reference) {
            return;
        }
        let loss = Arc::new(loss);
        self.changes += 1;
        self.open.insert(self.changes, reference.to_owned());
        self.fresh.push((reference.to_owned(), loss.clone()));
        self.all.insert(reference.to_owned(), loss);
    }

    /// What is open and was confirmed behind so much.
    fn open_since(&self, changes: u64) -> impl Iterator<Item = &Arc<Loss>> {
        let open = self.open.range(changes.saturating_add(1)..);
        open.filter_map(|(_, reference)| self.all.get(reference))
    }
}

impl Losses {
    pub(super) fn open(follower: &Follower) -> anyhow::Result<Self> {
        Self::of(follower.journal("losses")?)
    }

    fn of((journal, entries): (Journal, Vec<Vec<u8>>)) -> anyhow::Result<Self> {
        let mut confirmed = Confirmed::default();
        for entry in entries {
            let read = confirmed::read(&entry).context("an entry of the journal of losses")?;
            let (reference, loss) = read;
            confirmed.insert(&reference, loss);
        }
        let (sender, asked) = mpsc::unbounded_channel();
        let has_room = Arc::new(AtomicBool::new(journal.has_room()));
        let told = has_room.clone();
        std::thread::Builder::new()
            .name("losses".into())
            .spawn(move || keep(journal, asked, &told))?;
        Ok(Self {
            confirmed: Mutex::new(confirmed),
            walk: Mutex::default(),
            cache: AuthorityCache::default(),
            revoked: Derived::default(),
            journal: sender,
            has_room,
        })
    }

    fn confirmed(&self) -> MutexGuard<'_, Confirmed> {
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, work: Work) -> anyhow::Result<()> {
        let (told, done) = oneshot::channel();
        let gone = "the journal is not written any more";
        self.journal.send(JournalRequest(work, told)).context(gone)?;
        done.await.context(gone)?
    }

    /// Confirms a loss or a suspension; it is durable when this returns. The same again is the same
    /// one. Gives when it was confirmed, unix.
    pub(super) async fn confirm(
        &self,
        reference: &str,
        said: (Event, Vec<Disclosure>),
        micros: u64,
    ) -> anyhow::Result<u64> {
        if let Some(at) = self.confirmed_at(reference) {
            return Ok(at);
        }
        let loss = Loss::new(said, micros)?;
        self.ask(Work::Keep(loss.entry()?)).await?;
        let mut confirmed = self.confirmed();
        confirmed.insert(reference, loss);
        Ok(confirmed.all.get(reference).map_or(micros / 1_000_000, |first| first.at))
    }

    /// When a loss or a suspension was confirmed, unix, while it is not forgotten.
    pub(super) fn confirmed_at(&self, reference: &str) -> Option<u64> {
        self.confirmed().all.get(reference).map(|known| known.at)
    }

    /// Authority as it will be when the log has everything that was confirmed.
    pub(super) fn authority_with_confirmed(&self, authority: &Arc<Authority>) -> Arc<Authority> {
        self.cache.of(authority, |known| {
            let confirmed = self.confirmed();
            let fresh: Vec<Arc<Loss>> = confirmed.open_since(known).cloned().collect();
            (confirmed.changes, fresh)
        })
    }

    /// When and why a certificate was revoked or suspended by what the log does not have yet, unix;
    /// a loss before a suspension. Who asks looks it up: it is walked once for all.
    pub(super) fn revoked(
        &self,
        authority: &Arc<Authority>,
        serial: &Serial,
    ) -> Option<(u64, RevocationReason)> {
        let (changes, none_open) = {
            let confirmed = self.confirmed();
            (confirmed.changes, confirmed.open.is_empty())
        };
        if none_open {
            return None;
        }
        let basis = Basis { changes, authority: Arc::downgrade(authority) };
        let all = self.revoked.of(basis, || {
            let open: Vec<Arc<Loss>> = self.confirmed().open_since(0).cloned().collect();
            by_serial(&open, authority)
        });
        all.get(serial).copied()
    }

    /// A loss that was confirmed.
    pub(super) fn get(&self, reference: &str) -> Option<Arc<Loss>> {
        self.confirmed().all.get(reference).cloned()
    }

    /// What the log does not have yet, as far as authority tells; nobody waits while it is asked.
    pub(super) fn open_ones(&self, authority: &Arc<Authority>) -> Vec<(String, Arc<Loss>)> {
        self.cache.let_go(authority);
        let confirmed = self.confirmed();
        let one = |(number, reference): (&u64, &String)| {
            let loss = confirmed.all.get(reference)?.clone();
            Some((*number, reference.clone(), loss))
        };
        let known: Vec<(u64, String, Arc<Loss>)> = confirmed.open.iter().filter_map(one).collect();
        drop(confirmed);
        let is_over = |one: &(u64, String, Arc<Loss>)| one.2.is_in(authority);
        let (over, open): (Vec<_>, Vec<_>) = known.into_iter().partition(is_over);
        let mut confirmed = self.confirmed();
        for (number, ..) in &over {
            confirmed.open.remove(number);
        }
        drop(confirmed);
        open.into_iter().map(|(_, reference, loss)| (reference, loss)).collect()
    }

    /// What was confirmed here, counts at `now` (unix) and does not stand in the list that a gate
    /// has, by its number; beside the newest one that is known here. Losses go first where there is
    /// room for so many only.
    pub(super) fn unlisted(
        &self,
        authority: &Arc<Authority>,
        (list, known): (Option<&RevocationList>, u64),
        now: u64,
    ) -> Arc<ToldBeside> {
        self.walked(authority, list, now, |walk, moment| {
            walk.beside(moment, (authority, list), known)
        })
    }

    /// Has something walked, with everything that was confirmed before.
    fn walked<T>(
        &self,
        authority: &Arc<Authority>,
        list: Option<&RevocationList>,
        now: u64,
        work: impl FnOnce(&mut Walk, &Moment) -> T,
    ) -> T {
        let mut walk = self.walk.lock().unwrap_or_else(PoisonError::into_inner);
        let (fresh, changes) = {
            let mut confirmed = self.confirmed();
            (std::mem::take(&mut confirmed.fresh), confirmed.changes)
        };
        walk.add(fresh);
        let list = list.map(RevocationList::number);
        let basis = Basis { changes, authority: Arc::downgrade(authority) };
        work(&mut walk, &Moment { basis, list, now })
    }

    /// The record that brings a loss into the log from now on: another one took the place of the
    /// last.
    pub(super) fn renew(&self, reference: &str, loss: &Loss) -> anyhow::Result<()> {
        let renewed = Arc::new(loss.renewed()?);
        self.confirmed().all.insert(reference.to_owned(), renewed);
        Ok(())
    }

    /// Whether a full disk would take the next one all the same.
    pub(super) fn has_room(&self) -> bool {
        self.has_room.load(Ordering::Acquire)
    }

    /// Forgets what is settled, here and in the journal, once there is enough of it: the log has
    /// it, no list is in use that does not hold it, and both are so for a day. Gives how much.
    pub(super) async fn forget_settled(
        &self,
        authority: &Arc<Authority>,
        list: &RevocationList,
        now: u64,
    ) -> anyhow::Result<usize> {
        self.open_ones(authority);
        let settled: HashSet<String> = self.walked(authority, Some(list), now, |walk, moment| {
            walk.beside(moment, (authority, Some(list)), list.number());
            let confirmed = self.confirmed();
            let open: HashSet<&String> = confirmed.open.values().collect();
            let stays = |key: &String| {
                let is_fresh = confirmed.fresh.iter().any(|(fresh, _)| fresh == key);
                open.contains(key) || is_fresh || walk.holds(key)
            };
            let old = |loss: &Loss| loss.at.saturating_add(SETTLED_SECONDS) < now;
            let settled = confirmed.all.iter().filter(|(key, loss)| old(loss) && !stays(key));
            settled.map(|(key, _)| key.clone()).collect()
        });
        if settled.len() < SETTLED_MAX {
            return Ok(0);
        }
        self.ask(Work::Forget(settled.clone())).await?;
        self.confirmed().all.retain(|key, _| !settled.contains(key));
        Ok(settled.len())
    }
}

/// What open losses take away: of several causes of one serial number, a loss before a suspension,
/// and then the oldest.
fn by_serial(
    open: &[Arc<Loss>],
    authority: &Authority,
) -> HashMap<Serial, (u64, RevocationReason)> {
    let mut all: HashMap<Serial, (u64, RevocationReason)> = HashMap::new();
    for loss in open.iter().filter(|loss| !loss.is_in(authority)) {
        let rank = |(at, reason): (u64, RevocationReason)| (reason.code(), at);
        for (serial, at) in loss.dated(authority) {
            let said = (at, loss.reason());
            let known = all.entry(serial).or_insert(said);
            if rank(said) < rank(*known) {
                *known = said;
            }
        }
    }
    all
}

/// Writes the journal until nobody can report any more.
fn keep(
    mut journal: Journal,
    mut asked: mpsc::UnboundedReceiver<JournalRequest>,
    has_room: &AtomicBool,
) {
    while let Some(JournalRequest(work, told)) = asked.blocking_recv() {
        let done = match work {
            Work::Keep(entry) => journal.append(&entry),
            // An entry that cannot be read is nobody's to forget.
            Work::Forget(keys) => journal.retain(|entry| {
                confirmed::read(entry).is_none_or(|(reference, _)| !keys.contains(&reference))
            }),
        };
        has_room.store(journal.has_room(), Ordering::Release);
        let _ = told.send(done);
    }
}

#[cfg(test)]
pub(super) mod tests;
