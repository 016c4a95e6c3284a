//! The gate: from a TCP connection to the application and back.
//!
//! A request goes through four values, each made only by the step before: [`request::Checked`] (one
//! reading of its head), [`authorize::Permit`] (a rule said yes), `spool::Recorded` (durable), and what
//! [`forward`] then does. In reading order: [`accept`] (connections), [`opened`], [`peer`] (whose they are), [`head`],
//! [`message`] and [`judged`] (HTTP/1 before the HTTP library), [`request`], [`authorize`], [`forward`], [`upstream`], [`stream`]
//! (bodies), [`live`] (cutting what is no longer permitted), [`page`] (what people read), [`turned`].

pub mod accept;
mod authorize;
mod fields;
mod forward;
mod head;
mod judged;
mod live;
mod message;
mod opened;
mod page;
mod peer;
mod request;
mod serve;
mod stream;
mod turned;
mod upstream;

use crate::config::Limits;
use crate::spool::Spool;
use crate::token::Tokens;
use crate::world::World;
use arc_swap::ArcSwap;
use pki::Certificate;
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
    pub limits: Limits,
    /// The root that clients' certificates lead to.
    pub root: Certificate,
    /// The issuing CA, for clients that show their certificate alone.
    pub issuing: Vec<Certificate>,
    /// Arc of our object identifiers.
    pub arc: pki::oid::Arc,
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
    pub(crate) live: live::Live,
    /// What was turned away, counted together.
    pub(crate) turned: turned::Turning,
    /// Requests permitted and denied, connections open.
    pub counts: Counts,
}

/// What heartbeats say.
#[derive(Default)]
pub struct Counts {
    permitted: AtomicU64,
    denied: AtomicU64,
    connections: AtomicU64,
}

impl Counts {
    fn permit(&self) {
        self.permitted.fetch_add(1, Ordering::Relaxed);
    }

    fn deny(&self) {
        self.denied.fetch_add(1, Ordering::Relaxed);
    }

    /// Permitted, denied, open connections.
    pub fn read(&self) -> (u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.permitted), read(&self.denied), read(&self.connections))
    }
}

pub use live::sweep;
pub use turned::tell;
