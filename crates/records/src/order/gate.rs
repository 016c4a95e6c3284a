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

/// SHA-256 of the RFC 8785 object {path: SHA-256 of file}.
pub fn bundle_digest<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Bytes {
    let object: BTreeMap<&str, Bytes> = files
        .into_iter()
        .map(|(name, content)| (name, Sha256::digest(content.as_bytes()).as_slice().into()))
        .collect();
    let bytes = crate::json::write(&object).unwrap_or_default();
    Bytes::from(Sha256::digest(bytes).as_slice())
}

/// A host name as certificates and requests have it: lower-case letters, digits, hyphens, dots.
pub fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

/// An id of an agent, application or unit: lower-case letters, digits, hyphens, at most 32.
pub fn is_id(id: &str) -> bool {
    (1..=32).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
