//! The founding statement: leaf 0 of the `control` log, signed by the root key. Everything that
//! decides later is ordered by the people and keys that it names.

use crate::bytes::Bytes;
use crate::commitment::Commitment;
use crate::json::{self, JsonError};
use crate::label::Label;
use crate::order::ProfileRef;
pub use crate::rules::Holding;
use pki::PublicKey;
use serde::{Deserialize, Serialize};

/// The statement without its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Founding {
    /// This is version 1 of the format.
    pub v: u8,
    /// The city that is founded, with what stands in every certificate of it.
    pub city: City,
    /// It was said at this time, RFC 3339 in seconds.
    pub founded: String,
    /// A nonce of 16 random bytes makes the statement unlike any other.
    pub nonce: Bytes,
    /// The root key is a SubjectPublicKeyInfo in DER.
    pub root: Bytes,
    /// Id of the first issuing CA.
    pub issuer: String,
    /// The online keys, each a SubjectPublicKeyInfo in DER.
    pub keys: OnlineKeys,
    /// The logs and their checkpoint keys.
    pub logs: Vec<LogKey>,
    /// Units, each after the one above it; the first is the city itself.
    pub units: Vec<FirstUnit>,
    /// The first people hold roles from the founding on, so that others can be approved.
    pub people: Vec<FirstPerson>,
    /// The first services have their keys certified by the founding.
    pub services: Vec<FirstService>,
    /// Standing authorizations to renew, each asked for by the old key.
    pub authorizations: Vec<StandingAuthorization>,
    /// The profiles that are in force from the founding on.
    pub profiles: Vec<ProfileRef>,
    /// Rule files in force: `roles.toml`, `approvals.toml`, and the first rule bundle.
    pub rules: Vec<RuleFile>,
}

/// The city, as the founding statement describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct City {
    /// Every subject of the city has this organization name.
    pub name: String,
    /// The country is two capital letters (ISO 3166-1).
    pub country: String,
    /// The city's object identifiers begin with this arc.
    pub arc: String,
    /// A sample city is no real one: weaker things are allowed and said everywhere.
    pub sample: bool,
}

/// The public keys that are used every day, each a SubjectPublicKeyInfo in DER.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlineKeys {
    /// This key signs certificates and their revocation lists.
    pub issuing: Bytes,
    /// This key signs orders, letters and snapshots.
    pub registry: Bytes,
    /// This key signs receipts of losses and suspensions.
    pub status: Bytes,
    /// This key signs OCSP answers.
    pub ocsp: Bytes,
}

/// A log with the key that signs its checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogKey {
    /// The log is `control` or `access`.
    pub log: String,
    /// C2SP verifier key; its name is the origin.
    pub vkey: String,
}

/// A unit of the first day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstUnit {
    /// The unit is named by its id: lower-case letters, digits and hyphens.
    pub unit: String,
    /// The unit's name is the one that people read.
    pub name: String,
    /// It says whether the unit is a county.
    pub county: bool,
    /// The unit above; the city itself has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// A person of the first day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstPerson {
    /// The person is named by their id, 16 Crockford base32 characters.
    pub person: String,
    /// The person's name is committed to.
    pub name: Commitment,
    /// The person belongs to the unit of this id.
    pub unit: String,
    /// The person holds these roles from the founding on.
    pub roles: Vec<Holding>,
    /// The person's key is a SubjectPublicKeyInfo in DER.
    pub key: Bytes,
    /// The person's certificate is of the profile of this id.
    pub profile: String,
}

/// A key of one process of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceKey {
    /// `issuer`, `status`, `log`, `portal-public`, `portal-staff` or `portal-machines`.
    pub process: String,
    /// The certificate of the process names these DNS names.
    pub hosts: Vec<String>,
    /// The key of the process is a SubjectPublicKeyInfo in DER.
    pub key: Bytes,
}

/// A service of the first day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstService {
    /// The service is named by its id: lower-case letters, digits and hyphens.
    pub service: String,
    /// The service is run by the unit of this id.
    pub unit: String,
    /// The TLS keys of the service's processes.
    pub keys: Vec<ServiceKey>,
}

/// Leave to renew without asking people again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingAuthorization {
    /// The authorization is named by its id: lower-case letters, digits and hyphens.
    pub authorization: String,
    /// It renews the certificate of this service.
    pub service: String,
    /// Which process of it, or `ocsp`.
    pub process: String,
    /// The certificate that it renews is of the profile of this id.
    pub profile: String,
    /// It is good for so many certificates.
    pub quota: u32,
    /// The authorization can be used until this second, RFC 3339.
    pub expires: String,
    /// SHA-256 of the SubjectPublicKeyInfo that may ask first; each renewed key may ask next.
    pub key_sha256: Bytes,
}

/// A rule file in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The file is `roles`, `approvals` or `bundle`.
    pub name: String,
    /// The rule file is in this version when the city is founded.
    pub version: u32,
    /// SHA-256 of the file; for the bundle the bundle digest.
    pub digest: Bytes,
}

impl Founding {
    /// Reads the statement's bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, JsonError> {
        json::read(bytes)
    }

    /// Every key of an authority or service in the statement, SubjectPublicKeyInfo.
    pub fn stated_keys(&self) -> impl Iterator<Item = &Bytes> {
        let online = &self.keys;
        let own = [&self.root, &online.issuing, &online.registry, &online.status, &online.ocsp];
        let services = self.services.iter().flat_map(|s| s.keys.iter().map(|key| &key.key));
        own.into_iter().chain(services)
    }

    /// Reads the statement if the root key signed it.
    pub fn open(bytes: &[u8], signature: &[u8]) -> Option<Self> {
        let statement = Self::read(bytes).ok().filter(|statement| statement.v == 1)?;
        let root = PublicKey::read(&statement.root.0).ok()?;
        Label::Founding.verify(&root, bytes, signature).then_some(statement)
    }
}

/// SHA-256(`yinxin-founding-v1` ‖ 0x00 ‖ statement).
pub fn digest(statement: &[u8]) -> [u8; 32] {
    Label::Founding.digest(statement)
}
