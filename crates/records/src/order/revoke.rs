//! The body of an order that revokes, and whose wish it is.

use crate::commitment::Commitment;
use crate::wish::Wish;
use pki::Certificate;
use serde::{Deserialize, Serialize};

/// Kind `revoke`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeBody {
    /// Person id of the holder, or of who is in charge of the system.
    pub person: String,
    /// The system whose certificates they are, if they are no person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<RevokedSystem>,
    /// Serial numbers in lower-case hexadecimal.
    pub serials: Vec<String>,
    /// RFC 5280 name of the reason.
    pub reason: String,
    /// Commitment to the evidence.
    pub evidence: Commitment,
    /// What the officer signed who asked for it, if they signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Box<Wish>>,
}

/// The system whose certificates an order revokes, as authority holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedSystem {
    /// System id.
    pub system: String,
    /// What people call it.
    pub name: String,
    /// The owner's unit.
    pub unit: String,
}

/// Certificates that one order may revoke.
pub const REVOKED_MAX: usize = 64;

impl RevokeBody {
    /// Whether the wish in it asks for just what it says, in the name of the order's drafter. There
    /// may be none.
    pub(crate) fn is_asked_for(&self, drafter: &str) -> bool {
        let Some(wish) = &self.wish else { return true };
        let Ok(said) = wish.read() else { return false };
        let Ok(certificate) = Certificate::read(&wish.certificate.0) else { return false };
        let person = certificate.subject().person();
        certificate.sha256().as_slice() == said.certificate.0
            && person.is_some()
            && drafter.strip_prefix("person:") == person
            && self.serials == [said.serial]
            && self.reason == said.reason
            && self.evidence == said.evidence
    }
}
