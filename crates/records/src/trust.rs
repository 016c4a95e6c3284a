//! The trust file: what a client or verifier knows from outside before it believes anybody.

use crate::bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Root, founding digest, log keys, addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Format: 1.
    pub v: u8,
    /// The city's name.
    pub city: String,
    /// A sample city is no real one.
    pub sample: bool,
    /// SHA-256 of the root certificate.
    pub root_sha256: Bytes,
    /// Founding digest.
    pub founding: Bytes,
    /// Arc of our object identifiers.
    pub arc: String,
    /// Verifier keys of each log with their periods.
    pub logs: Vec<TrustedLog>,
    /// Addresses.
    pub portal_public: String,
    /// Address of the staff host.
    pub portal_staff: String,
    /// Address of the status service (loss reports).
    pub status: String,
    /// Address of the log service.
    pub log: String,
}

/// A log's key and when it signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedLog {
    /// `control` or `access`.
    pub log: String,
    /// C2SP verifier key.
    pub vkey: String,
    /// Public address of tiles and checkpoints.
    pub url: String,
    /// From when.
    pub from: String,
    /// Until when; open if absent.
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
