//! An open connection as its requests see it, and the places that it takes.

use super::peer::Shown;
use super::state::Gate;
use super::strict_http1::{EndOfReading, UpgradeSwitch};
use super::upstream::Pool;
use mtls::listen::{ActiveRequest, Activity, KeyedPlace, KeyedPlaces, Slot};
use records::body::DecisionForm;
use std::net::SocketAddr;
use std::sync::Arc;

/// The record of a connection, as those of its requests name it.
pub(super) struct RecordedConnection {
    /// What all decisions on it say alike.
    pub(super) form: DecisionForm,
}

/// A connection as its requests see it.
pub(super) struct ConnectionContext {
    pub(super) gate: Arc<Gate>,
    pub(super) source: SocketAddr,
    /// Server name of the handshake.
    pub(super) sni: Option<String>,
    pub(super) shown: Shown,
    /// Its record; none if it could not be recorded, and then nothing passes.
    pub(super) recorded: Option<RecordedConnection>,
    pub(super) pool: Arc<Pool>,
    /// What the reader of an HTTP/1 connection calls a refusal.
    pub(super) word: String,
    pub(super) upgrade: Option<UpgradeSwitch>,
    /// Why nothing more of an HTTP/1 connection is read.
    pub(super) end_of_reading: EndOfReading,
    /// Requests under way, and the end from within.
    pub(super) activity: Arc<Activity>,
    /// Requests under way of every certificate.
    pub(super) requests_of_all: KeyedPlaces<[u8; 32]>,
    /// Its place, until its requests and its tunnel are over.
    pub(super) _slot: Slot,
}

/// Counts a request of its connection, and of its certificate, until its answer is over.
pub(super) struct RequestGuard {
    _of_connection: ActiveRequest,
    _of_one: Option<KeyedPlace<[u8; 32]>>,
}

impl RequestGuard {
    /// None if the certificate has as many requests under way as one may have.
    pub(super) fn with(context: &ConnectionContext) -> Option<Self> {
        let most = context.gate.limits.requests_of_one;
        let of_one = match &context.shown {
            Shown::Person(peer) => Some(context.requests_of_all.enter(peer.sha256, most)?),
            _ => None,
        };
        Some(Self { _of_connection: context.activity.begin(), _of_one: of_one })
    }
}
