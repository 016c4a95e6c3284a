//! Routes of the log service.

use records::Bytes;
use records::Disclosure;
use records::export::InclusionEvidence;
use serde::{Deserialize, Serialize};

/// The path takes an [`Append`] and answers with an [`AppendAnswer`].
pub const APPEND: &str = "/v1/records";
/// The path takes a `records::evidence::SignedRequest` and answers with a `LogAnswer`; auditors
/// only.
pub const ASK: &str = "/v1/ask";
/// [`crate::AsOfficer`] of a `Search` → `SearchAnswer`; a portal's staff process only. No
/// proof.
pub const SEARCH: &str = "/v1/search";
/// Bytes of a `records::spooled::Spooled` → [`SpoolAck`]; agents only.
pub const SPOOL: &str = "/v1/spool";
/// `records::access::Heartbeat` → [`PulseAnswer`]; agents only. Nothing of it is kept on
/// disk.
pub const PULSE: &str = "/v1/pulse";
/// [`IssuedQuery`] → [`IssuedAnswer`]; agents only. Whoever has no answer knows nothing.
pub const ISSUED: &str = "/v1/issued";

/// Most questions of an agent about certificates that the log answers at once.
pub const ISSUED_AT_ONCE: usize = 4;

/// Records of a portal, oldest first.
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
    /// The record is its exact bytes, canonical JSON.
    pub record: Bytes,
    /// The salt is 32 random bytes, which the record's entry is made with.
    pub salt: Bytes,
    /// These values open the commitments of the record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disclosures: Vec<Disclosure>,
}

/// The answer to a pulse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PulseAnswer {
    /// Whether the log did not hear of the agent before this: then a heartbeat belongs in its
    /// records, so that they say when the silence ended.
    pub is_back: bool,
}

/// Asks whether the log has it that a certificate was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuedQuery {
    /// The certificate has this serial number, lower-case hexadecimal.
    pub serial: String,
    /// The certificate is named by its SHA-256: whoever asks has it.
    pub sha256: Bytes,
    /// Whoever asks knows so many records of `control`.
    #[serde(default)]
    pub control: u64,
}

/// What the log has of a certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum IssuedAnswer {
    /// The record that it was issued.
    Logged(Box<IssuedProof>),
    /// No such record is among so many, which are all that the tree had when it was asked.
    Absent(u64),
}

/// The proof that a certificate was issued.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuedProof {
    /// The record that it was issued, with its proof under the newest checkpoint.
    pub evidence: InclusionEvidence,
    /// The proof that the log goes on from what whoever asks knows of it (RFC 6962 2.1.2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub continues: Vec<Bytes>,
}

/// Every record stands in the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpoolAck {
    /// The log's key signed this checkpoint, a C2SP note.
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
    /// The first of them has this index in the log.
    pub index: u64,
    /// The proof is for so many records, one behind the other.
    pub count: u64,
    /// The proof for all of them (`tlog::range`).
    pub hashes: Vec<Bytes>,
}

/// How many records are durable at the log now.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppendAnswer {
    /// All of them, or the call is refused.
    pub count: u64,
}
