//! What `status` says is revoked or suspended and stands in no list yet: whoever holds the database
//! can keep a list from being made, and no gate waits for that.

use crate::bytes::Bytes;
use crate::json::{self, JsonError};
use crate::label::Label;
use pki::algorithm::SignError;
use pki::{PublicKey, Signer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Most serial numbers of one statement: what is lost or suspended between two lists.
pub const UNLISTED_MAX: usize = 10_000;

/// What is revoked or suspended beside a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnlistedStatement {
    /// This is version 2 of the format.
    pub v: u8,
    /// The city is named by its founding digest, 32 bytes.
    pub founding: Bytes,
    /// cRLNumber of the list beside which it stands: whoever has an older one knows of what that
    /// one lacks from an older statement.
    pub crl: u64,
    /// Serial numbers of what is revoked, lower-case hexadecimal, in order.
    pub revoked: Vec<String>,
    /// Those of what is suspended, likewise.
    pub suspended: Vec<String>,
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
        let sound = read.v == 2 && read.revoked.len() + read.suspended.len() <= UNLISTED_MAX;
        (sound && read.founding.0 == *founding).then_some(read)
    }

    /// By what an agent tells which one it has.
    pub fn digest(&self) -> Bytes {
        Sha256::digest(&self.statement.0).as_slice().into()
    }
}
