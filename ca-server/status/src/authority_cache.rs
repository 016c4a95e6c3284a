//! Authority as it will be when the log has everything that was confirmed here. What is confirmed
//! after somebody asked is added to what they were given, so that one suspension more costs one and
//! not all of them; when the log says something new, it is made anew.

use super::confirmed::Loss;
#[cfg(test)]
use super::confirmed::steps;
use super::derived::Basis;
use authority::Authority;
use std::sync::{Arc, Mutex, PoisonError};

/// What was made last, with what it follows from.
#[derive(Default)]
pub(super) struct AuthorityCache(Mutex<Option<(Basis, Arc<Authority>)>>);

impl AuthorityCache {
    /// Authority with what `since` gives: how much was confirmed by now, and what of it is open and
    /// came behind so much.
    pub(super) fn of(
        &self,
        authority: &Arc<Authority>,
        since: impl FnOnce(u64) -> (u64, Vec<Arc<Loss>>),
    ) -> Arc<Authority> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let log = Arc::downgrade(authority);
        let known = last.take().filter(|(basis, _)| basis.authority.ptr_eq(&log));
        let (known, mut noticed) = match known {
            Some((basis, noticed)) => (basis.changes, noticed),
            None => (0, authority.clone()),
        };
        let (changes, mut fresh) = since(known);
        #[cfg(test)]
        fresh.iter().for_each(|_| steps::count());
        fresh.retain(|loss| !loss.is_in(authority));
        if !fresh.is_empty() {
            let noticed = Arc::make_mut(&mut noticed);
            noticed.notice_pending(fresh.iter().map(|loss| &loss.record));
        }
        *last = Some((Basis { changes, authority: log }, noticed.clone()));
        noticed
    }

    /// Forgets what was made when the log said something else: it would keep all of that in memory.
    /// While somebody is at it, that is left to the next.
    pub(super) fn let_go(&self, authority: &Arc<Authority>) {
        let Ok(mut last) = self.0.try_lock() else { return };
        let log = Arc::downgrade(authority);
        *last = last.take().filter(|(basis, _)| basis.authority.ptr_eq(&log));
    }
}
