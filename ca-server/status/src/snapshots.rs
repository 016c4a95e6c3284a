//! People snapshots for agents, verified under the registry key and kept until there is a newer
//! one: no row is read for every agent that asks, and none that nobody signed is handed out. What
//! takes something away comes past the database as well.

use anyhow::Context;
use authority::Authority;
use ca_host::CaConfig;
use ca_host::handed_people::{self, FileMark};
use ca_store::table::snapshot;
use records::people::{PeopleSnapshot, SignedPeople};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::Store;
use tokio::time::timeout;

#[cfg(test)]
mod tests;

/// Rows of one look.
const ROWS_MAX: i64 = 16;
/// The rows of an agent are looked at again after this long, notice or not.
const AGAIN: Duration = Duration::from_secs(15);
/// A table that somebody locked keeps nobody for longer from what came past it.
const ROWS_SECONDS_MAX: Duration = Duration::from_secs(2);

/// A snapshot that was verified.
pub(super) struct Snapshot {
    pub(super) read: PeopleSnapshot,
    pub(super) signed: SignedPeople,
}

/// The newest snapshot of an agent that is known here.
pub(super) struct NewestSnapshot {
    pub(super) snapshot: Option<Arc<Snapshot>>,
    /// Whether no record tells of a newer one.
    pub(super) is_whole: bool,
    /// Why rows said nothing; empty where they did.
    pub(super) problem: String,
}

/// What is known of an agent's snapshot.
#[derive(Clone)]
struct Known {
    since: Instant,
    /// How many notes of it the rows were read for.
    read: u64,
    newest: Option<Arc<Snapshot>>,
    /// The file that was read last.
    file: Option<FileMark>,
}

/// What records said of an agent's snapshots: how many passed by, and the highest number.
#[derive(Clone, Copy, Default)]
struct Due {
    count: u64,
    number: u64,
}

/// The snapshots that agents are given, by agent.
#[derive(Default)]
pub(super) struct Snapshots {
    known: Mutex<HashMap<String, Known>>,
    /// Whoever gives up in the middle of reading leaves what is due to the next.
    due: Mutex<HashMap<String, Due>>,
    /// Counts what was noted.
    noted: AtomicU64,
    /// The files that came past the rows, and how often there were others.
    files: Mutex<(BTreeSet<FileMark>, u64)>,
}

impl Snapshots {
    /// Notes that there may be a snapshot of an agent under this number.
    pub(super) fn note_due(&self, agent: &str, number: u64) {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let own = due.entry(agent.to_owned()).or_default();
        *own = Due { count: own.count + 1, number: own.number.max(number) };
        drop(due);
        self.noted.fetch_add(1, Ordering::AcqRel);
    }

