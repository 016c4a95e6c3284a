//! Routes of the status service.

use records::Bytes;
use records::lineage::Lineage;
use records::people::SignedPeople;
use records::unlisted::Unlisted;
use serde::{Deserialize, Serialize};

/// The path takes a `records::enrolment::ReportLoss` and answers with a `SignedReceipt`.
pub const LOSS: &str = "/v1/loss";
/// The path takes a `records::suspension::SuspendByLetter` and answers with a `SignedReceipt`.
pub const SUSPEND_BY_LETTER: &str = "/v1/suspend/letter";
/// The path takes a `records::suspension::SuspensionSubmission` and answers with a `SignedReceipt`.
pub const SUSPEND: &str = "/v1/suspend";
/// [`WorldNumbers`] → [`WorldUpdate`]; agents only, a long poll.
pub const WORLD: &str = "/v1/world";

/// What an agent has; it is told what is newer, or nothing after a while.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldNumbers {
    /// The agent has the revocation list of this number.
    pub crl: u64,
    /// The agent has the snapshot of people of this number.
    pub people: u64,
    /// The agent has the rules of this version.
    pub bundle: u32,
    /// Digest of what it was told beside the list; empty if that was nothing.
    pub unlisted: Bytes,
    /// The agent knows so many records of `control`, by the rules that it has.
    #[serde(default)]
    pub control: u64,
}

/// What is newer than what an agent has, each signed by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldUpdate {
    /// The issuing CA's revocation list, DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl: Option<Bytes>,
    /// The agent's newest snapshot of people, if it has an older one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<SignedPeople>,
    /// The records from which the rules follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Lineage>,
    /// The proof that the log of these rules goes on from what the agent knows of it (RFC 6962
    /// 2.1.2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub continues: Vec<Bytes>,
    /// What is revoked or suspended beside the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<Unlisted>,
}
