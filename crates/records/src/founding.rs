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
    /// Format: 1.
    pub v: u8,
    /// The city.
    pub city: City,
    /// When, RFC 3339 in seconds.
    pub founded: String,
    /// 16 random bytes.
    pub nonce: Bytes,
    /// Root key, DER SubjectPublicKeyInfo.
    pub root: Bytes,
    /// Id of the first issuing CA.
    pub issuer: String,
    /// Online keys, DER SubjectPublicKeyInfo.
    pub keys: OnlineKeys,
    /// The logs and their checkpoint keys.
    pub logs: Vec<LogKey>,
    /// Units, each after the one above it; the first is the city itself.
    pub units: Vec<FirstUnit>,
    /// The first people.
    pub people: Vec<FirstPerson>,
    /// The first services.
    pub services: Vec<FirstService>,
    /// Standing authorizations to renew, each asked for by the old key.
    pub authorizations: Vec<StandingAuthorization>,
    /// Every profile in force.
    pub profiles: Vec<ProfileRef>,
    /// Rule files in force: `roles.toml`, `approvals.toml`, and the first rule bundle.
    pub rules: Vec<RuleFile>,
}

/// The city.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct City {
    /// Organization name in every subject.
    pub name: String,
    /// Country.
    pub country: String,
    /// Arc of our object identifiers.
    pub arc: String,
    /// A sample city is no real one: weaker things are allowed and said everywhere.
    pub sample: bool,
}

/// The online keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlineKeys {
    /// Issues certificates and their CRLs.
    pub issuing: Bytes,
    /// Signs orders.
    pub registry: Bytes,
    /// Signs receipts.
    pub status: Bytes,
    /// Signs OCSP answers.
    pub ocsp: Bytes,
}

/// A log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogKey {
    /// `control` or `access`.
    pub log: String,
    /// C2SP verifier key; its name is the origin.
    pub vkey: String,
}

/// A unit of the first day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstUnit {
    /// Id.
    pub unit: String,
    /// Name.
    pub name: String,
    /// Whether it is a county.
    pub county: bool,
    /// The unit above; the city itself has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// A person of the first day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstPerson {
    /// Person id.
    pub person: String,
    /// Commitment to the name.
    pub name: Commitment,
    /// Unit id.
    pub unit: String,
    /// Roles.
    pub roles: Vec<Holding>,
    /// DER SubjectPublicKeyInfo.
    pub key: Bytes,
    /// Profile id.
    pub profile: String,
}

/// One key of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceKey {
    /// `issuer`, `status`, `log`, `portal-public`, `portal-staff` or `portal-machines`.
    pub process: String,
    /// DNS names.
    pub hosts: Vec<String>,
    /// DER SubjectPublicKeyInfo.
    pub key: Bytes,
}

/// A service of the first day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstService {
    /// Id.
    pub service: String,
    /// Unit that runs it.
    pub unit: String,
    /// Its processes' TLS keys.
    pub keys: Vec<ServiceKey>,
}

/// Leave to renew without asking people again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingAuthorization {
    /// Id.
    pub authorization: String,
    /// Service whose certificate is renewed.
    pub service: String,
    /// Which process of it, or `ocsp`.
    pub process: String,
    /// Profile id.
    pub profile: String,
    /// How many certificates at most.
    pub quota: u32,
    /// Last second of use.
    pub expires: String,
    /// SHA-256 of the SubjectPublicKeyInfo that may ask first; each renewed key may ask next.
    pub key_sha256: Bytes,
}

/// A rule file in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// `roles`, `approvals` or `bundle`.
    pub name: String,
    /// Version.
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
