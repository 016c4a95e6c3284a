//! The parts of authority, each as it was read when its record was applied.

mod machine;
mod order;
mod revoked;
mod service;

pub use machine::{AccountState, SystemCertificate, SystemState};
pub(crate) use order::{BatchState, Contents, PasskeyContents, PortalKeys};
pub use order::{GivenApproval, OpenOrder};
pub use revoked::{Revoked, SuspendedCertificate, SuspensionSource};
pub(crate) use service::ServiceKey;
pub use service::{Agent, EmergencyState, ModeState, OpenIntent, ServiceCertificate, Standing};

use crate::id::{OrderDigest, PersonId, Reference, Serial, Sha256Value};
use pki::PublicKey;
use pki::profile::CertificateProfile;
use records::bytes::Bytes;
use records::code::Code;
use records::founding::Founding;
use records::record::File;
use records::rules::{ApprovalRules, Role, RoleRules};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the founding statement fixes for ever, read once.
pub(crate) struct FoundingFacts {
    pub(crate) founding: Founding,
    pub(crate) digest: [u8; 32],
    pub(crate) founded: u64,
    pub(crate) registry: PublicKey,
    pub(crate) issuing: PublicKey,
    /// SHA-256 of each key of the root, the online keys and the first services.
    pub(crate) system_keys: BTreeSet<Sha256Value>,
}

/// The rule files in force.
pub(crate) struct Rules {
    pub(crate) roles: RoleRules,
    pub(crate) roles_file: String,
    pub(crate) approvals: ApprovalRules,
    pub(crate) approvals_digest: Bytes,
    pub(crate) approvals_file: String,
}

/// A unit of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// The unit's name is the one that people read.
    pub name: String,
    /// It says whether the unit is a county.
    pub county: bool,
    /// The unit above; the city has none.
    pub parent: Option<String>,
    /// Whether it takes people.
    pub open: bool,
}

/// A person as the orders about them left them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The person is of the unit of this id.
    pub unit: String,
    /// Version of the record.
    pub version: u32,
    /// Commitment to the name.
    pub name: Bytes,
    /// The mail address is committed to.
    pub mail: Option<Bytes>,
    /// Keyed digest of the national number, if it is registered.
    pub number: Option<Sha256Value>,
    /// Commitment to what was looked at; people of the founding have none.
    pub evidence: Option<Bytes>,
    /// Whether they left office.
    pub left: bool,
    /// Roles with their scopes.
    pub roles: BTreeSet<(Role, String)>,
    /// Which grant of the city gave each role beside that of an official; the founding's have none.
    pub granted: BTreeMap<(Role, String), u64>,
    /// Serial numbers of certificates, from their intents on.
    pub serials: Vec<Serial>,
}

impl Person {
    /// Whether the role is held over exactly this scope.
    pub fn holds(&self, role: Role, scope: &str) -> bool {
        self.roles.iter().any(|(held, over)| *held == role && over == scope)
    }

    /// Which grant gave the role over exactly this scope; 0 where the founding did.
    pub(crate) fn grant_of(&self, role: Role, scope: &str) -> u64 {
        let mut all = self.granted.iter();
        let found = all.find(|((held, over), _)| *held == role && over == scope);
        found.map_or(0, |(_, grant)| *grant)
    }
}

/// A profile in force.
#[derive(Clone, Debug)]
pub struct ProfileState {
    /// The profile is in this version; each order that changes it adds one.
    pub version: u32,
    /// SHA-256 of the file.
    pub digest: Bytes,
    /// The profile's file as it is in force, TOML.
    pub content: String,
    /// What the file says.
    pub profile: Arc<CertificateProfile>,
}

/// A portal with its two processes, as it was registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portal {
    /// Unit that runs it.
    pub unit: String,
    /// People without a certificate reach it under this host name.
    pub public_host: String,
    /// Staff reach it under this host name, with their certificates.
    pub staff_host: String,
    /// Host of the machines' protocols; empty where it speaks none.
    pub machines_host: String,
    /// SHA-256 of each key of the public process: the registered one and its renewals.
    pub public_keys: BTreeSet<Bytes>,
    /// SHA-256 of each key of the staff process.
    pub staff_keys: BTreeSet<Bytes>,
    /// SHA-256 of each key of the machines' process.
    pub machines_keys: BTreeSet<Bytes>,
    /// Whether it may speak.
    pub open: bool,
}

