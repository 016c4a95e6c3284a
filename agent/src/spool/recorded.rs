//! What the spool says of a record: that it is durable, or why it is not.

use records::Bytes;

/// A record that is durable; only the spool makes it.
///
/// ```compile_fail,E0451
/// let forged = agent::spool::Recorded { epoch: todo!(), aseq: 0 };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub(super) epoch: Bytes,
    pub(super) aseq: u64,
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