    /// Looks at the files that come past the rows, of which no record may tell: where there are
    /// others, each agent's is read again.
    pub(super) fn look_at_handed(&self, config: &CaConfig) {
        let marks = handed_people::marks(config);
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if files.0 != marks {
            *files = (marks, files.1 + 1);
            self.noted.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Counts what was noted: whoever waits looks again when it is more.
    pub(super) fn noted(&self) -> u64 {
        self.noted.load(Ordering::Acquire)
    }

    /// The newest snapshot of an agent, of rows and of what came past them. Where a record tells of
    /// a newer one it is looked for again by whoever asks next.
    pub(super) async fn newest(
        &self,
        (store, config): (&Store, &CaConfig),
        authority: &Authority,
        agent: &str,
    ) -> anyhow::Result<NewestSnapshot> {
        let due = self.due.lock().unwrap_or_else(PoisonError::into_inner).get(agent).copied();
        let mut due = due.unwrap_or_default();
        due.count += self.files.lock().unwrap_or_else(PoisonError::into_inner).1;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(agent).cloned();
        if let Some(known) = &known
            && known.read >= due.count
            && known.since.elapsed() < AGAIN
        {
            let (snapshot, problem) = (known.newest.clone(), String::new());
            return Ok(NewestSnapshot { snapshot, is_whole: true, problem });
        }
        let (read, file) = known.as_ref().map_or((0, None), |known| (known.read, known.file));
        let known = known.and_then(|known| known.newest);
        let rows = read_rows(store, authority, agent, known.as_deref());
        let rows = timeout(ROWS_SECONDS_MAX, rows).await;
        let rows = rows.context("the table of people snapshots does not answer").flatten();
        let (file, handed) = handed(config, authority, agent, file).await;
        let (found, failed) = match rows {
            Ok(found) => (found, None),
            Err(error) => (None, Some(error)),
        };
        let problem = failed.as_ref().map(|error| format!("{error:#}")).unwrap_or_default();
        let number = |one: &Option<Arc<Snapshot>>| one.as_ref().map_or(0, |one| one.read.number);
        let all = [found, handed].map(|one| one.map(Arc::new));
        let mut all = all.into_iter().chain([known]).collect::<Vec<_>>();
        let mut kept = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Another one that asked meanwhile may have found a newer one.
        all.push(kept.get(agent).and_then(|present| present.newest.clone()));
        let snapshot = all.into_iter().max_by_key(number).flatten();
        let is_whole = number(&snapshot) >= due.number;
        if let (None, Some(error)) = (&snapshot, failed) {
            return Err(error);
        }
        let read = if is_whole { due.count } else { read };
        let newest = snapshot.clone();
        kept.insert(agent.to_owned(), Known { since: Instant::now(), read, newest, file });
        Ok(NewestSnapshot { snapshot, is_whole, problem })
    }
}

/// A snapshot that the registry key signed for this agent of this city; under the number that its
/// row has, if it has one.
fn verified(
    (number, signed): (Option<u64>, SignedPeople),
    authority: &Authority,
    agent: &str,
) -> Option<Snapshot> {
    let read = signed.open(authority.registry_key())?;
    let own = read.agent == agent && number.is_none_or(|number| read.number == number);
    let own = own && read.founding.digest() == Some(authority.founding_digest());
    own.then_some(Snapshot { read, signed })
}

/// What the issuer handed over past the database, if that is another file than before.
async fn handed(
    config: &CaConfig,
    authority: &Authority,
    agent: &str,
    known: Option<FileMark>,
) -> (Option<FileMark>, Option<Snapshot>) {
    let (config, of) = (config.clone(), agent.to_owned());
    let read = move || handed_people::handed_over(&config, &of, known);
    match tokio::task::spawn_blocking(read).await.ok().flatten() {
        Some((mark, signed)) => (Some(mark), verified((None, signed), authority, agent)),
        None => (known, None),
    }
}

/// The newest snapshot behind the known one. A snapshot counts under its own number only: under
/// that of another it would hide those between them.
async fn read_rows(
    store: &Store,
    authority: &Authority,
    agent: &str,
    known: Option<&Snapshot>,
) -> anyhow::Result<Option<Snapshot>> {
    let mut tx = store.read().await?;
    let verified =
        |(number, signed): (u64, SignedPeople)| verified((Some(number), signed), authority, agent);
    let mut newest = None;
    if let Some(known) = known {
        let mut after = known.read.number;
        loop {
            let rows = snapshot::behind(&mut tx, agent, after, ROWS_MAX).await?;
            let Some((last, _)) = rows.last() else { return Ok(newest) };
            after = *last;
            newest = rows.into_iter().rev().find_map(verified).or(newest);
        }
    }
    let mut before = u64::MAX;
    loop {
        let rows = snapshot::before(&mut tx, agent, before, ROWS_MAX).await?;
        let Some((last, _)) = rows.last() else { return Ok(None) };
        before = *last;
        if let Some(found) = rows.into_iter().find_map(verified) {
            return Ok(Some(found));
        }
    }
}
