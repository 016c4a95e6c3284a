//! The body of the order by which a portal speaks to the CA.

use crate::bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Kind `portal`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalBody {
    /// `register` or `close`.
    pub action: String,
    /// Portal id.
    pub portal: String,
    /// Unit that runs it.
    pub unit: String,
    /// Host of the public pages.
    pub public_host: String,
    /// DER SubjectPublicKeyInfo of the public process.
    pub public_key: Bytes,
    /// Host of the staff pages.
    pub staff_host: String,
    /// DER SubjectPublicKeyInfo of the staff process.
    pub staff_key: Bytes,
    /// Host of the machines' protocols; empty where it speaks none.
    pub machines_host: String,
    /// DER SubjectPublicKeyInfo of the machines' process; empty where there is none.
    pub machines_key: Bytes,
}

/// What is in force before an order of kind `portal`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalBefore {
    /// Unit that runs it.
    pub unit: String,
    /// Host of the public pages.
    pub public_host: String,
    /// Host of the staff pages.
    pub staff_host: String,
    /// Host of the machines' protocols; empty where it speaks none.
    pub machines_host: String,
    /// SHA-256 of each key of the public process.
    pub public_keys: Vec<Bytes>,
    /// SHA-256 of each key of the staff process.
    pub staff_keys: Vec<Bytes>,
    /// SHA-256 of each key of the machines' process.
    pub machines_keys: Vec<Bytes>,
    /// Whether it may speak.
    pub open: bool,
}

impl PortalBody {
    /// Whether it has a process for machines: a host and a key of its own.
    pub fn serves_machines(&self) -> bool {
        !self.machines_host.is_empty() || !self.machines_key.0.is_empty()
    }
}
