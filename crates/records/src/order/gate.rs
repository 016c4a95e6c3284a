//! Bodies of the orders that put a gate in front of an application: the agent, and the rules.

use crate::bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Kind `agent`: registers or closes a gate. Registering one that exists replaces it: it joins
/// anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentBody {
    /// `register` or `close`.
    pub action: String,
    /// Agent id.
    pub agent: String,
    /// Unit that runs it.
    pub unit: String,
    /// Application id: names the rules, and the audience of identity tokens.
    pub application: String,
    /// Host names of the application, lower case.
    pub hosts: Vec<String>,
    /// Units whose people it serves, each with everything below.
    pub units: Vec<String>,
    /// SHA-256 of the token under which it joins; empty when it is closed.
    pub token_sha256: Bytes,
    /// How often its certificate may be renewed by its old key.
    pub renewals: u32,
}

/// Kind `bundle`: puts access rules in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleBody {
    /// Version, higher than the one in force.
    pub version: u32,
    /// Bundle digest, see [`bundle_digest`].
    pub digest: Bytes,
}

/// SHA-256 of the RFC 8785 object {path: SHA-256 of file}. Files of which two have one path, or one
/// has a path that no document of ours can hold, have none: it is empty, and no order names that.
pub fn bundle_digest<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Bytes {
    let mut object: BTreeMap<&str, Bytes> = BTreeMap::new();
    for (name, content) in files {
        let sha256 = Bytes::from(Sha256::digest(content.as_bytes()).as_slice());
        if object.insert(name, sha256).is_some() {
            return Bytes::default();
        }
    }
    let digest = |bytes: Vec<u8>| Bytes::from(Sha256::digest(bytes).as_slice());
    crate::json::write(&object).map(digest).unwrap_or_default()
}

/// A host name as certificates and requests have it; no address, no wildcard.
pub fn is_host(host: &str) -> bool {
    pki::host::Host::read_name(host).is_ok()
}

/// An id of an agent, application or unit: lower-case letters, digits, hyphens, at most 32.
pub fn is_id(id: &str) -> bool {
    (1..=32).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
