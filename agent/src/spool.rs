//! The spool: every record is durable here before its act, and stays until the log has acknowledged it.
//!
//! One thread writes (group commit: one write and one fdatasync for all that wait), records get their
//! place there: epoch, sequence number, chain. A start is a new epoch; so is an error of the disk, after
//! which nothing is written behind it any more. What survives a kill: every record that was waited for.
//! In reading order: [`queue`] (the way in), [`writer`] (the thread), [`segment`] (the files), [`recover`]
//! (a start).

mod queue;
pub mod recover;
pub mod segment;
mod writer;

pub use queue::{Place, Position, Spool};
pub use recover::{Acked, recover};

use records::Bytes;

/// A record that is durable; only the spool makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    epoch: Bytes,
    aseq: u64,
}

impl Recorded {
    /// The name of the request that this records, which is its token's `jti`.
    pub fn request_id(&self, agent: &str) -> String {
        records::access::request_id(agent, &self.epoch, self.aseq)
    }
}

/// Why something is not recorded; then it is not done either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    /// No room that the log has not acknowledged.
    #[error("the spool is full")]
    Full,
    /// The disk, or the record itself.
    #[error("the record cannot be written")]
    Failed,
}

impl NotRecorded {
    /// The code that a caller learns.
    pub fn code(self) -> records::Code {
        match self {
            Self::Full => records::Code::AuditFull,
            Self::Failed => records::Code::AuditFailed,
        }
    }
}
