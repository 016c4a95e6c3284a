//! What `status` says is revoked or suspended and stands in no list yet: whoever holds the database
//! can keep a list from being made, and no gate waits for that.

use crate::bytes::Bytes;
use crate::json::{self, JsonError};
use crate::label::Label;
use crate::time;
use pki::algorithm::SignError;
use pki::{PublicKey, Signer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Most serial numbers of one statement: what is lost or suspended between two lists.
pub const UNLISTED_MAX: usize = 10_000;
/// What was said longer ago, in seconds, stands in a list or is over: no list is good for longer.
pub const BESIDE_SECONDS_MAX: u64 = 31 * 86_400;

/// A serial number with a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatedSerial {
    /// The serial number, lower-case hexadecimal.
    pub serial: String,
    /// RFC 3339.
    pub time: String,
}

impl DatedSerial {
    /// A serial number with a time in unix seconds.
    pub fn new(serial: String, unix: u64) -> Self {
        Self { serial, time: time::seconds(unix) }
    }

    /// The time, unix; 0 if it cannot be read.
    pub fn unix(&self) -> u64 {
        time::read(&self.time).unwrap_or(0)
    }
}

/// What is revoked or suspended beside a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnlistedStatement {
    /// This is version 3 of the format.
    pub v: u8,
    /// The city is named by its founding digest, 32 bytes.
    pub founding: Bytes,
    /// cRLNumber of the list beside which it stands: whoever has an older one knows of what that
    /// one lacks from an older statement.
    pub crl: u64,
    /// The status key signed it at this time, RFC 3339.
    pub time: String,
    /// Serial numbers of what is revoked, lower-case hexadecimal, in order.
    pub revoked: Vec<String>,
    /// Those of what is suspended, likewise, with when that was said last.
    pub suspended: Vec<DatedSerial>,
    /// Those of what the log released, likewise, with until when what suspended it is over: what is
    /// not said any more is let go of by this, and not by silence.
    pub released: Vec<DatedSerial>,
}

impl UnlistedStatement {
    /// When it was signed, unix; 0 if that cannot be read.
    pub fn unix(&self) -> u64 {
        time::read(&self.time).unwrap_or(0)
    }

    fn is_sound(&self) -> bool {
        let dated = || self.suspended.iter().chain(&self.released);
        let all = self.revoked.len() + dated().count();
        let is_dated = self.unix() != 0 && dated().all(|one| one.unix() != 0);
        self.v == 3 && all <= UNLISTED_MAX && is_dated
    }
}

/// The statement with the status key's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlisted {
    /// The statement is its exact bytes, canonical JSON.
    pub statement: Bytes,
    /// The status key signed the statement under `yinxin-unlisted-v1`.
    pub signature: Bytes,
}

/// A statement could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignUnlistedError {
    /// It has no canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The key could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Unlisted {
    /// Signs the statement with the status key; an error says why there is no signature.
    pub fn sign(said: &UnlistedStatement, signer: &dyn Signer) -> Result<Self, SignUnlistedError> {
        let bytes = json::write(said)?;
        let signature = Bytes(Label::Unlisted.sign(signer, &bytes)?);
        Ok(Self { statement: Bytes(bytes), signature })
    }

    /// What this key signed about this city.
    pub fn open(&self, key: &PublicKey, founding: &[u8; 32]) -> Option<UnlistedStatement> {
        let signed = Label::Unlisted.verify(key, &self.statement.0, &self.signature.0);
        let read: UnlistedStatement = json::read(&self.statement.0).ok().filter(|_| signed)?;
        (read.is_sound() && read.founding.0 == *founding).then_some(read)
    }

    /// By what an agent tells which one it has.
    pub fn digest(&self) -> Bytes {
        Sha256::digest(&self.statement.0).as_slice().into()
    }
}
