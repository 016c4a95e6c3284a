//! What the spool says of a record: that it is durable, or why it is not.

use records::Bytes;
use records::access::request_id;
use std::sync::Arc;

/// The run of an agent, as the names of its requests begin: they are told by their number alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunName(Arc<str>);

impl RunName {
    pub(super) fn of(agent: &str, epoch: &[u8; 16]) -> Self {
        let first = request_id(agent, &Bytes::from(*epoch), 0);
        Self(first.strip_suffix('0').unwrap_or(&first).into())
    }
}

/// A record that is durable; only the spool makes it.
///
/// ```compile_fail,E0451
/// let forged = agent::spool::Recorded { run: todo!(), aseq: 0 };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    run: RunName,
    aseq: u64,
}

impl Recorded {
    pub(super) fn new(run: &RunName, aseq: u64) -> Self {
        Self { run: run.clone(), aseq }
    }

    /// The name of the request that this records, which is its token's `jti`.
    pub fn request_id(&self) -> String {
        format!("{}{}", self.run.0, self.aseq)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of a record is what its run and its number make it, as everybody else makes it.
    #[test]
    fn a_record_is_named_by_its_run_and_number() {
        let run = RunName::of("gate-10", &[7; 16]);
        for aseq in [0, 1, 9, 10, 100, u64::MAX] {
            let named = request_id("gate-10", &Bytes::from([7; 16]), aseq);
            assert_eq!(Recorded::new(&run, aseq).request_id(), named);
        }
    }
}
