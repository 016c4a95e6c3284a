//! The parts of authority, each as it was read when its record was applied.

use crate::id::{OrderDigest, PersonId, Reference, Serial, Sha256Value};
use pki::profile::CertificateProfile;
use pki::{Certificate, PublicKey};
use records::approval::Approval;
use records::bytes::Bytes;
use records::code::Code;
use records::founding::{Founding, StandingAuthorization};
use records::order::{Body, Order};
use records::passkey::PasskeyStatement;
use records::record::File;
use records::rules::{ApprovalRules, Role, RoleRules};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the founding statement fixes for ever, read once.
pub(crate) struct Fixed {
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
    /// Commitment to what was looked at; people of the founding have none.
    pub evidence: Option<Bytes>,
    /// Whether they left office.
    pub left: bool,
    /// Roles with their scopes.
    pub roles: BTreeSet<(Role, String)>,
    /// Serial numbers of certificates, from their intents on.
    pub serials: Vec<Serial>,
}

impl Person {
    /// Whether the role is held over exactly this scope.
    pub fn holds(&self, role: Role, scope: &str) -> bool {
        self.roles.iter().any(|(held, over)| *held == role && over == scope)
    }
}

/// A profile in force.
#[derive(Clone, Debug)]
pub struct ProfileState {
    /// Version.
    pub version: u32,
    /// SHA-256 of the file.
    pub digest: Bytes,
    /// The file.
    pub content: String,
    /// What the file says.
    pub profile: Arc<CertificateProfile>,
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
    pub person: PersonId,
    /// Profile id.
    pub profile: Arc<str>,
    /// SHA-256 of the look-up key.
    pub lookup_sha256: Sha256Value,
    /// SHA-256 of the loss value.
    pub loss_sha256: Sha256Value,
    /// SHA-256 of the suspension value.
    pub suspend_sha256: Sha256Value,
    /// Last second to submit, unix.
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
    pub ended: Option<Ended>,
    /// The handler who signed the draft for it; an operator made the others.
    pub drafter: Option<PersonId>,
}

/// What ended an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// It was carried out.
    Consumed,
    /// A newer application replaced it.
    Cancelled,
    /// An officer sent it back.
    Returned,
    /// An officer ended it.
    Rejected,
    /// Whoever drafted it took it back.
    Withdrawn,
}

impl Ended {
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
    /// Something ended it.
    Ended(Ended),
}

/// A certificate of a person, from its intent on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Person id.
    pub person: PersonId,
    /// Reference of its letter; a first person's certificate may have none.
    pub reference: Option<Reference>,
    /// It ends by then at the latest, unix: follows from what is signed.
    pub until: u64,
    /// Profile id.
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
    /// Version of the person's record.
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
    pub ended: Option<Ended>,
    /// Its successor, from the intent on.
    pub by: Option<Serial>,
    /// From then on it is superseded, unix.
    pub superseded_from: u64,
}

/// A certificate of an authority or a service, from its intent on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// What it names: `root`, or a service and its process.
    pub subject: String,
    /// SHA-256 of its key.
    pub key_sha256: Sha256Value,
}

/// A recorded intent or use without a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intended {
    /// Digest of the order, or SHA-256 of the request that was used.
    pub under: Sha256Value,
    /// SHA-256 of the TBSCertificate.
    pub tbs_sha256: Sha256Value,
    /// SHA-256 of the key.
    pub key_sha256: Sha256Value,
}

/// A role that is lent to somebody while its holder is on leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Whose role it is.
    pub absent: PersonId,
    /// The role.
    pub role: Role,
    /// Unit id: as they hold it.
    pub scope: String,
    /// First second, unix.
    pub from: u64,
    /// Last second, unix.
    pub until: u64,
}

/// A key that speaks for an officer, through one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Person id.
    pub person: PersonId,
    /// The certificate; none until the founding's certificates are recorded.
    pub serial: Option<Serial>,
}

