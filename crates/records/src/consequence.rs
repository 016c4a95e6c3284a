//! What a transfer or leaving takes away, as the CA works it out at a moment: told beside a draft
//! and beside an order, under no signature, and nothing rests on it.

use crate::display_name::DisplayName;
use serde::{Deserialize, Serialize};

/// A role as it is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleLine {
    /// The role is named as in records.
    pub role: String,
    /// Unit id: it holds there and below.
    pub scope: String,
    /// Names of that unit and those above it.
    pub place: String,
}

/// An access rule that names a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleLine {
    /// The application whose rule it is.
    pub application: DisplayName,
    /// The rule's id; of a route its method and path.
    pub rule: String,
    /// Unit id.
    pub unit: String,
    /// Names of that unit and those above it.
    pub place: String,
}

/// What a transfer or leaving takes away, as it would today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consequences {
    /// Serial numbers of certificates that applications refuse from then on.
    pub certificates: Vec<String>,
    /// These roles end, each with the unit over which it was held.
    pub roles: Vec<RoleLine>,
    /// References of letters that open nothing any more.
    pub letters: Vec<String>,
    /// How many orders about them can only be declined from then on.
    pub orders: u32,
    /// Applications whose gates know them no longer.
    pub applications: Vec<DisplayName>,
    /// Of a transfer: applications whose gates know them from then on, and did not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enters: Vec<DisplayName>,
    /// Of a transfer: access rules in force that name a unit above them from then on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub begins: Vec<RuleLine>,
    /// Those that name a unit which is above them no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<RuleLine>,
}
