//! What authority held about what an order names, when it was made: the names beside its ids, and
//! what is in force before it. It is signed with the order, so that whoever is asked to consent is
//! shown no word that nobody signed, and sees what changes.

use crate::bytes::Bytes;
use crate::commitment::Commitment;
use crate::json::{self, JsonError};
use crate::order::body::Body;
use crate::order::office::{LENDS_MAX, LENT_MAX, PersonAction, RoleAction, UnitAction};
use crate::rules::{Holding, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// Where the name of a person is committed to, from their own record.
pub const NAME_PATH: &str = "/name";
/// Where their mail address is.
pub const MAIL_PATH: &str = "/mail";

/// What an order rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Whom the order names, and the person who drafted it, by id.
    pub people: Vec<NamedPerson>,
    /// Every unit that it names, by id.
    pub units: Vec<NamedUnit>,
    /// What is in force before it, by kind; nothing where it is the first of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
}

/// A person as authority holds them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPerson {
    /// Person id.
    pub person: String,
    /// Their unit.
    pub unit: String,
    /// The commitment to their name that authority holds.
    pub name: Commitment,
}

/// A unit as authority holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedUnit {
    /// Unit id.
    pub unit: String,
    /// Its name.
    pub name: String,
}

/// What is in force before an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
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
}

/// Kinds `person`, `role`, `delegate`, `revoke` and `release`.
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
    /// Of a role that is withdrawn, and of somebody who leaves: what they lend to others, which
    /// ends with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lends: Vec<LentBefore>,
}

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

/// Kind `portal`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalBefore {
    /// Unit that runs it.
    pub unit: String,
    /// Host of the public pages.
    pub public_host: String,
    /// Host of the staff pages.
    pub staff_host: String,
    /// SHA-256 of each key of the public process.
    pub public_keys: Vec<Bytes>,
    /// SHA-256 of each key of the staff process.
    pub staff_keys: Vec<Bytes>,
    /// Whether it may speak.
    pub open: bool,
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
    /// Whether it is served.
    pub open: bool,
}

/// Whether something must be in force before an order.
#[derive(PartialEq, Eq)]
enum Needs {
    Nothing,
    Something,
    Either,
}

impl Before {
    /// Reads what stands before an order of this kind.
    fn read(kind: &str, value: &Value) -> Result<Self, JsonError> {
        match kind {
            "unit" => json::from_value(value).map(Self::Unit),
            "person" | "role" | "delegate" | "revoke" | "release" => {
                json::from_value(value).map(Self::Person)
            }
            "profile" | "approval-rules" | "bundle" => json::from_value(value).map(Self::Files),
            "portal" => json::from_value(value).map(Self::Portal),
            "agent" => json::from_value(value).map(Self::Agent),
            _ => Err(shape("before")),
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
        };
        value.map_err(|error| JsonError::Shape(error.to_string()))
    }

    /// Whether its lists are as short as authority lets them become.
    fn is_bounded(&self) -> bool {
        match self {
            Self::Person(held) => held.lent.len() <= LENT_MAX && held.lends.len() <= LENDS_MAX,
            _ => true,
        }
    }

    /// What is lent to a person or by them.
    fn lent(&self) -> impl Iterator<Item = &LentBefore> {
        let held = match self {
            Self::Person(held) => Some(held),
            _ => None,
        };
        held.into_iter().flat_map(|held| held.lent.iter().chain(&held.lends))
    }

    /// Units that it names.
    fn units(&self) -> Vec<&str> {
        match self {
            Self::Unit(unit) if unit.parent.is_empty() => Vec::new(),
            Self::Unit(unit) => vec![&unit.parent],
            Self::Person(person) => {
                let held = person.roles.iter().map(|role| role.scope.as_str());
                held.chain(self.lent().map(|one| one.scope.as_str())).collect()
            }
            Self::Files(_) => Vec::new(),
            Self::Portal(portal) => vec![&portal.unit],
            Self::Agent(agent) => {
                agent.units.iter().chain([&agent.unit]).map(String::as_str).collect()
            }
        }
    }
}

impl Body {
    /// Whether an order with it revokes certificates, or carries many that do.
    pub fn revokes(&self) -> bool {
        match self {
            Self::Revoke(_) => true,
            Self::Batch(batch) => batch.of == "revoke",
            _ => false,
        }
    }

    /// Whether an order with it only takes away: a brake, which nothing delays.
    pub fn takes_away(&self) -> bool {
        match self {
            Self::Revoke(_) => true,
            Self::Batch(batch) => {
                let ends = ["leave", "withdraw", "close"].contains(&batch.action.as_str());
                ends || batch.of == "revoke"
            }
            Self::Role(role) => role.action == RoleAction::Withdraw,
            Self::Delegate(one) => one.action == RoleAction::Withdraw,
            Self::Person(person) => person.action == PersonAction::Leave,
            Self::Unit(unit) => unit.action == UnitAction::Close,
            Self::Portal(portal) => portal.action == "close",
            Self::Agent(agent) => agent.action == "close",
            Self::Issue(_)
            | Self::Profile(_)
            | Self::ApprovalRules(_)
            | Self::Bundle(_)
            | Self::Release(_)
            | Self::Credential(_) => false,
        }
    }
}

