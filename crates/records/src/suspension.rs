//! Suspensions: what takes a certificate away for a while, at once and without anybody's consent.
//! It is said by letter, under somebody's signature, or told by a portal; it ends by an order of
//! others, or becomes a revocation.

use crate::bytes::Bytes;
use crate::code::Code;
use crate::commitment::{Commitment, Disclosure, EVIDENCE_PATH, open};
use crate::json::{self, JsonError};
use crate::label::Label;
use crate::stated::{Stated, Statement};
use crate::time;
use pki::algorithm::SignError;
use pki::{Certificate, PublicKey, Signer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Who suspends the same in the same way within this time said it twice.
pub const REPEATED_SECONDS: u64 = 60;

/// What is suspended for so many seconds becomes revoked: 15 days.
pub const SUSPENSION_SECONDS: u64 = 15 * 86_400;
/// The reason of the entry in lists and OCSP answers (RFC 5280 5.3.1).
pub const HOLD: &str = "certificateHold";

/// What somebody says who suspends a certificate, their own or one in their care.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspensionStatement {
    /// This is version 1 of the format; a reader refuses another.
    pub v: u8,
    /// The city is named by its founding digest, 32 bytes.
    pub founding: Bytes,
    /// SHA-256 of the certificate of whoever says it.
    pub certificate: Bytes,
    /// Serial number of what is suspended, lower-case hexadecimal.
    pub serial: String,
    /// RFC 5280 name of the reason for which it is revoked if nobody releases it.
    pub reason: String,
    /// Commitment to the evidence, under `/evidence`.
    pub evidence: Commitment,
    /// A nonce of 16 random bytes makes the statement unlike any other.
    pub nonce: Bytes,
    /// The signer said so at this time, RFC 3339.
    pub time: String,
}

impl Statement for SuspensionStatement {
    const LABEL: Label = Label::Suspension;

    fn is_sound(&self) -> bool {
        self.v == 1
            && self.founding.0.len() == 32
            && self.certificate.0.len() == 32
            && self.nonce.0.len() == 16
            && self.unix() != 0
    }
}

/// What is suspended, as somebody typed it.
#[derive(Clone, Copy)]
pub struct SuspensionInput<'a> {
    /// The certificate has this serial number, lower-case hexadecimal.
    pub serial: &'a str,
    /// RFC 5280 name of the reason.
    pub reason: &'a str,
    /// The signer looked at this before they suspended.
    pub evidence: &'a str,
}

impl SuspensionStatement {
    /// What the holder of a certificate says at `unix` who suspends this, with what opens its
    /// evidence; salt and nonce are drawn for this alone.
    pub fn new(
        founding: &Bytes,
        certificate_sha256: [u8; 32],
        said: SuspensionInput<'_>,
        (salt, nonce): ([u8; 32], [u8; 16]),
        unix: u64,
    ) -> Result<(Self, Disclosure), JsonError> {
        let evidence = Disclosure::new(EVIDENCE_PATH, salt, said.evidence.into());
        let statement = Self {
            v: 1,
            founding: founding.clone(),
            certificate: certificate_sha256.into(),
            serial: said.serial.to_owned(),
            reason: said.reason.to_owned(),
            evidence: evidence.commitment()?,
            nonce: nonce.into(),
            time: time::seconds(unix),
        };
        Ok((statement, evidence))
    }

    /// Unix seconds of its time; 0 if unreadable.
    pub fn unix(&self) -> u64 {
        time::read(&self.time).unwrap_or(0)
    }
}

/// The statement with the signature of whoever says it, by certificate key or by passkey.
pub type Suspension = Stated<SuspensionStatement>;

/// A suspension on its way to the CA, with what opens its evidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspensionSubmission {
    /// The suspension as it was signed.
    pub suspension: Suspension,
    /// Opens the commitment to the evidence.
    pub evidence: Disclosure,
}

impl SuspensionSubmission {
    /// The evidence, if it opens the statement's commitment.
    pub fn evidence(&self) -> Result<&str, Code> {
        let read = self.suspension.read()?;
        let opened = open(&read.evidence, EVIDENCE_PATH, std::slice::from_ref(&self.evidence));
        opened.map_err(|_| Code::OrderIncomplete)?.as_str().ok_or(Code::Malformed)
    }
}

/// Suspends what was issued under a letter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspendByLetter {
    /// The letter is named by its reference, 16 Crockford base32 characters.
    pub reference: String,
    /// The value is an HMAC under the letter's suspension key.
    pub value: Bytes,
}

