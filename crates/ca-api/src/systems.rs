//! Routes of the issuer for what who is in charge of a system, and the staff of its unit, read of
//! it: its standing authorization and how far that is used, and the certificates that it has.

use crate::handler::UnitLine;
use serde::{Deserialize, Serialize};

/// The path takes an [`crate::AsOfficer`] of [`SystemsQuery`] and answers with a [`SystemLines`],
/// for everybody with a certificate of ours.
pub const SYSTEMS: &str = "/v1/staff/systems";
/// The path takes an [`crate::AsOfficer`] of [`SystemQuery`] and answers with a [`SystemFacts`],
/// for who is in charge of the system and for the staff of its unit.
pub const SYSTEM: &str = "/v1/staff/system";

/// From where on systems are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemsQuery {
    /// The list goes on behind the system of this id; it begins where that is empty.
    pub after: String,
}

/// A system in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemLine {
    /// System id.
    pub system: String,
    /// What people call it.
    pub name: String,
    /// The owner's unit by its id, and its name with those of the units above it.
    pub unit: UnitLine,
    /// Who is in charge of it: person id and name.
    pub leader: (String, String),
    /// `in-force`, `closed` or `expired`.
    pub state: String,
    /// Last second in which something may be asked for, RFC 3339.
    pub until: String,
    /// Certificates that count.
    pub certificates: u32,
    /// The certificate that ends first ends about then, RFC 3339; empty where there is none.
    pub ends: String,
}

/// Systems that are the reader's business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemLines {
    /// In the order of ids, about fifty.
    pub lines: Vec<SystemLine>,
    /// Behind which system the list goes on; empty at its end.
    pub more: String,
}

/// Which system, and from where on its certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemQuery {
    /// System id.
    pub system: String,
    /// The list of certificates goes on behind the one of this serial number; it begins where that
    /// is empty.
    pub after: String,
}

/// A certificate that a system has and nothing ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemHeld {
    /// Serial number.
    pub serial: String,
    /// Host names and addresses, as it has them; none where it was not issued yet, or its bytes are
    /// not those that the city's key signed.
    pub names: Vec<String>,
    /// First second of validity, RFC 3339; empty where there are no names.
    pub from: String,
    /// Last second of validity, RFC 3339; about when it ends where there are no names.
    pub until: String,
    /// Whether an account of ACME asked for it.
    pub by_account: bool,
    /// Since when it is suspended, RFC 3339; empty where it is not.
    pub suspended: String,
}

/// A system with its standing authorization, and how far that is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemFacts {
    /// The system is told as in lists.
    pub line: SystemLine,
    /// Host names, as its order has them.
    pub names: Vec<String>,
    /// Whether wildcards may be asked for.
    pub wildcards: bool,
    /// IP addresses.
    pub addresses: Vec<String>,
    /// Profile id.
    pub profile: String,
    /// Whether a challenge must be answered for each name.
    pub challenges: bool,
    /// Names the secrets of its order; it is none itself.
    pub kid: String,
    /// Certificates that it got this week, and may get.
    pub week: (u32, u32),
    /// Certificates that count, and may count at the same time.
    pub live: (u32, u32),
    /// Accounts that are open, and may be open at the same time.
    pub accounts: (u32, u32),
    /// When it got its newest certificate, RFC 3339: the last contact that the log proves; empty
    /// where it has none that counts.
    pub newest: String,
    /// Certificates that count, those that end first before the others, about fifty.
    pub certificates: Vec<SystemHeld>,
    /// Behind which serial number the list goes on; empty at its end.
    pub more: String,
}
