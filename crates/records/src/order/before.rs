//! What is in force before an order, by its kind, so that whoever reads it sees a change as what it
//! changes.

use crate::bytes::Bytes;
use crate::commitment::Commitment;
use crate::json::{self, JsonError};
use crate::order::emergency::{EMERGENCY_PEOPLE_MAX, EmergencyBefore};
use crate::order::mode::ModeBefore;
use crate::order::moved::{LEADS_MAX, LedSystem, MovedUnit};
use crate::order::office::{LENDS_MAX, LENT_MAX};
use crate::order::portal::PortalBefore;
use crate::order::system::{SystemBefore, is_zero};
use crate::rules::{Holding, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is in force before an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PriorState {
    /// A unit that moves or closes.
    Unit(UnitBefore),
    /// What a person is and holds.
    Person(PersonBefore),
    /// A file, or the files of a bundle.
    Files(FilesBefore),
    /// A portal that closes.
    Portal(PortalBefore),
    /// An agent that closes or is registered anew.
    Agent(AgentBefore),
    /// A system that closes or is registered anew.
    System(Box<SystemBefore>),
    /// How the gates of an application take what their rules say.
    Mode(ModeBefore),
    /// An emergency whose case is open.
    Emergency(EmergencyBefore),
}

/// Kind `unit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitBefore {
    /// Whether it is a county.
    pub county: bool,
    /// Unit above it; empty for the city.
    pub parent: String,
    /// Whether it takes people.
    pub open: bool,
    /// Of a unit that closes: its systems, which end with it, by id; [`ENDING_MAX`] of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<EndingSystem>,
    /// How many more of them end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_systems: u32,
    /// Of a unit that moves: what goes with it, and whose roles and which rules reach it from then
    /// on or no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<MovedUnit>,
}

/// Most systems that are named of those that end with a unit.
pub const ENDING_MAX: usize = 100;

/// A system that ends with its unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndingSystem {
    /// System id.
    pub system: String,
    /// What people call it.
    pub name: String,
    /// How many certificates of it are revoked.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub certificates: u32,
}

/// Kinds `person`, `role`, `delegate`, `revoke` and `release`; and kind `issue`, of somebody with a
/// role beside that of an official, who acts for others or lends to them, or is in charge of a
/// system: this alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonBefore {
    /// The commitment to the mail address that authority holds; in kind `person` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Commitment>,
    /// The keyed digest of the national number that authority holds; in kind `person` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Bytes>,
    /// Their roles.
    pub roles: Vec<Holding>,
    /// Their certificates that are not revoked.
    pub certificates: Vec<CertificateBefore>,
    /// What others lend to them, unless it is over.
    pub lent: Vec<LentBefore>,
    /// In kinds `person` and `issue`, and of a role that is withdrawn: what they lend to others,
    /// which ends with the role and with whoever leaves, and goes on where they are transferred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lends: Vec<LentBefore>,
    /// Systems that are not closed and of which they are in charge, by id, in kinds `person` and
    /// `issue` only; [`LEADS_MAX`] of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leads: Vec<LedSystem>,
    /// How many more of them there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_leads: u32,
    /// Of a role that is granted or lent: the units above the one over which it is, the nearest
    /// first; [`ABOVE_MAX`] of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<String>,
}

/// Most units that are named above that of a role.
pub const ABOVE_MAX: usize = 100;

/// A role that somebody lends while on leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LentBefore {
    /// Person id of the other: who is on leave, or who acts for them.
    pub person: String,
    /// The role.
    pub role: Role,
    /// Where it holds.
    pub scope: String,
    /// First second.
    pub from: String,
    /// Last second.
    pub until: String,
}

/// A certificate that is not revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateBefore {
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// Profile id.
    pub profile: String,
    /// End of validity.
    pub not_after: String,
}

/// Kinds `profile`, `approval-rules` and `bundle`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesBefore {
    /// Version in force.
    pub version: u32,
    /// Its digest, of the same form as in the body.
    pub digest: Bytes,
}

/// Kind `agent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentBefore {
    /// Unit that runs it.
    pub unit: String,
    /// Application id.
    pub application: String,
    /// Host names of the application.
    pub hosts: Vec<String>,
    /// Units whose people it serves.
    pub units: Vec<String>,
    /// SHA-256 of each of its keys.
    pub keys: Vec<Bytes>,
    /// How often its certificate may be renewed under the order in force, those that were counted;
    /// nothing of one that is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewals: Option<u32>,
    /// Whether it is served.
    pub open: bool,
}

impl PersonBefore {
    /// Whether it is of somebody in office: with a role beside that of an official, one that is
    /// lent to them or by them, or in charge of a system.
    pub fn has_office(&self) -> bool {
        let holds = self.roles.iter().any(|one| one.role != Role::Official);
        let acts = !self.lent.is_empty() || !self.lends.is_empty();
        holds || acts || !self.leads.is_empty() || self.more_leads > 0
    }
}

impl PriorState {
    /// Reads what stands before an order of this kind.
    pub(super) fn read(kind: &str, value: &Value) -> Result<Self, JsonError> {
        match kind {
            "unit" => json::from_value(value).map(Self::Unit),
            "issue" | "person" | "role" | "delegate" | "revoke" | "release" => {
                json::from_value(value).map(Self::Person)
            }
            "profile" | "approval-rules" | "bundle" => json::from_value(value).map(Self::Files),
            "portal" => json::from_value(value).map(Self::Portal),
            "agent" => json::from_value(value).map(Self::Agent),
            "system" => json::from_value(value).map(|before| Self::System(Box::new(before))),
            "mode" => json::from_value(value).map(Self::Mode),
            "emergency-review" => json::from_value(value).map(Self::Emergency),
            _ => Err(JsonError::part("before")),
        }
    }

