//! People snapshots for agents, verified under the registry key and kept until there is a newer
//! one: no row is read for every agent that asks, and none that nobody signed is handed out.

use authority::Authority;
use ca_store::table::snapshot;
use records::people::{PeopleSnapshot, SignedPeople};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::Store;

/// Rows of one look.
const ROWS_MAX: i64 = 16;
/// The rows of an agent are looked at again after this long, notice or not.
const AGAIN: Duration = Duration::from_secs(15);

/// A snapshot that was verified.
pub(super) struct Snapshot {
    pub(super) read: PeopleSnapshot,
    pub(super) signed: SignedPeople,
}

/// What is known of an agent's snapshot.
#[derive(Clone)]
struct Known {
    since: Instant,
    /// How many notes of it the rows were read for.
    read: u64,
    newest: Option<Arc<Snapshot>>,
}

/// Snapshots by agent.
#[derive(Default)]
pub(super) struct Snapshots {
    known: Mutex<HashMap<String, Known>>,
    /// Counts the records of each agent that passed by. Whoever gives up in the middle of reading
    /// leaves them to the next.
    due: Mutex<HashMap<String, u64>>,
    /// Counts what was noted.
    noted: AtomicU64,
}

impl Snapshots {
    /// Notes that there may be a newer snapshot of an agent.
    pub(super) fn note_due(&self, agent: &str) {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        *due.entry(agent.to_owned()).or_default() += 1;
        drop(due);
        self.noted.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts what was noted: whoever waits looks again when it is more.
    pub(super) fn noted(&self) -> u64 {
        self.noted.load(Ordering::Acquire)
    }

    /// The newest snapshot of an agent.
    pub(super) async fn newest(
        &self,
        store: &Store,
        authority: &Authority,
        agent: &str,
    ) -> anyhow::Result<Option<Arc<Snapshot>>> {
        let due = self.due.lock().unwrap_or_else(PoisonError::into_inner).get(agent).copied();
        let due = due.unwrap_or(0);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(agent).cloned();
        let known = match known {
            Some(known) if known.read >= due && known.since.elapsed() < AGAIN => {
                return Ok(known.newest);
            }
            known => known.and_then(|known| known.newest),
        };
        let newest = read(store, authority, agent, known.as_deref()).await?;
        let newest = newest.map(Arc::new).or(known);
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let number = |one: &Option<Arc<Snapshot>>| one.as_ref().map_or(0, |one| one.read.number);
        let present = all.get(agent).and_then(|present| present.newest.clone());
        // Another one that asked meanwhile may have found a newer one.
        let newest = if number(&present) > number(&newest) { present } else { newest };
        let known = Known { since: Instant::now(), read: due, newest: newest.clone() };
        all.insert(agent.to_owned(), known);
        Ok(newest)
    }
}

/// The newest snapshot behind the known one. A snapshot counts under its own number only: under
/// that of another it would hide those between them.
async fn read(
    store: &Store,
    authority: &Authority,
    agent: &str,
    known: Option<&Snapshot>,
) -> anyhow::Result<Option<Snapshot>> {
    let mut tx = store.read().await?;
    let verified = |(number, signed): (u64, SignedPeople)| {
        let read = signed.open(authority.registry_key())?;
        let own = read.agent == agent && read.number == number;
        let own = own && read.founding.digest() == Some(authority.founding_digest());
        own.then_some(Snapshot { read, signed })
    };
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
