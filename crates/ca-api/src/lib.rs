//! Messages of issuer, status and log, and a client for them.
//!
//! Every route of the issuer is typed for one process of a portal; the issuer knows which process
//! speaks by its TLS key and the founding statement or a portal order. Messages that pass from a
//! person to the CA are those of `records::enrolment` and `records::export`.

mod state;

use mtls::{CallError, Client};
use records::access::{Heartbeat, SignedHead};
use records::decline::{Declined, Declining};
use records::enrolment::{Collect, Collected, LookUp, LookedUp, Submit};
use records::evidence::{Search, SearchAnswer};
use records::export::{Approved, OrderExport, OrderLine};
use records::join::Join;
pub use records::join::{Renew, Renewed};
use records::lineage::Lineage;
use records::order::CredentialBody;
use records::people::SignedPeople;
use records::{Approval, Bytes, Code, Disclosure, Problem};
use serde::{Deserialize, Serialize};

/// Routes of the issuer for a portal's public process.
pub mod public {
    /// [`super::LookUp`] → [`super::LookedUp`].
    pub const LOOK_UP: &str = "/v1/enrolment/look-up";
    /// [`super::Submit`] → `records::enrolment::Stage`.
    pub const SUBMIT: &str = "/v1/enrolment/submit";
    /// [`super::Collect`] → [`super::Collected`].
    pub const COLLECT: &str = "/v1/enrolment/collect";
    /// [`super::Join`] → [`super::Collected`].
    pub const JOIN: &str = "/v1/agents/join";
}

/// Routes of the issuer for a portal's staff process.
pub mod staff {
    /// [`super::AsOfficer`] of nothing → [`super::Officer`].
    pub const WHO: &str = "/v1/staff/who";
    /// [`super::AsOfficer`] of nothing → [`super::Officer`], for everybody with a certificate of
    /// ours.
    pub const HOLDER: &str = "/v1/staff/holder";
    /// [`super::AsOfficer`] of [`super::Page`] → list of `OrderLine`.
    pub const LIST: &str = "/v1/staff/orders";
    /// [`super::AsOfficer`] of [`super::Wanted`] → `OrderExport`.
    pub const FETCH: &str = "/v1/staff/order";
    /// [`super::AsOfficer`] of an approval → `Approved`.
    pub const APPROVE: &str = "/v1/staff/approve";
    /// [`super::AsOfficer`] of a `Declining` → `Declined`.
    pub const DECLINE: &str = "/v1/staff/decline";
    /// [`super::AsOfficer`] of a `CredentialBody` → [`super::OrderCreated`].
    pub const CERTIFY: &str = "/v1/staff/certify";
    /// [`super::AsOfficer`] of [`super::Sought`] → [`super::Certificates`].
    pub const FIND: &str = "/v1/staff/find";
    /// [`super::AsOfficer`] of [`super::Named`] → [`super::CertificateFacts`].
    pub const CERTIFICATE: &str = "/v1/staff/certificate";
    /// [`super::AsOfficer`] of [`super::Revocation`] → [`super::OrderCreated`]: the order that
    /// revokes.
    pub const REVOKE: &str = "/v1/staff/revoke";
    /// [`super::AsOfficer`] of nothing → [`super::CityState`].
    pub const STATE: &str = "/v1/staff/state";
    /// [`super::AsOfficer`] of nothing → list of [`super::OwnPasskey`].
    pub const PASSKEYS: &str = "/v1/staff/passkeys";
}

/// Routes of the issuer for either process.
pub mod both {
    /// [`super::Renew`] → [`super::Renewed`].
    pub const RENEW: &str = "/v1/renew";
}

