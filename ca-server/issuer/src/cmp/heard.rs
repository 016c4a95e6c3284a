//! A message with who sent it, and what it comes to.

use crate::command::Caller;
use crate::error::IssuerError;
use crate::verify::VerifiedCmp;
use authority::{Sha256Value, use_of_transaction};
use pkixcmp::{BodyDer, BodyKind, PkiMessage, SendError};

/// Versions of the protocol that are spoken.
pub(super) const VERSIONS: core::ops::RangeInclusive<u8> = 2..=3;
/// Bytes of a nonce and of a transaction's id at least (RFC 9483 3.1).
pub(super) const NONCE_BYTES_MIN: usize = 16;

/// A message with who sent it.
pub(super) struct Heard<'a> {
    pub(super) message: &'a PkiMessage,
    pub(super) verified: &'a VerifiedCmp,
    pub(super) caller: Caller,
}

impl Heard<'_> {
    /// What names its transaction among those of everybody.
    pub(super) fn transaction(&self) -> Sha256Value {
        let (verified, header) = (self.verified, self.message.header());
        use_of_transaction(verified.system(), verified.certificate(), &header.transaction)
    }
}

/// What a message comes to.
pub(super) struct Answer {
    pub(super) body: BodyDer,
    /// Whether the client need not confirm what it got.
    pub(super) implicit: bool,
    /// What is still asked for where the client comes again.
    pub(super) asks: Option<BodyKind>,
}

impl Answer {
    /// One after which nothing is asked for.
    pub(super) fn of(body: BodyDer) -> Self {
        Self { body, implicit: false, asks: None }
    }
}

/// What is written is ours: that it cannot be is none of a client's faults.
pub(super) fn made<T, E: Into<SendError>>(written: Result<T, E>) -> Result<T, IssuerError> {
    written.map_err(|error| {
        let error: SendError = error.into();
        IssuerError::Failed(error.into())
    })
}
