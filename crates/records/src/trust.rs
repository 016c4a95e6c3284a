//! The trust file: what a client or verifier knows from outside before it believes anybody.

use crate::bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Root, founding digest, log keys, addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// This is version 1 of the format.
    pub v: u8,
    /// The city's name, as the founding statement has it.
    pub city: String,
    /// A sample city is no real one.
    pub sample: bool,
    /// The root certificate is named by its SHA-256.
    pub root_sha256: Bytes,
    /// The founding digest names the city, 32 bytes.
    pub founding: Bytes,
    /// The city's object identifiers begin with this arc.
    pub arc: String,
    /// Verifier keys of each log with their periods.
    pub logs: Vec<TrustedLog>,
    /// The public host of the portal has this address.
    pub portal_public: String,
    /// The staff host of the portal has this address.
    pub portal_staff: String,
    /// Address of the status service (loss reports).
    pub status: String,
    /// The log service has this address.
    pub log: String,
}

/// A log's key and when it signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedLog {
    /// The log is `control` or `access`.
    pub log: String,
    /// The log's key is a verifier key of C2SP signed notes.
    pub vkey: String,
    /// Public address of tiles and checkpoints.
    pub url: String,
    /// The key signs from this time on, RFC 3339.
    pub from: String,
    /// The key signs until this time, RFC 3339, or goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Trust {
    /// The verifier key of a log.
    pub fn log_key(&self, log: &str) -> Option<tlog::VerifierKey> {
        let found = self.logs.iter().find(|entry| entry.log == log)?;
        tlog::VerifierKey::read(&found.vkey).ok()
    }
}
