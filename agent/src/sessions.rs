//! How a gate speaks to the services of its city: over connections that show one certificate, with
//! what the key of that signed. They are exchanged together, since the log takes what is signed by
//! whoever hands it in, and by nobody else.

use arc_swap::ArcSwap;
use ca_api::{Log, Status};
use keys::SoftwareSigner;
use std::sync::Arc;

/// Connections by one key and certificate, kept and new ones.
pub struct ServiceSessions {
    /// The key of the certificate signs what is handed in.
    pub signer: Arc<SoftwareSigner>,
    /// The status service tells over these what is newer.
    pub status: Status,
    /// The log takes records over these.
    pub log: Log,
    /// The log hears over a connection of its own that the agent lives.
    pub pulses: Log,
}

/// The sessions that count now; whoever begins something takes them for all of it.
pub type PresentSessions = Arc<ArcSwap<ServiceSessions>>;
