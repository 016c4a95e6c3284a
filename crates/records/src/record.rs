//! Records of the accountability log, and the entry that commits to each.

mod event;
mod letter;

pub use event::{Cause, Event, File, RevokedSerial};
pub use letter::{LetterStatement, VoidStatement};

use crate::access::Link;
use crate::approval::Approval;
use crate::bytes::Bytes;
use crate::json::{self, JsonError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The logs of this version.
pub const LOGS: [&str; 2] = ["control", "access"];

const ENTRY_LABEL: &[u8] = b"yinxin-entry-v1";

/// A record; its exact bytes are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Format: 1.
    pub v: u8,
    /// 16 random bytes; the same record twice has the same id.
    pub id: Bytes,
    /// `control` or `access`.
    pub log: String,
    /// Which process made it.
    pub maker: String,
    /// RFC 3339 with microseconds.
    pub time: String,
    /// Its place among an agent's records; others have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

impl Record {
    /// Reads a record's bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, JsonError> {
        let record: Self = json::read(bytes)?;
        let known_log = LOGS.contains(&record.log.as_str());
        if record.v != 1 || record.id.0.len() != 16 || !known_log || record.unix() == 0 {
            return Err(JsonError::Shape("the record's header is not valid".into()));
        }
        Ok(record)
    }

    /// The record's bytes.
    pub fn write(&self) -> Result<Vec<u8>, JsonError> {
        json::write(self)
    }

    /// Whether it was made under a clock that had been checked. Refusals and brakes are written
    /// with a clock that moved as well, and prove nothing about the time.
    pub fn proves_time(&self) -> bool {
        let unchecked = matches!(
            self.event,
            Event::Refusal { .. }
                | Event::Revoked { .. }
                | Event::Suspended { .. }
                | Event::Crl { .. }
                | Event::Portal { .. }
                | Event::Forked { .. }
                | Event::Silent { .. }
                | Event::Asked { .. }
                | Event::Searched { .. }
                | Event::Read { .. }
                | Event::Notified { .. }
                | Event::People { .. }
        );
        !unchecked
    }

    /// Unix seconds of its time; 0 if unreadable.
    pub fn unix(&self) -> u64 {
        crate::time::read(&self.time).unwrap_or(0)
    }
}

/// The entry in the tree: SHA-256(`yinxin-entry-v1` ‖ 0x00 ‖ salt ‖ record).
pub fn entry(salt: &[u8; 32], record: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(ENTRY_LABEL)
        .chain_update([0])
        .chain_update(salt)
        .chain_update(record)
        .finalize()
        .into()
}

/// SHA-256 of an approval's canonical bytes; how records name approvals.
pub fn approval_id(approval: &Approval) -> Result<Bytes, JsonError> {
    Ok(Bytes(Sha256::digest(json::write(approval)?).to_vec()))
}
