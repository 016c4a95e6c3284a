//! When a revocation counts from: what a key of the CA signed, and never the time of the record
//! that claims it, which whoever holds the database can write.

use crate::bytes::Bytes;
use crate::json::{self, JsonError};
use crate::label::Label;
use crate::record::Cause;
use crate::time;
use pki::algorithm::SignError;
use pki::{PublicKey, Signer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why a certificate is revoked, as people say it in Chinese and in English, by the name of RFC
/// 5280; nothing for reasons that nobody here gives.
pub fn reason(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "cessationOfOperation" => ("离职、退休", "left office or retired"),
        "affiliationChanged" => ("调动", "moved to another unit"),
        "keyCompromise" => ("丢失、被盗、泄露", "lost, stolen or known to others"),
        "superseded" => ("已换新证书", "replaced by a new one"),
        "privilegeWithdrawn" => ("授权撤回", "authorization withdrawn"),
        _ => return None,
    })
}

/// That something is revoked for a cause, as the registry key signs it. Of a loss the status key
/// signs a receipt instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationStatement {
    /// This is version 1 of the format.
    pub v: u8,
    /// The city is named by its founding digest, 32 bytes.
    pub founding: Bytes,
    /// SHA-256 of the cause in its canonical form.
    pub cause: Bytes,
    /// The revocation counts since this time, RFC 3339.
    pub time: String,
}

/// A statement could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignRevocationError {
    /// It has no canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The key could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl RevocationStatement {
    /// What is said of a cause at `unix`.
    pub fn new(founding: &[u8; 32], cause: &Cause, unix: u64) -> Result<Self, JsonError> {
        let cause = Sha256::digest(json::write(cause)?).as_slice().into();
        Ok(Self { v: 1, founding: (*founding).into(), cause, time: time::seconds(unix) })
    }

    /// Its bytes with the registry key's signature.
    pub fn sign(&self, signer: &dyn Signer) -> Result<(Bytes, Bytes), SignRevocationError> {
        let bytes = json::write(self)?;
        let signature = Label::Revocation.sign(signer, &bytes)?;
        Ok((Bytes(bytes), Bytes(signature)))
    }

    /// Reads a statement that this key signed.
    pub fn open(bytes: &[u8], signature: &[u8], key: &PublicKey) -> Option<Self> {
        let signed = Label::Revocation.verify(key, bytes, signature);
        json::read::<Self>(bytes).ok().filter(|read| signed && read.v == 1)
    }

    /// When, unix, if it speaks of this cause in this city.
    pub fn counts_from(&self, founding: &[u8; 32], cause: &Cause) -> Option<u64> {
        let unix = time::read(&self.time)?;
        (Self::new(founding, cause, unix).ok()? == *self).then_some(unix)
    }
}
