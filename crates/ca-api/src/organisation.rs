//! Routes of the issuer for what officers and handlers read of the organisation: a person whole,
//! what their transfer or leaving takes away, and a unit with who decides there.

pub use records::consequence::{Consequences, RoleLine, RuleLine};

use crate::staff::CertificateLine;
use records::handling::{DraftLine, PersonLine, UnitLine};
use serde::{Deserialize, Serialize};

/// The path takes an [`crate::AsOfficer`] of [`DossierQuery`] and answers with a [`Dossier`].
pub const DOSSIER: &str = "/v1/staff/dossier";
/// The path takes an [`crate::AsOfficer`] of [`ConsequencesQuery`] and answers with a
/// [`Consequences`].
pub const CONSEQUENCES: &str = "/v1/staff/consequences";
/// The path takes an [`crate::AsOfficer`] of [`UnitQuery`] and answers with a [`UnitFacts`].
pub const UNIT: &str = "/v1/staff/unit";

/// Whose dossier, and from where on its requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DossierQuery {
    /// The dossier is of the person of this id.
    pub person: String,
    /// Where the page before said that the requests go on, or empty.
    pub after: String,
}

/// A certificate of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldLine {
    /// The certificate is told as in lists.
    pub line: CertificateLine,
    /// First second of validity, RFC 3339; empty where its bytes are not those that were issued.
    pub issued: String,
}

/// A role that is lent while its holder is on leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegationLine {
    /// Who acts: person id and name.
    pub deputy: (String, String),
    /// Who is on leave: person id and name.
    pub absent: (String, String),
    /// The role is lent with the unit over which it is held.
    pub role: RoleLine,
    /// The role is lent from this second on, RFC 3339.
    pub from: String,
    /// The role is lent up to this second, RFC 3339.
    pub until: String,
    /// It says whether the delegation counts now.
    pub counts: bool,
}

/// Everything about a person that is their officers' and handlers' business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dossier {
    /// The person is told as in lists.
    pub line: PersonLine,
    /// Names of their unit and those above it.
    pub place: String,
    /// The person's mail address, or nothing.
    pub mail: String,
    /// The person's record is in this version.
    pub version: u32,
    /// It says whether the person left office.
    pub left: bool,
    /// The person holds these roles, as far as they count now.
    pub roles: Vec<RoleLine>,
    /// Roles that were lent to them, and theirs that were lent to others.
    pub delegations: Vec<DelegationLine>,
    /// Applications whose gates know them.
    pub applications: Vec<String>,
    /// The newest certificates, newest first.
    pub certificates: Vec<HeldLine>,
    /// The person's letters, newest first.
    pub letters: Vec<DraftLine>,
    /// Orders about them, newest first.
    pub requests: Vec<DraftLine>,
    /// Where the requests go on; empty at their end.
    pub more: String,
    /// Whether the reader may draft about them.
    pub drafts: bool,
    /// Roles of theirs that the reader may draft a delegation of, while they are on leave.
    pub lends: Vec<RoleLine>,
}

/// The query names a person and the unit to which they would go, if they do not leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsequencesQuery {
    /// The change is of the person of this id.
    pub person: String,
    /// The unit to which they go; none if they leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// Which unit, and from where on its people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitQuery {
    /// Unit id; that of the city if empty.
    pub unit: String,
    /// Where the page before said that the people go on, or empty.
    pub after: String,
}

/// A unit that stands below another one in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitBelow {
    /// The unit is told with its id and its name.
    pub line: UnitLine,
    /// It says whether people can be registered in the unit.
    pub open: bool,
    /// People in office there and below.
    pub people: u32,
}

/// Somebody who holds a role that counts in a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolderLine {
    /// The role is held by the person of this id.
    pub person: String,
    /// The holder's name is as the CA opens it.
    pub name: String,
    /// The role is told with the unit over which it is held.
    pub role: RoleLine,
    /// Whether their page is the reader's business.
    pub readable: bool,
}

/// A unit with what is below it, who decides there, and its own people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitFacts {
    /// The unit and those above it, the city first.
    pub path: Vec<UnitLine>,
    /// It says whether people can be registered in the unit.
    pub open: bool,
    /// Units directly below it, by name.
    pub below: Vec<UnitBelow>,
    /// Whose roles count here, those of the unit itself first.
    pub holders: Vec<HolderLine>,
    /// Its own people in office who are the reader's business, by name.
    pub people: Vec<PersonLine>,
    /// Behind which person the list goes on; empty at its end.
    pub more: String,
}
