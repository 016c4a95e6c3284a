//! Systems that get certificates by themselves: their standing authorizations, the accounts that
//! ask under them, and what they got.

use crate::id::{Serial, Sha256Value};
use jose::Jwk;
use records::bytes::Bytes;
use records::commitment::Commitment;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A system with its standing authorization, and how far that is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemState {
    /// What people call it.
    pub name: String,
    /// The owner's unit.
    pub unit: String,
    /// Person id of who is in charge of it.
    pub leader: String,
    /// The commitment to who runs it.
    pub operator: Option<Commitment>,
    /// The commitment to the mail address of its technical contact.
    pub contact: Option<Commitment>,
    /// Host names as its order has them.
    pub names: Vec<String>,
    /// Whether a certificate may name a wildcard.
    pub wildcards: bool,
    /// IP addresses.
    pub addresses: Vec<String>,
    /// Profile id.
    pub profile: String,
    /// Most certificates of a week.
    pub per_week: u32,
    /// Most certificates that count at the same time.
    pub live: u32,
    /// Most open accounts.
    pub accounts: u32,
    /// Whether challenges must have been answered.
    pub challenges: bool,
    /// Last second of use, unix.
    pub until: u64,
    /// Digest of its order.
    pub order: Bytes,
    /// SHA-256 of the token under the order.
    pub token_sha256: Bytes,
    /// Whether it may be used.
    pub open: bool,
    /// Accounts that were opened under the order, closed ones too.
    pub opened: u32,
    /// The week of its last use, counted from the Monday before the epoch.
    pub week: u64,
    /// Certificates that it got in that week.
    pub used: u32,
    /// Those of them that it got by a portal's word alone.
    pub by_word: u32,
    /// The use that its order's challenge of SCEP was taken for.
    pub challenged: Option<Sha256Value>,
    /// The use that its order's password of EST was taken for.
    pub enrolled: Option<Sha256Value>,
}

/// An account of a system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountState {
    /// System id.
    pub system: Arc<str>,
    /// Digest of the order under which it was opened: it ends with that.
    pub order: Bytes,
    /// The key that signs for it now, a JWK in JSON.
    pub jwk: String,
    /// Those that did before it, oldest first: what one of them had revoked stays so.
    pub former: Vec<String>,
    /// RFC 7638 thumbprints of the keys that it had, the present one last: none opens another.
    pub thumbprints: Vec<Sha256Value>,
    /// Whether it was not closed.
    pub open: bool,
    /// The first certificate that it got.
    pub first: Option<Serial>,
}

/// A certificate of a system, from its use on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemCertificate {
    /// System id.
    pub system: Arc<str>,
    /// The account that asked for it, if one did.
    pub account: Option<Sha256Value>,
    /// SHA-256 of the PKCS#10.
    pub request_sha256: Sha256Value,
    /// SHA-256 of its names, in order and a line each: what it replaces has the same.
    pub names_sha256: Sha256Value,
    /// Its client asked for it then, unix: the record's time.
    pub asked: u64,
    /// It ends about then, unix: the record's time, and what the profile gives.
    pub ends: u64,
    /// It ends by then at the latest, unix: follows from what is signed.
    pub until: u64,
    /// Whether the tree holds that it was signed; until then nobody has it.
    pub is_issued: bool,
}

impl AccountState {
    /// The key that signs for it.
    pub fn key(&self) -> Option<Jwk> {
        serde_json::from_str(&self.jwk).ok()
    }

    /// Every key that signs for it or did, the present one first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Jwk> {
        let all = [&self.jwk].into_iter().chain(self.former.iter().rev());
        all.filter_map(|jwk| serde_json::from_str(jwk).ok())
    }

    /// Whether a thumbprint is that of its present key.
    pub fn has_key(&self, thumbprint: &Sha256Value) -> bool {
        self.thumbprints.last() == Some(thumbprint)
    }
}
