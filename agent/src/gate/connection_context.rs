//! An open connection as its requests see it, and the places that it takes.

use super::origins::Origins;
use super::peer::{ClientIdentity, Peer};
use super::request_rate::RateOfOne;
use super::salts::Salts;
use super::state::Gate;
use super::strict_http1::{EndOfReading, UpgradeSwitch};
use super::upstream::Pool;
use crate::token::{ConnectionClaims, ConnectionToken};
use arc_swap::ArcSwapOption;
use mtls::listen::{ActiveRequest, Activity, KeyedPlace, KeyedShare, Slot};
use policy::Circumstances;
use records::Code;
use records::body::DecisionForm;
use std::net::SocketAddr;
use std::sync::Arc;

/// The record of a connection, as those of its requests name it.
pub(super) struct RecordedConnection {
    /// Its name.
    pub(super) name: String,
    /// What all decisions on it say alike.
    pub(super) form: DecisionForm,
    /// Under what all of them are asked.
    pub(super) under: Circumstances,
    /// The token that its requests share, once there was one.
    pub(super) token: ArcSwapOption<ConnectionToken>,
    /// What its records commit with.
    pub(super) salts: Salts,
}

impl RecordedConnection {
    /// Has a token made that its requests share, unless there is a fresh one or each has its own.
    pub(super) fn prepare(&self, gate: &Gate, peer: &Peer, now: u64) {
        let is_fresh = || self.token.load().as_ref().is_some_and(|token| token.is_fresh(now));
        if !gate.tokens.are_of_connections() || is_fresh() {
            return;
        }
        let claims = ConnectionClaims {
            person: &peer.person,
            name: &peer.name,
            org: &peer.units,
            certificate: &peer.sha256,
            acr: peer.acr,
            connection: &self.name,
        };
        match gate.tokens.of_connection(&claims, now) {
            Ok(token) => self.token.store(Some(Arc::new(token))),
            Err(error) => {
                // An old one may be over: nothing passes with it.
                self.token.store(None);
                tracing::error!(error = format!("{error:#}"), "no token of a connection");
            }
        }
    }
}

/// A connection as its requests see it.
pub(super) struct ConnectionContext {
    pub(super) gate: Arc<Gate>,
    pub(super) source: SocketAddr,
    /// What its requests say of where they come from.
    pub(super) origins: Origins,
    /// Server name of the handshake.
    pub(super) sni: Option<String>,
    pub(super) shown: ClientIdentity,
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
    /// What it shares with all others of its certificate.
    pub(super) of_one: Option<OfOne>,
    /// Its place, until its requests and its tunnel are over.
    pub(super) _slot: Slot,
}

/// What all connections of one certificate share.
pub(super) struct OfOne {
    /// Requests and connections within a minute.
    pub(super) rate: RateOfOne,
    /// Requests under way.
    pub(super) requests: KeyedShare<[u8; 32]>,
}

/// Counts a request of its connection, and of its certificate, until its answer is over.
pub(super) struct RequestGuard {
    _of_connection: Option<ActiveRequest>,
    _of_one: Option<KeyedPlace<[u8; 32]>>,
}

impl RequestGuard {
    /// Refused if the certificate has as many requests under way as one may have, or had as many
    /// as it has a minute.
    pub(super) fn with(context: &ConnectionContext, target_bytes: usize) -> Result<Self, Code> {
        let limits = &context.gate.limits;
        let of_one = match &context.of_one {
            Some(OfOne { rate, requests }) => {
                if !rate.takes(target_bytes, context.gate.a_minute()) {
                    return Err(Code::TooManyTries);
                }
                Some(requests.enter(limits.requests_of_one).ok_or(Code::TooBusy)?)
            }
            None => None,
        };
        // Over HTTP/2 whoever speaks it counts each stream, and knows what its client takes.
        let is_http1 = context.upgrade.is_some();
        let of_connection = is_http1.then(|| context.activity.begin());
        Ok(Self { _of_connection: of_connection, _of_one: of_one })
    }
}
