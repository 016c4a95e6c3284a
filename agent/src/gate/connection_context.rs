//! An open connection as its requests see it, and the places that it takes.

use super::Gate;
use super::judged::Agreed;
use super::peer::Shown;
use super::upstream::Pool;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
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
    /// Requests under way of every certificate.
    pub(super) of_one: Places<[u8; 32]>,
    /// Its place among all connections, and the one that [`Opened::shown`] gives it.
    pub(super) _places: (OwnedSemaphorePermit, Seat),
}

/// How many places somebody has taken.
pub(super) type Places<K> = Arc<Mutex<HashMap<K, usize>>>;

/// The place of an open connection.
pub(super) enum Seat {
    /// Among those of its certificate.
    OfOne { _place: OneOf<[u8; 32]> },
    /// Among those that proved nothing, and of them among those from the same address.
    Unproven { _place: (OwnedSemaphorePermit, OneOf<IpAddr>) },
}

/// Counts a request of its connection, and of its certificate, until its answer is over.
pub(super) struct Busy {
    of_connection: Arc<AtomicUsize>,
    _of_one: Option<OneOf<[u8; 32]>>,
}

impl Busy {
    /// None if the certificate has as many requests under way as one may have.
    pub(super) fn with(opened: &Opened) -> Option<Self> {
        let most = opened.gate.limits.requests_of_one;
        let of_one = match &opened.shown {
            Shown::Person(peer) => Some(OneOf::enter(&opened.of_one, peer.sha256, most)?),
            _ => None,
        };
        opened.busy.fetch_add(1, Ordering::AcqRel);
        opened.requests.fetch_add(1, Ordering::Relaxed);
        Some(Self { of_connection: opened.busy.clone(), _of_one: of_one })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.of_connection.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One of the places that somebody has; others keep theirs.
pub(super) struct OneOf<K: Eq + Hash>(Places<K>, K);

impl<K: Eq + Hash + Clone> OneOf<K> {
    pub(super) fn enter(places: &Places<K>, whose: K, most: usize) -> Option<Self> {
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
