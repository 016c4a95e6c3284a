//! Bodies of the orders about units, people and their roles.

use crate::bytes::Bytes;
use crate::commitment::Commitment;
use crate::rules::Role;
use serde::{Deserialize, Serialize};

/// What happens to a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitAction {
    /// A new unit under `parent`.
    Create,
    /// Goes under another parent.
    Move,
    /// Takes no more people.
    Close,
}

/// Kind `unit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitBody {
    /// What happens.
    pub action: UnitAction,
    /// Unit id.
    pub unit: String,
    /// Whether it is a county; counties stand in certificates as the first OU.
    pub county: bool,
    /// Its name.
    pub name: String,
    /// Unit above it.
    pub parent: String,
}

/// What happens to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonAction {
    /// A new person.
    Create,
    /// Goes to another unit.
    Move,
    /// Leaves office; all certificates are to be revoked.
    Leave,
}

/// Kind `person`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonBody {
    /// What happens.
    pub action: PersonAction,
    /// Person id.
    pub person: String,
    /// Version of the record after this order.
    pub version: u32,
    /// Unit id after this order.
    pub unit: String,
    /// Commitment to the name.
    pub name: Commitment,
    /// Commitment to the mail address, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Commitment>,
    /// Keyed digest of their national number, if it is registered: an order never takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Bytes>,
    /// Commitment to the evidence.
    pub evidence: Commitment,
}

/// Grant or withdraw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleAction {
    /// Give the role.
    Grant,
    /// Take it away.
    Withdraw,
}

/// Most delegations to one person that are not over.
pub const LENT_MAX: usize = 8;
/// Most delegations by one person that are not over.
pub const LENDS_MAX: usize = 32;
/// The longest delegation, in seconds: 30 days.
pub const DELEGATION_SECONDS: u64 = 30 * 86_400;

/// Kind `delegate`: somebody acts for somebody else who is on leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegateBody {
    /// Grant, or withdraw before its time.
    pub action: RoleAction,
    /// Person id of whoever acts.
    pub person: String,
    /// Person id of whoever is on leave.
    pub absent: String,
    /// The role of theirs that is lent.
    pub role: Role,
    /// Unit id: as they hold it.
    pub scope: String,
    /// First second.
    pub from: String,
    /// Last second, 30 days later at most.
    pub until: String,
}

/// Kind `role`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleBody {
    /// Grant or withdraw.
    pub action: RoleAction,
    /// Person id.
    pub person: String,
    /// The role.
    pub role: Role,
    /// Unit id: it holds there and below.
    pub scope: String,
}