    /// As it stands in an order.
    pub fn value(&self) -> Result<Value, JsonError> {
        let value = match self {
            Self::Unit(before) => serde_json::to_value(before),
            Self::Person(before) => serde_json::to_value(before),
            Self::Files(before) => serde_json::to_value(before),
            Self::Portal(before) => serde_json::to_value(before),
            Self::Agent(before) => serde_json::to_value(before),
            Self::System(before) => serde_json::to_value(before),
            Self::Mode(before) => serde_json::to_value(before),
            Self::Emergency(before) => serde_json::to_value(before),
        };
        Ok(value?)
    }

    /// Whether its lists are as short as authority lets them become.
    pub(super) fn is_bounded(&self) -> bool {
        match self {
            Self::Person(held) => {
                let lent = held.lent.len() <= LENT_MAX && held.lends.len() <= LENDS_MAX;
                lent && held.leads.len() <= LEADS_MAX && held.above.len() <= ABOVE_MAX
            }
            Self::Unit(held) => {
                let moved = held.moved.as_ref().is_none_or(MovedUnit::is_bounded);
                moved && held.systems.len() <= ENDING_MAX
            }
            Self::Emergency(was) => was.people.len() <= EMERGENCY_PEOPLE_MAX,
            _ => true,
        }
    }

    /// Whether it names what somebody lends, or what ends with the order.
    pub(super) fn names_others(&self) -> bool {
        match self {
            Self::Person(held) => !held.lends.is_empty(),
            Self::Unit(held) => !held.systems.is_empty() || held.more_systems > 0,
            Self::System(held) => held.certificates > 0,
            _ => false,
        }
    }

    /// Whether it says what goes with a unit that moves.
    pub(super) fn tells_a_move(&self) -> bool {
        matches!(self, Self::Unit(UnitBefore { moved: Some(_), .. }))
    }

    /// Whether it says of a person what is shown to those alone who change their record: mail
    /// address and number, and of which systems they are in charge.
    pub(super) fn tells_a_record(&self) -> bool {
        match self {
            Self::Person(held) => {
                let leads = !held.leads.is_empty() || held.more_leads > 0;
                leads || held.mail.is_some() || held.number.is_some()
            }
            _ => false,
        }
    }

    /// Whether it says which offices somebody holds who gets a certificate, and nothing else.
    pub(super) fn tells_offices_alone(&self) -> bool {
        let Self::Person(held) = self else { return false };
        let record = held.mail.is_none() && held.number.is_none() && held.certificates.is_empty();
        let roles = held.roles.iter().all(|one| one.role != Role::Official);
        record && roles && held.above.is_empty() && held.has_office()
    }

    /// Whether it says where the unit of a role stands.
    pub(super) fn tells_a_place(&self) -> bool {
        matches!(self, Self::Person(held) if !held.above.is_empty())
    }

    /// Whoever has a say over a unit that moves from then on, or no longer.
    pub(super) fn reaching(&self) -> impl Iterator<Item = &str> {
        self.moved().into_iter().flat_map(MovedUnit::named_people)
    }

    /// Applications whose gates know people of a unit that moves from then on, or no longer, and
    /// those of which rules are named.
    pub(super) fn reached(&self) -> impl Iterator<Item = &String> {
        self.moved().into_iter().flat_map(MovedUnit::named_applications)
    }

    fn moved(&self) -> Option<&MovedUnit> {
        match self {
            Self::Unit(unit) => unit.moved.as_ref(),
            _ => None,
        }
    }

    /// Whoever it names that was in charge.
    pub(super) fn leader(&self) -> Option<&str> {
        match self {
            Self::System(system) => Some(&system.leader),
            _ => None,
        }
    }

    /// Whom it lets past the rules.
    pub(super) fn excepts(&self) -> &[String] {
        match self {
            Self::Emergency(was) => &was.people,
            _ => &[],
        }
    }

    /// What is lent to a person or by them.
    pub(super) fn lent(&self) -> impl Iterator<Item = &LentBefore> {
        let held = match self {
            Self::Person(held) => Some(held),
            _ => None,
        };
        held.into_iter().flat_map(|held| held.lent.iter().chain(&held.lends))
    }

    /// Units that it names.
    pub(super) fn units(&self) -> Vec<&str> {
        match self {
            Self::Unit(unit) => {
                let above = Some(unit.parent.as_str()).filter(|parent| !parent.is_empty());
                let named = unit.moved.iter().flat_map(MovedUnit::named_units);
                above.into_iter().chain(named).collect()
            }
            Self::Person(person) => {
                let held = person.roles.iter().map(|role| role.scope.as_str());
                let lent = self.lent().map(|one| one.scope.as_str());
                held.chain(lent).chain(person.above.iter().map(String::as_str)).collect()
            }
            Self::Files(_) | Self::Mode(_) | Self::Emergency(_) => Vec::new(),
            Self::Portal(portal) => vec![&portal.unit],
            Self::Agent(agent) => {
                agent.units.iter().chain([&agent.unit]).map(String::as_str).collect()
            }
            Self::System(system) => vec![&system.unit],
        }
    }
}
