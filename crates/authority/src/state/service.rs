//! Services of the city: their certificates, what they may have again, agents.

use crate::id::Sha256Value;
use records::bytes::Bytes;
use records::founding::StandingAuthorization;
use records::order::AccessMode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A certificate of an authority or a service, from its intent on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceCertificate {
    /// What it names: `root`, or a service and its process.
    pub subject: String,
    /// The certificate's key is named by the SHA-256 of its SubjectPublicKeyInfo.
    pub key_sha256: Sha256Value,
}

/// A recorded intent or use without a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenIntent {
    /// Digest of the order, or SHA-256 of the request that was used.
    pub under: Sha256Value,
    /// The bytes that may be signed are named by the SHA-256 of the TBSCertificate.
    pub tbs_sha256: Sha256Value,
    /// The certificate's key is named by the SHA-256 of its SubjectPublicKeyInfo.
    pub key_sha256: Sha256Value,
}

/// A standing authorization and how far it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The authorization as the founding or an order gave it.
    pub given: StandingAuthorization,
    /// What gives it: the founding digest, or the digest of an order.
    pub under: Bytes,
    /// The certificate is for these host names.
    pub hosts: Vec<String>,
    /// The service is run by the unit of this id.
    pub unit: String,
    /// SHA-256 of the key that may ask next.
    pub key_sha256: Bytes,
    /// It can be used until this second, unix.
    pub expires: u64,
    /// It was used so many times.
    pub used: u32,
    /// These challenges were used, and are taken no second time.
    pub challenges: BTreeSet<Bytes>,
    /// Signature of the last use: the same message again is the same use.
    pub last: Bytes,
}

impl Standing {
    /// The name in the certificates of its service.
    pub fn subject(&self) -> String {
        format!("{}/{}", self.given.service, self.given.process)
    }
}

/// Whose key it is: a portal's or agent's id, and its process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceKey {
    pub(crate) service: Arc<str>,
    pub(crate) process: &'static str,
}

/// How the gates of an application take what their rules say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeState {
    /// The mode.
    pub mode: AccessMode,
    /// Last second of `observe`, unix; else 0.
    pub until: u64,
    /// The order that says so is named by its digest.
    pub order: Bytes,
}

/// An emergency whose case is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyState {
    /// It is of the application of this id.
    pub application: String,
    /// Person ids of those whom it lets past the rules.
    pub people: Vec<String>,
    /// Theirs, and those of who approved it: none of them closes its case.
    pub about: Vec<String>,
    /// First second, unix.
    pub from: u64,
    /// Last second, unix.
    pub until: u64,
}

/// An agent as its order registered it, with what became of its joining.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// The agent is run by the unit of this id.
    pub unit: String,
    /// The agent stands in front of the application of this id.
    pub application: String,
    /// The application has these host names.
    pub hosts: Vec<String>,
    /// The agent serves people of these units and of those below.
    pub units: Vec<String>,
    /// The order that registered it is named by its digest.
    pub order: Bytes,
    /// SHA-256 of the token under which it joins.
    pub token_sha256: Bytes,
    /// The agent can join until this second, unix.
    pub join_until: u64,
    /// Whether it joined under this order.
    pub joined: bool,
    /// SHA-256 of each of its keys: the first one and its renewals.
    pub keys: BTreeSet<Bytes>,
    /// SHA-256 of keys that it had under earlier orders: they prove what was, and open nothing.
    pub past: BTreeSet<Bytes>,
    /// It says whether the agent is served; one that was closed is not.
    pub open: bool,
}
