//! Places of looks at challenges: so many at once, fewer of them for one system, however many
//! accounts it has, and each authorization once. A host that keeps its visitor waiting holds up the
//! system whose name it has, and nobody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// Looks that are under way at once.
pub(crate) const VALIDATIONS_MAX: usize = 128;

/// Looks of one system that are under way at once.
pub(crate) const OF_SYSTEM_MAX: usize = 32;

/// Looks of one system that are under way or wait for it; a client that has more of them is told
/// to come again.
pub(crate) const OF_SYSTEM_WAITING_MAX: usize = 1_000;

/// Who looks, and who waits for it.
pub(crate) struct Looks {
    places: Semaphore,
    entered: Mutex<Entered>,
}

/// Authorizations that are looked at or wait for it; places of systems that have some, with how
/// many.
#[derive(Default)]
struct Entered {
    ids: BTreeSet<String>,
    systems: BTreeMap<String, (Arc<Semaphore>, usize)>,
}

/// One that is looked at or waits for it.
struct Entry<'a> {
    looks: &'a Looks,
    id: String,
    system: String,
}

/// A place, until it is dropped.
pub(crate) struct LookPlace<'a> {
    _place: SemaphorePermit<'a>,
    _own: OwnedSemaphorePermit,
    _entry: Entry<'a>,
}

impl Looks {
    /// So many places.
    pub(crate) fn new(places: usize) -> Self {
        Self { places: Semaphore::new(places), entered: Mutex::default() }
    }

    /// Waits for a place to look at an authorization of a system; none where somebody here looks
    /// at it, or waits, already.
    pub(crate) async fn place(&self, id: &str, system: &str) -> Option<LookPlace<'_>> {
        let (entry, own) = self.enter(id, system)?;
        // Neither is ever closed.
        let own = own.acquire_owned().await.ok()?;
        let place = self.places.acquire().await.ok()?;
        Some(LookPlace { _place: place, _own: own, _entry: entry })
    }

    /// Authorizations that are looked at here, or wait for it.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.entered().ids.iter().cloned().collect()
    }

    /// Whether one more look of a system may wait.
    pub(crate) fn has_room(&self, system: &str) -> bool {
        let entered = self.entered();
        entered.systems.get(system).is_none_or(|(_, count)| *count < OF_SYSTEM_WAITING_MAX)
    }

    fn enter(&self, id: &str, system: &str) -> Option<(Entry<'_>, Arc<Semaphore>)> {
        let mut entered = self.entered();
        let waiting = entered.systems.get(system).map_or(0, |(_, count)| *count);
        if waiting >= OF_SYSTEM_WAITING_MAX || !entered.ids.insert(id.to_owned()) {
            return None;
        }
        let places = || (Arc::new(Semaphore::new(OF_SYSTEM_MAX)), 0);
        let (own, count) = entered.systems.entry(system.to_owned()).or_insert_with(places);
        *count += 1;
        let entry = Entry { looks: self, id: id.to_owned(), system: system.to_owned() };
        Some((entry, own.clone()))
    }

    fn entered(&self) -> MutexGuard<'_, Entered> {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut entered = self.looks.entered();
        entered.ids.remove(&self.id);
        if let Some((_, count)) = entered.systems.get_mut(&self.system) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                entered.systems.remove(&self.system);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn has_place<'a>(looks: &'a Looks, id: &str, system: &str) -> Option<LookPlace<'a>> {
        let place = looks.place(id, system);
        tokio::time::timeout(Duration::from_millis(20), place).await.ok().flatten()
    }

    #[tokio::test]
    async fn slow_hosts_of_one_account_hold_up_no_other() {
        let looks = Looks::new(OF_SYSTEM_MAX * 2);
        let mut held = Vec::new();
        for one in 0..OF_SYSTEM_MAX {
            held.push(has_place(&looks, &format!("a{one}"), "a").await.unwrap());
        }
        assert!(has_place(&looks, "more", "a").await.is_none());
        let other = has_place(&looks, "b0", "b").await;
        assert!(other.is_some());
        held.pop();
        assert!(has_place(&looks, "more", "a").await.is_some());
        drop((held, other));
        assert!(looks.entered().systems.is_empty(), "nothing is kept of who looks no more");
        assert!(looks.entered().ids.is_empty());
    }

    /// What waits is a task and two entries: a system with a million names has a few of them.
    #[tokio::test]
    async fn so_many_looks_of_a_system_wait() {
        let looks = Looks::new(4);
        let mut held = Vec::new();
        for one in 0..OF_SYSTEM_WAITING_MAX {
            assert!(looks.has_room("a"));
            held.push(looks.enter(&format!("a{one}"), "a").unwrap());
        }
        assert!(!looks.has_room("a") && looks.enter("more", "a").is_none());
        assert!(looks.has_room("b") && looks.enter("b0", "b").is_some());
        held.pop();
        assert!(looks.has_room("a") && looks.enter("more", "a").is_some());
    }

    #[tokio::test]
    async fn an_authorization_is_looked_at_once_at_a_time() {
        let looks = Looks::new(4);
        let first = looks.place("a0", "a").await;
        assert!(first.is_some());
        assert!(looks.place("a0", "a").await.is_none());
        assert_eq!(looks.ids(), ["a0"]);
        drop(first);
        assert!(looks.ids().is_empty());
        assert!(looks.place("a0", "a").await.is_some());
    }
}