/// An approval whose signature was verified when it was taken. Whether it still counts is asked
/// again each time: certificates end, roles are withdrawn.
#[derive(Clone, Debug)]
pub struct GivenApproval {
    /// SHA-256 of its canonical bytes; how records name it.
    pub id: Sha256Value,
    /// The approval.
    pub approval: Arc<Approval>,
    pub(crate) certificate: Arc<Certificate>,
    /// SHA-256 of the certificate's key.
    pub(crate) key_sha256: Sha256Value,
}

/// An order that waits for approvals.
#[derive(Clone, Debug)]
pub struct OpenOrder {
    /// The order's bytes.
    pub order: Bytes,
    /// The registry key's signature.
    pub signature: Bytes,
    /// Last second, unix.
    pub expires: u64,
    /// The order as it was read.
    pub read: Arc<Order>,
    /// Its body as it was read.
    pub body: Arc<Body>,
    /// Valid approvals.
    pub approvals: Vec<GivenApproval>,
    pub(crate) contents: Contents,
}

/// Two states of one order differ by their approvals.
impl PartialEq for OpenOrder {
    fn eq(&self, other: &Self) -> bool {
        let ids = |open: &Self| open.approvals.iter().map(|given| given.id).collect::<Vec<_>>();
        self.order == other.order && ids(self) == ids(other)
    }
}

/// A batch that was made: its orders, and how many of them may still become something.
#[derive(Clone, Debug)]
pub(crate) struct BatchState {
    pub(crate) rows: Arc<[OrderDigest]>,
    pub(crate) left: usize,
}

/// What a body holds in an encoding of its own, read and verified once.
#[derive(Clone, Debug)]
pub(crate) enum Contents {
    /// Nothing of that kind.
    Plain,
    /// The key to be certified.
    Key(Option<Arc<PublicKey>>),
    /// The SHA-256 of a portal's two keys.
    Keys(Option<[Sha256Value; 2]>),
    /// A passkey with its officer's certificate.
    Passkey(Result<Box<PasskeyContents>, Code>),
}

/// A new passkey as its officer's certificate key asked for it.
#[derive(Clone, Debug)]
pub(crate) struct PasskeyContents {
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) statement: PasskeyStatement,
    /// Whether the certificate's key signed the statement and the issuing key the certificate.
    pub(crate) signed: bool,
    /// Whether its key is ES256.
    pub(crate) readable: bool,
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

/// How a suspension was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SaidBy {
    /// By whoever has the letter.
    Letter,
    /// Under somebody's signature.
    Signature,
    /// A portal says that the holder did.
    Portal,
}

/// A suspended certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspended {
    /// SHA-256 of the notice or statement by which it was.
    pub name: Sha256Value,
    /// Who suspended it.
    pub by: PersonId,
    /// RFC 5280 name of the reason for which it is revoked if nobody releases it.
    pub reason: String,
    /// How it was said.
    pub said: SaidBy,
    /// The portal, if only its word says that they did.
    pub told_by: Option<Arc<str>>,
    /// As it counts meanwhile: its reason is `certificateHold`.
    pub revoked: Revoked,
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
    /// Last second of use, unix.
    pub expires: u64,
    /// Uses so far.
    pub used: u32,
    /// Challenges that were used.
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

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Unit that runs it.
    pub unit: String,
    /// Application id.
    pub application: String,
    /// Host names of the application.
    pub hosts: Vec<String>,
    /// Units whose people it serves.
    pub units: Vec<String>,
    /// Digest of its order.
    pub order: Bytes,
    /// SHA-256 of the token under which it joins.
    pub token_sha256: Bytes,
    /// Last second to join, unix.
    pub join_until: u64,
    /// Whether it joined under this order.
    pub joined: bool,
    /// SHA-256 of each of its keys: the first one and its renewals.
    pub keys: BTreeSet<Bytes>,
    /// SHA-256 of keys that it had under earlier orders: they prove what was, and open nothing.
    pub past: BTreeSet<Bytes>,
    /// Whether it is served.
    pub open: bool,
}

/// The rule bundle in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleState {
    /// Version.
    pub version: u32,
    /// Bundle digest.
    pub digest: Bytes,
    /// Its files.
    pub files: Vec<File>,
}
