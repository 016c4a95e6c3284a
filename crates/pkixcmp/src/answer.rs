//! What is sent: a header, a body, and the protection over both.

use crate::body::InfoType;
use crate::fail::{FailInfo, PkiStatus, free_text, status_info};
use crate::mac::{MacParameters, MacScheme, SALT_BYTES};
use crate::message::BodyKind;
use crate::oid;
use core::time::Duration;
use der::Encode;
use der::asn1::{BitString, GeneralizedTime, Null};
use pki::algorithm::SignError;
use pki::{Signer, sequence, wrap};

/// A body in DER, with its tag.
#[derive(Clone, Debug)]
pub struct BodyDer(Vec<u8>);

/// The header of a message that is sent.
#[derive(Clone, Debug)]
pub struct MessageHeading {
    /// Version of the protocol.
    pub version: u8,
    /// The name of whoever sends it, in DER.
    pub sender: Vec<u8>,
    /// The name of whoever gets it, a GeneralName in DER.
    pub recipient: Vec<u8>,
    /// When, unix; nothing is said without it.
    pub time: Option<u64>,
    /// Names the transaction.
    pub transaction: Vec<u8>,
    /// A nonce of whoever sends it.
    pub sender_nonce: Vec<u8>,
    /// The nonce that is answered; empty if none is.
    pub recipient_nonce: Vec<u8>,
    /// Whether no confirmation is to follow.
    pub implicit: bool,
}

/// By what a message is protected.
pub enum Protector<'a> {
    /// A MAC by a shared secret.
    Mac {
        /// The secret.
        secret: &'a [u8],
        /// Names it to the other side.
        key_id: &'a [u8],
        /// Drawn for this message.
        salt: [u8; SALT_BYTES],
        /// Which of the two it is.
        scheme: MacScheme,
    },
    /// A signature.
    Key {
        /// The key.
        signer: &'a dyn Signer,
        /// The key identifier of its certificate.
        key_id: &'a [u8],
    },
}

/// A message could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// A part of it is too long for DER.
    #[error("消息无法编码 / the message cannot be encoded")]
    Der(#[from] der::Error),
    /// The key could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// `[number]` around something.
pub(crate) fn explicit(number: u8, der: &[u8]) -> der::Result<Vec<u8>> {
    wrap(0xa0 | number, der)
}

impl MessageHeading {
    fn der(&self, algorithm: &[u8], key_id: &[u8]) -> der::Result<Vec<u8>> {
        let mut parts = self.version.to_der()?;
        parts.extend(explicit(4, &self.sender)?);
        parts.extend(&self.recipient);
        if let Some(time) = self.time {
            let time = GeneralizedTime::from_unix_duration(Duration::from_secs(time))?;
            parts.extend(explicit(0, &time.to_der()?)?);
        }
        parts.extend(explicit(1, algorithm)?);
        let texts = [
            (2, key_id),
            (4, self.transaction.as_slice()),
            (5, self.sender_nonce.as_slice()),
            (6, self.recipient_nonce.as_slice()),
        ];
        for (number, octets) in texts {
            if !octets.is_empty() {
                parts.extend(explicit(number, &wrap(0x04, octets)?)?);
            }
        }
        if self.implicit {
            let told = [oid::IMPLICIT_CONFIRM.to_der()?, Null.to_der()?].concat();
            parts.extend(explicit(8, &sequence(&sequence(&told)?)?)?);
        }
        sequence(&parts)
    }

    /// The whole message in DER, with certificates that come along.
    pub fn protected(
        &self,
        body: &BodyDer,
        by: &Protector<'_>,
        certificates: &[&[u8]],
    ) -> Result<Vec<u8>, SendError> {
        let (algorithm, key_id) = match by {
            Protector::Mac { key_id, salt, scheme, .. } => {
                (MacParameters::own(*scheme, *salt).identifier()?, *key_id)
            }
            Protector::Key { signer, key_id } => {
                (signer.public_key().algorithm().signature_identifier()?, *key_id)
            }
        };
        let mut parts = [self.der(&algorithm, key_id)?, body.0.clone()].concat();
        let part = sequence(&parts)?;
        let bits = match by {
            Protector::Mac { secret, salt, scheme, .. } => {
                MacParameters::own(*scheme, *salt).sign(secret, &part)
            }
            Protector::Key { signer, .. } => signer.sign(&part)?,
        };
        parts.extend(explicit(0, &BitString::from_bytes(&bits)?.to_der()?)?);
        if !certificates.is_empty() {
            parts.extend(explicit(1, &sequence(&certificates.concat())?)?);
        }
        Ok(sequence(&parts)?)
    }
}

/// The number of the body that answers a request for a certificate.
fn response(request: BodyKind) -> u8 {
    match request {
        BodyKind::Initialization => 1,
        BodyKind::KeyUpdate => 8,
        _ => 3,
    }
}

impl BodyDer {
    /// A body that its writer knows.
    pub(crate) fn of(number: u8, content: &[u8]) -> der::Result<Self> {
        explicit(number, content).map(Self)
    }

    /// ip, cp or kup with a certificate; the root comes along where whoever asks is known by a
    /// secret, and may believe it by that (RFC 9810 5.3.4).
    pub fn issued(
        (request, id): (BodyKind, i64),
        status: PkiStatus,
        certificate: &[u8],
        root: Option<&[u8]>,
    ) -> der::Result<Self> {
        let pair = sequence(&explicit(0, certificate)?)?;
        let status = status_info(status, &[], None)?;
        let one = sequence(&[id.to_der()?, status, pair].concat())?;
        let mut parts = match root {
            Some(root) => explicit(1, &sequence(root)?)?,
            None => Vec::new(),
        };
        parts.extend(sequence(&one)?);
        Self::of(response(request), &sequence(&parts)?)
    }

    /// ip, cp or kup without one: not yet, or not at all.
    pub fn without_certificate(request: (BodyKind, i64), status: &[u8]) -> der::Result<Self> {
        let one = sequence(&[request.1.to_der()?, status.to_vec()].concat())?;
        Self::of(response(request.0), &sequence(&sequence(&one)?)?)
    }

    /// pollRep: when to ask again, in seconds.
    pub fn poll_again(id: i64, after: u32) -> der::Result<Self> {
        let one = sequence(&[id.to_der()?, after.to_der()?].concat())?;
        Self::of(26, &sequence(&one)?)
    }

    /// pkiConf.
    pub fn confirmed() -> der::Result<Self> {
        Self::of(19, &Null.to_der()?)
    }

    /// rp: how a revocation ended.
    pub fn revoked(status: &[u8]) -> der::Result<Self> {
        Self::of(12, &sequence(&sequence(status)?)?)
    }

    /// genp: answers, each under its name.
    pub fn told(answers: &[(InfoType, Option<Vec<u8>>)]) -> der::Result<Self> {
        let mut all = Vec::new();
        for (kind, value) in answers {
            let mut one = kind.der()?;
            one.extend(value.as_deref().unwrap_or_default());
            all.extend(sequence(&one)?);
        }
        Self::of(22, &sequence(&all)?)
    }

    /// error: why nothing of a message was done.
    pub fn error(sentences: &[&str], fail: FailInfo) -> der::Result<Self> {
        let mut parts = status_info(PkiStatus::Rejection, sentences, Some(fail))?;
        parts.extend(free_text(sentences)?);
        Self::of(23, &sequence(&parts)?)
    }
}