/// That something is suspended, as a key of the CA signs it: the receipt of whoever asked, and what
/// counts in the log of a suspension by letter or on a portal's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspensionNotice {
    /// This is version 1 of the format.
    pub v: u8,
    /// The city is named by its founding digest, 32 bytes.
    pub founding: Bytes,
    /// How it came: `letter:` and a reference, `portal:` and an id, `person:` and an id.
    pub told: String,
    /// It is suspended by the person of this id.
    pub person: String,
    /// Serial numbers of what is suspended.
    pub serials: Vec<String>,
    /// RFC 5280 name of the reason for which it is revoked if nobody releases it.
    pub reason: String,
    /// 16 random bytes: no two notices have one name, so that a release ends one suspension only.
    pub nonce: Bytes,
    /// SHA-256 of the statement, where somebody signed one: the notice counts for no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Bytes>,
    /// When it was taken, and where somebody signed a time before that, then.
    pub time: String,
}

impl SuspensionNotice {
    /// Reads a notice that this key signed.
    pub fn open(bytes: &[u8], signature: &[u8], key: &PublicKey) -> Option<Self> {
        let signed = Label::Suspended.verify(key, bytes, signature);
        json::read::<Self>(bytes)
            .ok()
            .filter(|read| signed && read.v == 1 && read.nonce.0.len() == 16)
    }

    /// Its bytes with a signature.
    pub fn sign(&self, signer: &dyn Signer) -> Result<(Bytes, Bytes), SignNoticeError> {
        let bytes = json::write(self)?;
        let signature = Label::Suspended.sign(signer, &bytes)?;
        Ok((Bytes(bytes), Bytes(signature)))
    }

    /// Unix seconds of its time; 0 if unreadable.
    pub fn unix(&self) -> u64 {
        time::read(&self.time).unwrap_or(0)
    }
}

/// A notice could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignNoticeError {
    /// It has no canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The key could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// That nobody released a suspension in its time, as the registry key signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LapseStatement {
    /// This is version 1 of the format.
    pub v: u8,
    /// The suspension's name: SHA-256 of its notice or statement.
    pub suspension: Bytes,
    /// Nobody had released the suspension by this time, RFC 3339.
    pub time: String,
}

/// Why a suspension is lawful.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SuspensionCause {
    /// Whoever has the letter; everything under it is suspended.
    Letter {
        /// HMAC under the letter's suspension key.
        value: Bytes,
        /// The notice is its exact bytes, canonical JSON.
        notice: Bytes,
        /// The status key's signature over it.
        signature: Bytes,
    },
    /// Somebody suspended it under their own signature.
    Signed {
        /// The suspension as it was signed.
        suspension: Suspension,
        /// The notice is its exact bytes, canonical JSON.
        notice: Bytes,
        /// The status key's signature over it: it was said in time, and leaves who releases it.
        signature: Bytes,
    },
    /// A portal says that the holder asked for it.
    Portal {
        /// The notice is its exact bytes, canonical JSON.
        notice: Bytes,
        /// The registry key's signature over it.
        signature: Bytes,
    },
}

impl SuspensionCause {
    /// What the CA signed about it; whether it did, is for the authority to say.
    pub fn notice(&self) -> Option<SuspensionNotice> {
        let (Self::Letter { notice, .. }
        | Self::Signed { notice, .. }
        | Self::Portal { notice, .. }) = self;
        json::read(&notice.0).ok()
    }

    /// Whoever suspends, as it says.
    pub fn person(&self) -> Option<String> {
        match self {
            Self::Letter { notice, .. } | Self::Portal { notice, .. } => {
                Some(json::read::<SuspensionNotice>(&notice.0).ok()?.person)
            }
            Self::Signed { suspension, .. } => {
                let certificate = Certificate::read(&suspension.certificate.0).ok()?;
                certificate.subject().person().map(str::to_owned)
            }
        }
    }

    /// The letter by which it was said, as it says.
    pub fn reference(&self) -> Option<String> {
        let Self::Letter { notice, .. } = self else { return None };
        let read = json::read::<SuspensionNotice>(&notice.0).ok()?;
        read.told.strip_prefix("letter:").map(str::to_owned)
    }

    /// The name of the suspension: SHA-256 of its notice or statement.
    pub fn name(&self) -> [u8; 32] {
        let bytes = match self {
            Self::Letter { notice, .. } | Self::Portal { notice, .. } => notice,
            Self::Signed { suspension, .. } => &suspension.statement,
        };
        Sha256::digest(&bytes.0).into()
    }
}