/// Routes of the log service.
pub mod log {
    /// [`super::Append`] → [`super::Appended`].
    pub const APPEND: &str = "/v1/records";
    /// `records::evidence::SignedRequest` → `LogAnswer`; auditors only.
    pub const ASK: &str = "/v1/ask";
    /// [`super::AsOfficer`] of a `Search` → `SearchAnswer`; a portal's staff process only. No
    /// proof.
    pub const SEARCH: &str = "/v1/search";
    /// [`super::Spooled`] → [`super::SpoolAck`]; agents only.
    pub const SPOOL: &str = "/v1/spool";
    /// `records::access::Heartbeat` → [`super::Pulsed`]; agents only. Nothing of it is kept on
    /// disk.
    pub const PULSE: &str = "/v1/pulse";
}

/// Routes of the status service.
pub mod status {
    /// `records::enrolment::ReportLoss` → `SignedReceipt`.
    pub const LOSS: &str = "/v1/loss";
    /// [`super::WorldNumbers`] → [`super::WorldUpdate`]; agents only, a long poll.
    pub const WORLD: &str = "/v1/world";
}

/// A staff message together with the client certificate that the portal saw. The CA judges that
/// certificate at every request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsOfficer<T> {
    /// DER.
    pub certificate: Bytes,
    /// The message.
    pub message: T,
}

/// Who a staff certificate belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// Person id.
    pub person: String,
    /// Name.
    pub name: String,
    /// Role names with their scopes.
    pub roles: Vec<(String, String)>,
    /// Whether the certificate is an officer's, not an official's.
    pub staff: bool,
    /// Whether some order could be approved with it.
    pub approves: bool,
}

/// What an officer looks for: the beginning of a name, a person id, unit id or serial number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sought {
    /// The text.
    pub text: String,
    /// Where the page before said that the list goes on, or empty.
    pub after: String,
}

/// A serial number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Lower-case hexadecimal.
    pub serial: String,
}

/// A person's certificate in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateLine {
    /// Serial number.
    pub serial: String,
    /// Person id.
    pub person: String,
    /// Name.
    pub name: String,
    /// Unit id.
    pub unit: String,
    /// Profile id.
    pub profile: String,
    /// Last second of validity, RFC 3339.
    pub not_after: String,
    /// Since when it is revoked, RFC 3339, and why (RFC 5280 name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<(String, String)>,
}

/// What was found within an officer's scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificates {
    /// In the order of names, about fifty.
    pub lines: Vec<CertificateLine>,
    /// How many of those that were looked at fit besides, outside their scope.
    pub elsewhere: u32,
    /// Behind which person the list goes on; empty at its end.
    pub more: String,
}

/// One certificate with where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFacts {
    /// As in the list.
    pub line: CertificateLine,
    /// DER.
    pub certificate: Bytes,
    /// Who approved its order: name and person id; nobody for those of the founding.
    pub approvers: Vec<(String, String)>,
    /// Of a revoked certificate: every agent that serves, and whether the list that it last said to
    /// have holds the certificate.
    pub agents: Vec<(String, bool)>,
    /// Applications that it opened lately, with the last time.
    pub opened: Vec<(String, String)>,
}

/// Wishes that a person's certificate be revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Serial number.
    pub serial: String,
    /// RFC 5280 name.
    pub reason: String,
    /// What was looked at.
    pub evidence: String,
}

/// An order that was made, once others approve it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderCreated {
    /// Order id.
    pub order: String,
    /// Approvals that are needed.
    pub needed: u32,
}

/// A certified passkey of the one who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnPasskey {
    /// Credential id.
    pub credential: Bytes,
    /// Whether it lives in software.
    pub software: bool,
    /// Whether it is bound to the certificate that asks; others are dead.
    pub usable: bool,
}

/// Keyset paging: what comes after.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The cursor of the last line that was seen, or empty.
    pub after: String,
}

/// Which order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Order id.
    pub order: String,
}

/// Records of a portal or agent, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Append {
    /// Each with the salt that its maker drew.
    pub records: Vec<SaltedRecord>,
}

