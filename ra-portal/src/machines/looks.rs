//! Places of looks at challenges: so many at once, fewer of them for one account, and each
//! authorization once. A host that keeps its visitor waiting holds up the account whose name it
//! has, and nobody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// Looks of one account that are under way at once.
pub(crate) const OF_ACCOUNT_MAX: usize = 32;

/// Looks of one account that are under way or wait for it; a client that has more of them is told
/// to come again.
pub(crate) const OF_ACCOUNT_WAITING_MAX: usize = 1_000;

/// Who looks, and who waits for it.
pub(crate) struct Looks {
    places: Semaphore,
    entered: Mutex<Entered>,
}

/// Authorizations that are looked at or wait for it; places of accounts that have some, with how
/// many.
#[derive(Default)]
struct Entered {
    ids: BTreeSet<String>,
    accounts: BTreeMap<String, (Arc<Semaphore>, usize)>,
}

/// One that is looked at or waits for it.
struct Entry<'a> {
    looks: &'a Looks,
    id: String,
    account: String,
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

    /// Waits for a place to look at an authorization of an account; none where somebody here looks
    /// at it, or waits, already.
    pub(crate) async fn place(&self, id: &str, account: &str) -> Option<LookPlace<'_>> {
        let (entry, own) = self.enter(id, account)?;
        // Neither is ever closed.
        let own = own.acquire_owned().await.ok()?;
        let place = self.places.acquire().await.ok()?;
        Some(LookPlace { _place: place, _own: own, _entry: entry })
    }

    /// Whether one more look of an account may wait.
    pub(crate) fn has_room(&self, account: &str) -> bool {
        let entered = self.entered();
        entered.accounts.get(account).is_none_or(|(_, count)| *count < OF_ACCOUNT_WAITING_MAX)
    }

    fn enter(&self, id: &str, account: &str) -> Option<(Entry<'_>, Arc<Semaphore>)> {
        let mut entered = self.entered();
        let waiting = entered.accounts.get(account).map_or(0, |(_, count)| *count);
        if waiting >= OF_ACCOUNT_WAITING_MAX || !entered.ids.insert(id.to_owned()) {
            return None;
        }
        let places = || (Arc::new(Semaphore::new(OF_ACCOUNT_MAX)), 0);
        let (own, count) = entered.accounts.entry(account.to_owned()).or_insert_with(places);
        *count += 1;
        let entry = Entry { looks: self, id: id.to_owned(), account: account.to_owned() };
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
        if let Some((_, count)) = entered.accounts.get_mut(&self.account) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                entered.accounts.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn has_place<'a>(looks: &'a Looks, id: &str, account: &str) -> Option<LookPlace<'a>> {
        let place = looks.place(id, account);
        tokio::time::timeout(Duration::from_millis(20), place).await.ok().flatten()
    }

    #[tokio::test]
    async fn slow_hosts_of_one_account_hold_up_no_other() {
        let looks = Looks::new(OF_ACCOUNT_MAX * 2);
        let mut held = Vec::new();
        for one in 0..OF_ACCOUNT_MAX {
            held.push(has_place(&looks, &format!("a{one}"), "a").await.unwrap());
        }
        assert!(has_place(&looks, "more", "a").await.is_none());
        let other = has_place(&looks, "b0", "b").await;
        assert!(other.is_some());
        held.pop();
        assert!(has_place(&looks, "more", "a").await.is_some());
        drop((held, other));
        assert!(looks.entered().accounts.is_empty(), "nothing is kept of who looks no more");
        assert!(looks.entered().ids.is_empty());
    }

    /// What waits is a task and two entries: an account with a million names has a few of them.
    #[tokio::test]
    async fn so_many_looks_of_an_account_wait() {
        let looks = Looks::new(4);
        let mut held = Vec::new();
        for one in 0..OF_ACCOUNT_WAITING_MAX {
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
        drop(first);
        assert!(looks.place("a0", "a").await.is_some());
    }
}
