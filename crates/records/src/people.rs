//! The people snapshot: whom an agent may meet, with units and roles, numbered per agent and signed
//! by the registry key. It holds the units that the agent serves and nobody else.

use crate::access_mode::AccessMode;
use crate::bytes::Bytes;
use crate::founding::Holding;
use crate::json::{self, JsonError};
use crate::label::Label;
use crate::order::LENT_MAX;
use crate::rules::Role;
use pki::PublicKey;
use pki::algorithm::SignError;
use serde::{Deserialize, Serialize};

/// A snapshot lives this long, in seconds: one day.
pub const SNAPSHOT_SECONDS: u64 = 86_400;
/// No snapshot is good for longer, in seconds: seven days.
pub const SNAPSHOT_SECONDS_MAX: u64 = 7 * 86_400;

/// A snapshot of people and units as one agent needs them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeopleSnapshot {
    /// This is version 1 of the format.
    pub v: u8,
    /// The city is named by its founding digest, 32 bytes.
    pub founding: Bytes,
    /// The snapshot is for the agent of this id.
    pub agent: String,
    /// The agent's order is named by its digest, 32 bytes.
    pub order: Bytes,
    /// The snapshot is for the application of this id.
    pub application: String,
    /// The application has these host names.
    pub hosts: Vec<String>,
    /// The snapshot has this number, from 1 for each agent.
    pub number: u64,
    /// Version of the rules in force. An agent decides only by the rules that its snapshot names:
    /// nobody who carries both can hold rules back for longer than a snapshot is good, or plant
    /// others.
    pub bundle: u32,
    /// The rules in force are named by the bundle's digest.
    pub policy: Bytes,
    /// In which mode the application's gates are by order; left out where rules are enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<OrderedMode>,
    /// Emergencies of the application that are not over, by the orders that open them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emergencies: Vec<OrderedEmergency>,
    /// The snapshot was made at this time, RFC 3339.
    pub this_update: String,
    /// The snapshot can be used until this second, RFC 3339.
    pub next_update: String,
    /// Served units with everything below, and what stands above them.
    pub units: Vec<SnapshotUnit>,
    /// People of the served units, ordered by id.
    pub people: Vec<SnapshotPerson>,
}

/// In which mode an order puts an application's gates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderedMode {
    /// `observe` or `suspended`.
    pub mode: AccessMode,
    /// Last second of `observe`, RFC 3339; else empty.
    pub until: String,
    /// The order is named by its digest, 32 bytes.
    pub order: Bytes,
}

/// Whom an order lets past the rules of an application, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderedEmergency {
    /// The order is named by its digest, 32 bytes.
    pub order: Bytes,
    /// Person ids.
    pub people: Vec<String>,
    /// First second, RFC 3339.
    pub from: String,
    /// Last second, RFC 3339.
    pub until: String,
}

/// A unit of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotUnit {
    /// The unit is named by its id: lower-case letters, digits and hyphens.
    pub unit: String,
    /// The unit's name is the one that people read.
    pub name: String,
    /// The unit above; the city has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// It says whether people of the unit are served.
    pub served: bool,
}

/// A person of a snapshot; no name: that stands in their certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotPerson {
    /// The person is named by their id, 16 Crockford base32 characters.
    pub person: String,
    /// The person belongs to the unit of this id.
    pub unit: String,
    /// The person holds these roles, each over a unit and everything below it.
    pub roles: Vec<Holding>,
    /// These are lent to the person while their holders are on leave: those that count, or will
    /// within a day; at most [`LENT_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lent: Vec<SnapshotDelegation>,
}

/// A role that an order lends to a person of a snapshot. A gate reads its days by its own clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotDelegation {
    /// This role is lent.
    pub role: Role,
    /// It is lent over the unit of this id and everything below it.
    pub scope: String,
    /// It is lent by the person of this id, who is on leave.
    pub absent: String,
    /// First second, RFC 3339.
    pub from: String,
    /// Last second, RFC 3339.
    pub until: String,
}

/// A snapshot's exact bytes with the registry key's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedPeople {
    /// The snapshot is its exact bytes, canonical JSON.
    pub snapshot: Bytes,
    /// The registry key signed the snapshot under `yinxin-people-v1`.
    pub signature: Bytes,
}

/// The CA could not make a snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignPeopleError {
    /// The snapshot has no canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The registry key could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl SignedPeople {
    /// Signs a snapshot with the registry key.
    pub fn sign(
        snapshot: &PeopleSnapshot,
        registry: &dyn pki::Signer,
    ) -> Result<Self, SignPeopleError> {
        let bytes = json::write(snapshot)?;
        let signature = Label::People.sign(registry, &bytes)?;
        Ok(Self { snapshot: Bytes(bytes), signature: Bytes(signature) })
    }

    /// The snapshot, if the registry key signed it and it lends nobody more than may be lent.
    pub fn open(&self, registry: &PublicKey) -> Option<PeopleSnapshot> {
        if !Label::People.verify(registry, &self.snapshot.0, &self.signature.0) {
            return None;
        }
        let read: Option<PeopleSnapshot> = json::read(&self.snapshot.0).ok();
        let is_bounded = |one: &SnapshotPerson| one.lent.len() <= LENT_MAX;
        read.filter(|snapshot| snapshot.v == 1 && snapshot.people.iter().all(is_bounded))
    }
}

impl SnapshotDelegation {
    /// First and last second, unix; none where one of them cannot be read.
    pub fn span(&self) -> Option<(u64, u64)> {
        Some((crate::time::read(&self.from)?, crate::time::read(&self.until)?))
    }
}

impl PeopleSnapshot {
    /// Last second of use, unix; 0 if unreadable.
    pub fn next_update_unix(&self) -> u64 {
        crate::time::read(&self.next_update).unwrap_or(0)
    }

    /// It was made at this time, unix seconds.
    pub fn this_update_unix(&self) -> u64 {
        crate::time::read(&self.this_update).unwrap_or(0)
    }
}