/// A record with the salt of its entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaltedRecord {
    /// The record's bytes.
    pub record: Bytes,
    /// 32 bytes.
    pub salt: Bytes,
    /// What opens its commitments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disclosures: Vec<Disclosure>,
}

/// The answer to a pulse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pulsed {
    /// Whether the log did not hear of the agent before this: then a heartbeat belongs in its
    /// records, so that they say when the silence ended.
    pub is_back: bool,
}

/// Records of an agent's run, in order, without holes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spooled {
    /// Each with the salt that the agent drew.
    pub records: Vec<SaltedRecord>,
    /// The run's head behind the last of them.
    pub head: SignedHead,
    /// Size of the newest checkpoint of `access` that the agent holds.
    pub known: u64,
}

/// Every record stands in the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpoolAck {
    /// The signed checkpoint.
    pub checkpoint: String,
    /// That it continues the one that the agent holds (RFC 6962 2.1.2).
    pub consistency: Vec<Bytes>,
    /// Where the records stand, in their order: more than one place only if they came in pieces
    /// before.
    pub places: Vec<EntryPlace>,
}

/// Where some entries stand side by side.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryPlace {
    /// Index of the first.
    pub index: u64,
    /// How many.
    pub count: u64,
    /// The proof for all of them (`tlog::range`).
    pub hashes: Vec<Bytes>,
}

/// How many records are durable at the log now.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appended {
    /// All of them, or the call is refused.
    pub count: u64,
}

/// What an agent has; it is told what is newer, or nothing after a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldNumbers {
    /// Number of its revocation list.
    pub crl: u64,
    /// Number of its people snapshot.
    pub people: u64,
    /// Version of its rules.
    pub bundle: u32,
}

/// What is newer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldUpdate {
    /// The issuing CA's revocation list, DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl: Option<Bytes>,
    /// The agent's people snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<SignedPeople>,
    /// The records from which the rules follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Lineage>,
}

/// Why the CA did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It said no.
    #[error("refused: {}", .0.code)]
    Refused(Problem),
    /// It could not be asked.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Refusal {
    /// The code to pass on.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(problem) => problem.known().unwrap_or(Code::Unavailable),
            Self::Call(_) => Code::Unavailable,
        }
    }
}

pub use state::{CityState, GateState, ListState, LogState};

/// A client of the issuer.
pub struct Issuer(pub Client);

impl Issuer {
    /// Opens a person's own record.
    pub async fn look_up(&self, message: &LookUp) -> Result<LookedUp, Refusal> {
        ask(&self.0, public::LOOK_UP, message).await
    }

    /// Submits a request.
    pub async fn submit(&self, message: &Submit) -> Result<records::enrolment::Stage, Refusal> {
        ask(&self.0, public::SUBMIT, message).await
    }

    /// Collects a certificate.
    pub async fn collect(&self, message: &Collect) -> Result<Collected, Refusal> {
        ask(&self.0, public::COLLECT, message).await
    }

    /// Lets an agent join.
    pub async fn join(&self, message: &Join) -> Result<Collected, Refusal> {
        ask(&self.0, public::JOIN, message).await
    }

    /// Who the certificate belongs to.
    pub async fn who(&self, message: &AsOfficer<()>) -> Result<Officer, Refusal> {
        ask(&self.0, staff::WHO, message).await
    }

    /// Whose certificate it is, and that it is in force.
    pub async fn holder(&self, message: &AsOfficer<()>) -> Result<Officer, Refusal> {
        ask(&self.0, staff::HOLDER, message).await
    }

    /// Open orders that the officer may see.
    pub async fn list(&self, message: &AsOfficer<Page>) -> Result<Vec<OrderLine>, Refusal> {
        ask(&self.0, staff::LIST, message).await
    }

    /// One order with everything that must be shown.
    pub async fn fetch(&self, message: &AsOfficer<Wanted>) -> Result<OrderExport, Refusal> {
        ask(&self.0, staff::FETCH, message).await
    }