/// A letter with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterState {
    /// The letter is for this person.
    pub person: PersonId,
    /// A certificate of this profile can be had with it.
    pub profile: Arc<str>,
    /// The look-up key is known by its SHA-256 alone.
    pub lookup_sha256: Sha256Value,
    /// The loss value is known by its SHA-256 alone.
    pub loss_sha256: Sha256Value,
    /// The suspension value is known by its SHA-256 alone.
    pub suspend_sha256: Sha256Value,
    /// Whether a code that came by short message is needed beside the letter's to ask.
    pub by_message: bool,
    /// A request can be submitted until this second, unix.
    pub expires: u64,
    /// Serial numbers of certificates issued, or being issued, under it.
    pub serials: Vec<Serial>,
    /// Whether its loss was reported; nothing is issued under it any more.
    pub lost: bool,
    /// Whether it was voided; nothing is issued under it any more.
    pub voided: bool,
    /// Whether an application under it was rejected; nothing is issued under it any more.
    pub rejected: bool,
    /// The newest order made from an application under it.
    pub newest: Option<OrderDigest>,
    /// What became of that order; it is open, or expired, while nothing did.
    pub ended: Option<OrderEnd>,
    /// The handler who signed the draft for it; an operator made the others.
    pub drafter: Option<PersonId>,
}

/// What ended an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderEnd {
    /// It was carried out.
    Consumed,
    /// A newer application replaced it, or what it gives was taken away.
    Cancelled,
    /// An officer sent it back.
    Returned,
    /// An officer ended it.
    Rejected,
    /// Whoever drafted it took it back.
    Withdrawn,
}

impl OrderEnd {
    /// The code under which the order is refused from then on.
    pub fn code(self) -> Code {
        match self {
            Self::Consumed => Code::OrderConsumed,
            Self::Cancelled => Code::OrderCancelled,
            Self::Returned => Code::OrderReturned,
            Self::Rejected => Code::OrderRejected,
            Self::Withdrawn => Code::OrderWithdrawn,
        }
    }
}

/// What became of the newest application under a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationOutcome {
    /// Its order waits for approvals.
    Open,
    /// Its order waited for too long.
    Expired,
    /// The application ended so.
    Ended(OrderEnd),
}

/// A certificate of a person, from its intent on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonCertificate {
    /// The certificate is this person's.
    pub person: PersonId,
    /// Reference of its letter; a first person's certificate may have none.
    pub reference: Option<Reference>,
    /// It ends by then at the latest, unix: follows from what is signed.
    pub until: u64,
    /// The certificate was made by this profile.
    pub profile: Arc<str>,
    /// SHA-256 of its key.
    pub key_sha256: Sha256Value,
    /// End of validity as it is recorded, unix.
    pub not_after: u64,
    /// SHA-256 of the certificate, from its result on.
    pub sha256: Option<Sha256Value>,
    /// The certificate that it renews.
    pub renews: Option<Serial>,
    /// What it says of its holder.
    pub says: CertifiedAs,
}

/// What a certificate says of its holder and by which profile, as far as it can become another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertifiedAs {
    /// The person's record was in this version.
    pub person_version: u32,
    /// Version of the profile.
    pub profile_version: u32,
    /// SHA-256 of its units.
    pub units: Sha256Value,
}

/// What became of renewing a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalState {
    /// The newest order to renew it.
    pub newest: Option<OrderDigest>,
    /// What became of that order; it is open, or expired, while nothing did.
    pub ended: Option<OrderEnd>,
    /// Its successor, from the intent on.
    pub by: Option<Serial>,
    /// From then on it is superseded, unix.
    pub superseded_from: u64,
}

/// A role that is lent to somebody while its holder is on leave.
#[derive(Clone, Debug, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Whose role it is.
    pub absent: PersonId,
    /// This role is lent.
    pub role: Role,
    /// Unit id: as they hold it.
    pub scope: String,
    /// The role is lent from this second on, unix.
    pub from: u64,
    /// The role is lent up to this second, unix.
    pub until: u64,
    /// Which grant of the city gave it: what was given before does not rest on it.
    pub grant: u64,
}

/// Two are the same by what their orders say, whichever grant gave them.
impl PartialEq for Delegation {
    fn eq(&self, other: &Self) -> bool {
        let days = |one: &Self| (one.from, one.until);
        (self.absent, self.role, &self.scope) == (other.absent, other.role, &other.scope)
            && days(self) == days(other)
    }
}

/// A key that speaks for an officer, through one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The credential is this person's.
    pub person: PersonId,
    /// The certificate; none until the founding's certificates are recorded.
    pub serial: Option<Serial>,
}

/// The rule bundle in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleState {
    /// The bundle is in this version; each order that changes it adds one.
    pub version: u32,
    /// The bundle is named by its digest, 32 bytes (`docs/formats.md` 6).
    pub digest: Bytes,
    /// The bundle has these files, each with its name and content.
    pub files: Vec<File>,
}
