//! The parts of authority.

use records::approval::Approval;
use records::bytes::Bytes;
use records::code::Code;
use records::founding::StandingAuthorization;
use records::order::Order;
use records::rules::Role;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A unit of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Name.
    pub name: String,
    /// Whether it is a county.
    pub county: bool,
    /// The unit above; the city has none.
    pub parent: Option<String>,
    /// Whether it takes people.
    pub open: bool,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Unit id.
    pub unit: String,
    /// Version of the record.
    pub version: u32,
    /// Commitment to the name.
    pub name: Bytes,
    /// Commitment to the mail address.
    pub mail: Option<Bytes>,
    /// Whether they left office.
    pub left: bool,
    /// Roles with their scopes.
    pub roles: BTreeSet<(Role, String)>,
    /// Serial numbers of certificates, from their intents on.
    pub serials: Vec<String>,
}

impl Person {
    /// Whether the role is held over exactly this scope.
    pub fn holds(&self, role: Role, scope: &str) -> bool {
        self.roles.iter().any(|(held, over)| *held == role && over == scope)
    }
}

/// A profile in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileState {
    /// Version.
    pub version: u32,
    /// SHA-256 of the file.
    pub digest: Bytes,
    /// The file.
    pub content: String,
}

/// A portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portal {
    /// Unit that runs it.
    pub unit: String,
    /// Public host.
    pub public_host: String,
    /// Staff host.
    pub staff_host: String,
    /// SHA-256 of each key of the public process: the registered one and its renewals.
    pub public_keys: BTreeSet<Bytes>,
    /// SHA-256 of each key of the staff process.
    pub staff_keys: BTreeSet<Bytes>,
    /// Whether it may speak.
    pub open: bool,
}

/// A letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterState {
    /// Person id.
    pub person: String,
    /// Profile id.
    pub profile: String,
    /// SHA-256 of the look-up key.
    pub lookup_sha256: Bytes,
    /// SHA-256 of the loss value.
    pub loss_sha256: Bytes,
    /// Last second to submit, unix.
    pub expires: u64,
    /// Serial numbers of certificates issued, or being issued, under it.
    pub serials: Vec<String>,
    /// Whether its loss was reported; nothing is issued under it any more.
    pub lost: bool,
    /// Whether an application under it was rejected; nothing is issued under it any more.
    #[serde(default)]
    pub rejected: bool,
}

/// A certificate of a person, from its intent on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Person id.
    pub person: String,
    /// Reference of its letter.
    pub reference: String,
    /// It ends by then at the latest, unix: follows from what is signed.
    pub until: u64,
}

/// A recorded intent or use without a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intended {
    /// Digest of the order, or SHA-256 of the request that was used.
    pub under: Bytes,
    /// SHA-256 of the TBSCertificate.
    pub tbs_sha256: Bytes,
    /// SHA-256 of the key.
    pub key_sha256: Bytes,
}

/// A key that speaks for an officer, through one certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Person id.
    pub person: String,
    /// The certificate; none until the founding's certificates are recorded.
    pub serial: Option<String>,
}

/// An order that waits for approvals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// The order's bytes.
    pub order: Bytes,
    /// The registry key's signature.
    pub signature: Bytes,
    /// Last second, unix.
    pub expires: u64,
    /// Valid approvals with their ids.
    pub approvals: Vec<(Bytes, Approval)>,
}

impl OpenOrder {
    pub(super) fn new(read: &Order, order: &Bytes, signature: &Bytes) -> Self {
        Self {
            order: order.clone(),
            signature: signature.clone(),
            expires: read.expires_unix(),
            approvals: Vec::new(),
        }
    }
}

/// A revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// When, unix.
    pub at: u64,
    /// RFC 5280 name of the reason.
    pub reason: String,
    /// End of validity, unix.
    pub not_after: u64,
}

/// A standing authorization and how far it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// As it was given.
    pub given: StandingAuthorization,
    /// What gives it: the founding digest, or the digest of an order.
    pub under: Bytes,
    /// Host names of the certificate.
    pub hosts: Vec<String>,
    /// Unit of the service.
    pub unit: String,
    /// SHA-256 of the key that may ask next.
    pub key_sha256: Bytes,
    /// Uses so far.
    pub used: u32,
    /// Challenges that were used.
    pub challenges: BTreeSet<Bytes>,
    /// Signature of the last use: the same message again is the same use.
    pub last: Bytes,
}

/// What is recorded but not yet in the tree, as far as it takes something away or brakes.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    pub(super) withdrawn: BTreeSet<(String, Role, String)>,
    pub(super) left: BTreeSet<String>,
    pub(super) revoked: BTreeMap<String, Revoked>,
    pub(super) lost: BTreeSet<String>,
    /// Letters of applications that were rejected.
    pub(super) rejected: BTreeSet<String>,
    /// Orders that are carried out or replaced.
    pub(super) orders: BTreeMap<String, Code>,
    pub(super) portals: BTreeSet<String>,
    pub(super) agents: BTreeSet<String>,
    /// Agents whose join is recorded.
    pub(super) joined: BTreeSet<String>,
    pub(super) units: BTreeSet<String>,
    /// Orders that can be approved already. Approvals count before the tree has them for orders of
    /// kind `revoke` only: brakes do not wait.
    pub(super) open: BTreeMap<String, OpenOrder>,
    /// Approvals; nobody gives two, and a browser leaves room for those that come from outside it.
    pub(super) given: Vec<Approval>,
    /// Counters of passkeys by credential id: what was seen, is seen before the tree has it.
    pub(super) counters: BTreeMap<String, u32>,
    /// Orders that are being carried out and change authority.
    pub(super) enacted: usize,
}
