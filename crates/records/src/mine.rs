//! What exists in somebody's name, as the CA tells its holder through a portal: nothing is decided
//! by what is said here.

use crate::display_name::DisplayName;
use serde::{Deserialize, Serialize};

/// Everything in one person's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonHoldings {
    /// Person id.
    pub person: String,
    /// Where they are, by the names of their unit and of those above it, and its id.
    pub place: String,
    /// Certificates, those that end last first.
    pub certificates: Vec<OwnCertificate>,
    /// The person's letters, newest first.
    pub letters: Vec<OwnLetter>,
    /// Orders about them that wait for approvals.
    pub orders: Vec<OwnOrder>,
    /// Roles with the names of the units over which they are.
    pub roles: Vec<(String, String)>,
    /// Systems of which they are in charge.
    pub systems: Vec<OwnSystem>,
    /// What they were told, the newest first.
    pub notices: Vec<OwnNotice>,
}

/// A system of which one is in charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnSystem {
    /// System id.
    pub system: String,
    /// What people call it.
    pub name: String,
    /// `in-force`, `closed` or `expired`.
    pub state: String,
    /// Last second in which it may be used.
    pub until: String,
    /// Open accounts.
    pub accounts: u32,
    /// Certificates that count.
    pub certificates: u32,
}

/// A certificate of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnCertificate {
    /// Serial number.
    pub serial: String,
    /// The profile.
    pub profile: DisplayName,
    /// End of validity.
    pub not_after: String,
    /// `valid`, `renewed`, `expired`, `suspended` or `revoked`.
    pub state: String,
    /// RFC 5280 name of the reason, where it was suspended or revoked.
    pub reason: String,
    /// The certificate is suspended or revoked since this time, RFC 3339; it is empty otherwise.
    pub since: String,
}

/// A letter of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnLetter {
    /// Its reference.
    pub reference: String,
    /// The profile.
    pub profile: DisplayName,
    /// Last second in which it can be used.
    pub expires: String,
    /// `open`, `used`, `voided`, `lost`, `rejected` or `expired`.
    pub state: String,
}

/// An order that is open and about the person who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnOrder {
    /// Its id.
    pub order: String,
    /// Its kind.
    pub kind: String,
    /// The order does this, as its body says.
    pub action: String,
    /// Last second in which it is carried out.
    pub expires: String,
    /// The order has so many approvals, and needs so many.
    pub approvals: (u32, u32),
}

/// A notice of which the CA recorded what became of it; nobody signed that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnNotice {
    /// When it was sent, or given up.
    pub time: String,
    /// Its kind.
    pub kind: String,
    /// By which channel.
    pub channel: String,
    /// `sent` or `failed`.
    pub state: String,
}