    /// Hands in an approval.
    pub async fn approve(&self, message: &AsOfficer<Approval>) -> Result<Approved, Refusal> {
        ask(&self.0, staff::APPROVE, message).await
    }

    /// Hands in a decline.
    pub async fn decline(&self, message: &AsOfficer<Declining>) -> Result<Declined, Refusal> {
        ask(&self.0, staff::DECLINE, message).await
    }

    /// Asks for a passkey to be certified.
    pub async fn certify(
        &self,
        message: &AsOfficer<CredentialBody>,
    ) -> Result<OrderCreated, Refusal> {
        ask(&self.0, staff::CERTIFY, message).await
    }

    /// Looks for certificates.
    pub async fn find(&self, message: &AsOfficer<Sought>) -> Result<Certificates, Refusal> {
        ask(&self.0, staff::FIND, message).await
    }

    /// One certificate.
    pub async fn certificate(
        &self,
        message: &AsOfficer<Named>,
    ) -> Result<CertificateFacts, Refusal> {
        ask(&self.0, staff::CERTIFICATE, message).await
    }

    /// Drafts the order that revokes a certificate.
    pub async fn revoke(&self, message: &AsOfficer<Revocation>) -> Result<OrderCreated, Refusal> {
        ask(&self.0, staff::REVOKE, message).await
    }

    /// How the city stands.
    pub async fn state(&self, message: &AsOfficer<()>) -> Result<CityState, Refusal> {
        ask(&self.0, staff::STATE, message).await
    }

    /// Passkeys of an officer.
    pub async fn passkeys(&self, message: &AsOfficer<()>) -> Result<Vec<OwnPasskey>, Refusal> {
        ask(&self.0, staff::PASSKEYS, message).await
    }

    /// Renews a certificate under a standing authorization.
    pub async fn renew(&self, message: &Renew) -> Result<Renewed, Refusal> {
        ask(&self.0, both::RENEW, message).await
    }
}

/// A client of the log service.
pub struct Log(pub Client);

impl Log {
    /// Asks with an auditor's own key.
    pub async fn ask(
        &self,
        message: &records::evidence::SignedRequest,
    ) -> Result<records::evidence::LogAnswer, Refusal> {
        ask(&self.0, log::ASK, message).await
    }

    /// Searches on behalf of an auditor whose certificate the portal saw.
    pub async fn search(&self, message: &AsOfficer<Search>) -> Result<SearchAnswer, Refusal> {
        ask(&self.0, log::SEARCH, message).await
    }

    /// Hands in an agent's records; they stand in the log when this returns.
    pub async fn spool(&self, message: &Spooled) -> Result<SpoolAck, Refusal> {
        ask(&self.0, log::SPOOL, message).await
    }

    /// Says that an agent lives.
    pub async fn pulse(&self, message: &Heartbeat) -> Result<Pulsed, Refusal> {
        ask(&self.0, log::PULSE, message).await
    }

    /// Hands in records; they are durable when this returns.
    pub async fn append(&self, message: &Append) -> Result<Appended, Refusal> {
        ask(&self.0, log::APPEND, message).await
    }
}

/// A client of the status service.
pub struct Status(pub Client);

impl Status {
    /// Waits for something newer than what the agent has.
    pub async fn world(&self, message: &WorldNumbers) -> Result<WorldUpdate, Refusal> {
        ask(&self.0, status::WORLD, message).await
    }

    /// Reports a loss.
    pub async fn report_loss(
        &self,
        message: &records::enrolment::ReportLoss,
    ) -> Result<records::enrolment::SignedReceipt, Refusal> {
        ask(&self.0, status::LOSS, message).await
    }
}

async fn ask<T: Serialize, R: serde::de::DeserializeOwned>(
    client: &Client,
    path: &str,
    message: &T,
) -> Result<R, Refusal> {
    client.ask::<T, R, Problem>(path, message).await?.map_err(Refusal::Refused)
}
