//! An open connection as its requests see it, and the places that it takes.

use super::Gate;
use super::judged::Agreed;
use super::peer::Shown;
use super::upstream::Pool;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

/// A connection as its requests see it.
pub(super) struct Opened {
    pub(super) gate: Arc<Gate>,
    pub(super) source: SocketAddr,
    /// Server name of the handshake.
    pub(super) sni: Option<String>,
    pub(super) shown: Shown,
    /// Id of the connection's record; none if it could not be recorded, and then nothing passes.
    pub(super) recorded: Option<String>,
    pub(super) pool: Arc<Pool>,
    /// What the reader of an HTTP/1 connection calls a refusal.
    pub(super) word: String,
    pub(super) agreed: Option<Agreed>,
    /// Requests under way.
    pub(super) busy: Arc<AtomicUsize>,
    /// Requests so far.
    pub(super) requests: AtomicUsize,
    /// Ends the connection at once.
    pub(super) end: CancellationToken,
    /// Ends it when what is under way is answered.
    pub(super) close: CancellationToken,
    /// Its places among all connections and among those of its certificate.
    pub(super) _places: (OwnedSemaphorePermit, Option<OneOf>),
}

/// Counts a request of its connection until its answer is over.
pub(super) struct Busy(Arc<AtomicUsize>);

impl Busy {
    pub(super) fn with(opened: &Opened) -> Self {
        opened.busy.fetch_add(1, Ordering::AcqRel);
        opened.requests.fetch_add(1, Ordering::Relaxed);
        Self(opened.busy.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One of the places that somebody has; others keep theirs.
pub(super) struct OneOf<K: Eq + Hash = [u8; 32]>(Arc<Mutex<HashMap<K, usize>>>, K);

impl<K: Eq + Hash + Clone> OneOf<K> {
    pub(super) fn enter(
        places: &Arc<Mutex<HashMap<K, usize>>>,
        whose: K,
        most: usize,
    ) -> Option<Self> {
        let mut open = places.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(whose.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Self(places.clone(), whose))
    }
}

impl<K: Eq + Hash> Drop for OneOf<K> {
    fn drop(&mut self) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.1);
            }
        }
    }
}