impl Basis {
    /// Leaves out of the basis of a brake whom nothing names, and a mail address that nothing opens
    /// (`opens` is asked with the person, the path and the commitment): a row that is spoiled keeps
    /// no brake back.
    pub fn without_unnamed(
        &mut self,
        body: &Body,
        opens: impl Fn(&str, &str, &Commitment) -> bool,
    ) -> Result<(), JsonError> {
        self.people.retain(|one| opens(&one.person, NAME_PATH, &one.name));
        let read = |value| Before::read(body.kind(), value);
        let mut before = self.before.as_ref().map(read).transpose()?;
        if let (Some(Before::Person(held)), Some(person)) = (&mut before, body.person()) {
            held.mail = held.mail.take().filter(|mail| opens(person, MAIL_PATH, mail));
        }
        let mut units = Self::units_of(body, before.as_ref());
        units.extend(self.people.iter().map(|one| one.unit.clone()));
        self.units.retain(|one| units.contains(&one.unit));
        self.before = before.map(|before| before.value()).transpose()?;
        Ok(())
    }

    /// Who must be named: whom the body is about, if authority holds them already, whoever
    /// suspended what it releases or is on leave, whoever lends to them or is lent what ends with
    /// it, and the person who drafted it.
    pub fn people_of(body: &Body, drafter: &str, before: Option<&Before>) -> BTreeSet<String> {
        let created = matches!(body, Body::Person(one) if one.action == PersonAction::Create);
        let about = body.person().filter(|_| !created);
        let others = body.also_about().into_iter().chain(drafter.strip_prefix("person:"));
        let lent = before.into_iter().flat_map(Before::lent).map(|one| one.person.as_str());
        about.into_iter().chain(others).chain(lent).map(str::to_owned).collect()
    }

    /// Which units must be named beside those of its people.
    pub fn units_of(body: &Body, before: Option<&Before>) -> BTreeSet<String> {
        let units = before.map(Before::units).unwrap_or_default();
        units.into_iter().map(str::to_owned).chain(body.units()).collect()
    }

    /// A person of it.
    pub fn person(&self, id: &str) -> Option<&NamedPerson> {
        self.people.iter().find(|one| one.person == id)
    }

    /// The name of a unit of it.
    pub fn unit(&self, id: &str) -> Option<&str> {
        self.units.iter().find(|one| one.unit == id).map(|one| one.name.as_str())
    }

    /// Names exactly what the body names, and what is in force before it as its kind asks.
    pub(crate) fn read(&self, body: &Body, drafter: &str) -> Result<Option<Before>, JsonError> {
        let before = self.before.as_ref().map(|value| Before::read(body.kind(), value));
        let before = before.transpose()?;
        if before.as_ref().is_some_and(|before| !before.is_bounded()) {
            return Err(shape("before"));
        }
        let fits = match needs(body) {
            Needs::Nothing => before.is_none(),
            Needs::Something => before.is_some(),
            Needs::Either => true,
        };
        let people: Vec<String> = self.people.iter().map(|one| one.person.clone()).collect();
        let wanted = Self::people_of(body, drafter, before.as_ref());
        let mut wanted: Vec<String> = wanted.into_iter().collect();
        let ends = matches!(&before, Some(Before::Person(held)) if !held.lends.is_empty());
        if body.takes_away() {
            wanted.retain(|id| people.contains(id));
        }
        let mut wanted_units = Self::units_of(body, before.as_ref());
        wanted_units.extend(self.people.iter().map(|one| one.unit.clone()));
        let units: Vec<&String> = self.units.iter().map(|one| &one.unit).collect();
        if !fits
            || ends && !ends_loans(body)
            || people != wanted
            || !units.into_iter().eq(&wanted_units)
        {
            return Err(shape("basis"));
        }
        Ok(before)
    }

    /// Every commitment in it with its path: those that authority holds, each once.
    pub(crate) fn commitments(&self, before: Option<&Before>) -> Vec<(String, Commitment)> {
        let mut list: Vec<(String, Commitment)> = Vec::new();
        for one in &self.people {
            list.push((NAME_PATH.to_owned(), one.name.clone()));
        }
        if let Some(Before::Person(PersonBefore { mail: Some(mail), .. })) = before {
            list.push((MAIL_PATH.to_owned(), mail.clone()));
        }
        list
    }
}

/// Whether what somebody lends may end with it.
fn ends_loans(body: &Body) -> bool {
    match body {
        Body::Role(role) => role.action == RoleAction::Withdraw,
        Body::Person(person) => person.action == PersonAction::Leave,
        _ => false,
    }
}

/// What comes first of its kind has nothing before it.
fn needs(body: &Body) -> Needs {
    match body {
        Body::Issue(_) | Body::Credential(_) | Body::Batch(_) => Needs::Nothing,
        Body::Unit(unit) if unit.action == UnitAction::Create => Needs::Nothing,
        Body::Person(person) if person.action == PersonAction::Create => Needs::Nothing,
        Body::Portal(portal) if portal.action == "register" => Needs::Nothing,
        Body::Agent(agent) if agent.action == "register" => Needs::Either,
        Body::Profile(_) => Needs::Either,
        _ => Needs::Something,
    }
}

fn shape(what: &str) -> JsonError {
    JsonError::Shape(what.to_owned())
}
