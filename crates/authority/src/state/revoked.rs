//! Certificates that do not count any more, or do not count for now.

use crate::id::{PersonId, Sha256Value};
use records::suspension::REPEATED_SECONDS;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A certificate that is revoked: since when, why, and until when it would have been valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// It is revoked since this second, unix.
    pub at: u64,
    /// RFC 5280 name of the reason.
    pub reason: String,
    /// The certificate would have been valid until this second, unix.
    pub not_after: u64,
}

/// How a suspension was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SuspensionSource {
    /// By whoever has the letter.
    Letter,
    /// Somebody suspended it under their signature.
    Signature,
    /// A portal says that the holder did.
    Portal,
}

/// A certificate that is suspended until others release it or it is revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspendedCertificate {
    /// SHA-256 of the notice or statement by which it was.
    pub name: Sha256Value,
    /// The person of this id suspended it.
    pub by: PersonId,
    /// RFC 5280 name of the reason for which it is revoked if nobody releases it.
    pub reason: String,
    /// The suspension came from this source.
    pub said: SuspensionSource,
    /// The portal, if only its word says that they did.
    pub told_by: Option<Arc<str>>,
    /// When it was said last, unix.
    pub said_at: u64,
    /// As it counts meanwhile: its reason is `certificateHold`.
    pub revoked: Revoked,
}

impl SuspendedCertificate {
    /// Whether another was said by the same person in the same way.
    pub(crate) fn is_said_as(&self, other: &Self) -> bool {
        (self.said, self.by) == (other.said, other.by)
    }

    /// Whether it was said so short a time ago that the same at `now` is the same one.
    pub fn is_said_now(&self, now: u64) -> bool {
        now < self.said_at.saturating_add(REPEATED_SECONDS)
    }

    /// Takes over what was said again: the newest stands, since the first.
    pub(crate) fn said_again(&mut self, again: Self) {
        let since = self.revoked.at.min(again.revoked.at);
        if again.said_at > self.said_at {
            *self = again;
        }
        self.revoked.at = since;
    }
}
