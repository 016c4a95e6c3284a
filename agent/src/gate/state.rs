//! What every connection of the gate shares.

use super::in_flight::Live;
use super::peer::ClientTrust;
use super::rejection::Rejections;
use crate::config::GateLimits;
use crate::spool::Spool;
use crate::token::Tokens;
use crate::world::World;
use arc_swap::ArcSwap;
use service::{Clock, Metrics};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What every connection shares.
pub struct Gate {
    /// Agent id.
    pub agent: String,
    /// Application id.
    pub application: String,
    /// Host names that it answers for.
    pub hosts: Vec<String>,
    /// The application's address.
    pub upstream: SocketAddr,
    /// Limits.
    pub limits: GateLimits,
    /// What clients' certificates lead to.
    pub clients: ClientTrust,
    /// Address of the portal, for people without a certificate.
    pub portal: String,
    /// What is in force.
    pub world: Arc<ArcSwap<World>>,
    /// What is durable.
    pub spool: Spool,
    /// Identity tokens.
    pub tokens: Tokens,
    /// The true clock.
    pub clock: Clock,
    /// Counters.
    pub metrics: Metrics,
    /// Requests under way.
    pub(crate) live: Live,
    /// What was turned away, counted together.
    pub(crate) rejections: Rejections,
    /// Requests permitted and denied, connections open.
    pub counts: Counts,
}

/// What heartbeats say.
#[derive(Default)]
pub struct Counts {
    permitted: AtomicU64,
    denied: AtomicU64,
    pub(super) connections: AtomicU64,
}

impl Counts {
    pub(super) fn permit(&self) {
        self.permitted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn deny(&self) {
        self.denied.fetch_add(1, Ordering::Relaxed);
    }

    /// Permitted, denied, open connections.
    pub fn read(&self) -> (u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.permitted), read(&self.denied), read(&self.connections))
    }
}
