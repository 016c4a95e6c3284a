//! Wishes: an officer asks, under their own signature, that a certificate be revoked. The order
//! that is made from it holds the wish, so that whoever reads it knows who drafted it.

use crate::bytes::Bytes;
use crate::code::Code;
use crate::commitment::{Commitment, Disclosure, EVIDENCE_PATH, open};
use crate::json::JsonError;
use crate::label::Label;
use crate::stated::{Stated, Statement};
use crate::time;
use serde::{Deserialize, Serialize};

/// A wish makes an order within so many seconds of when it was made, before or after: clocks
/// differ.
pub const WISH_SECONDS: u64 = 900;

/// What an officer says who asks for a revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WishStatement {
    /// This is version 1 of the format; a reader refuses another.
    pub v: u8,
    /// The city is named by its founding digest, 32 bytes.
    pub founding: Bytes,
    /// The officer's certificate is named by its SHA-256.
    pub certificate: Bytes,
    /// Serial number of what is to be revoked, lower-case hexadecimal.
    pub serial: String,
    /// RFC 5280 name of the reason.
    pub reason: String,
    /// Commitment to the evidence, under `/evidence`.
    pub evidence: Commitment,
    /// A nonce of 16 random bytes makes the statement unlike any other.
    pub nonce: Bytes,
    /// The officer said so at this time, RFC 3339.
    pub time: String,
}

impl Statement for WishStatement {
    const LABEL: Label = Label::Wish;

    fn is_sound(&self) -> bool {
        self.v == 1
            && self.founding.0.len() == 32
            && self.certificate.0.len() == 32
            && self.nonce.0.len() == 16
            && self.unix() != 0
    }
}

/// What an officer asks for, as they typed it.
#[derive(Clone, Copy)]
pub struct WishInput<'a> {
    /// Serial number of what is to be revoked.
    pub serial: &'a str,
    /// RFC 5280 name of the reason.
    pub reason: &'a str,
    /// The officer looked at this before they asked.
    pub evidence: &'a str,
}

impl WishStatement {
    /// What the holder of a certificate says at `unix` who asks for it, with what opens its
    /// evidence; salt and nonce are drawn for this alone.
    pub fn new(
        founding: &Bytes,
        certificate_sha256: [u8; 32],
        asked: WishInput<'_>,
        (salt, nonce): ([u8; 32], [u8; 16]),
        unix: u64,
    ) -> Result<(Self, Disclosure), JsonError> {
        let evidence = Disclosure::new(EVIDENCE_PATH, salt, asked.evidence.into());
        let statement = Self {
            v: 1,
            founding: founding.clone(),
            certificate: certificate_sha256.into(),
            serial: asked.serial.to_owned(),
            reason: asked.reason.to_owned(),
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

/// The statement with its officer's signature, by certificate key or by passkey.
pub type Wish = Stated<WishStatement>;

/// A wish on its way to the CA, with what opens its evidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WishSubmission {
    /// The wish as its officer signed it.
    pub wish: Wish,
    /// Opens the commitment to the evidence.
    pub evidence: Disclosure,
}

impl WishSubmission {
    /// The evidence, if it opens the statement's commitment.
    pub fn evidence(&self) -> Result<&str, Code> {
        let read = self.wish.read()?;
        let opened = open(&read.evidence, EVIDENCE_PATH, std::slice::from_ref(&self.evidence));
        opened.map_err(|_| Code::OrderIncomplete)?.as_str().ok_or(Code::Malformed)
    }
}
