//! What a device is told: CertRep (RFC 8894 3.3.2), signed by the registration authority.

use crate::envelope::{ContentCipher, seal};
use crate::error::{ScepError, ScepFailure};
use crate::message::MessageHead;
use crate::oid;
use crate::parts::{OCTETS, UTF8};
use crate::ra::RaKey;
use crate::signer::MessageSigner;
use crate::signing::{attribute, signed, text};
use pki::wrap;
use zeroize::Zeroizing;

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
pub enum CertRepOutcome<'a> {
    /// What was asked for: certificates or a list, in a message that nobody signed.
    Success(&'a [u8]),
    /// It is on its way.
    Pending,
    /// Nothing, and why.
    Failure(ScepFailure, &'a str),
}

/// What is drawn for a message.
pub struct Sealing {
    /// The nonce of who signs it.
    pub nonce: [u8; 16],
    /// The key of its content; as much of it as the cipher takes.
    pub key: Zeroizing<[u8; 32]>,
    /// What the first block is mixed with.
    pub iv: [u8; 16],
}

/// An answer.
pub struct CertRep<'a> {
    /// To which message.
    pub head: &'a MessageHead,
    /// To whom; where that is not known, nothing but a failure is told.
    pub to: Option<&'a MessageSigner>,
    /// As the request was encrypted.
    pub cipher: ContentCipher,
    /// What became of it.
    pub outcome: CertRepOutcome<'a>,
}

impl CertRep<'_> {
    /// The message, signed by a key whose certificate this is.
    pub fn sign(
        &self,
        key: &RaKey,
        own: &MessageSigner,
        drawn: &Sealing,
    ) -> Result<Vec<u8>, ScepError> {
        let content = match (self.outcome, self.to) {
            (CertRepOutcome::Success(told), Some(to)) => sealed(told, to, self.cipher, drawn)?,
            (CertRepOutcome::Success(_), None) => return Err(ScepError::Key),
            (CertRepOutcome::Pending | CertRepOutcome::Failure(..), _) => Vec::new(),
        };
        let attributes = self.attributes(&drawn.nonce)?;
        signed(&content, attributes, own, |message| key.sign(message))
    }

    fn attributes(&self, nonce: &[u8]) -> Result<Vec<Vec<u8>>, ScepError> {
        let status = match self.outcome {
            CertRepOutcome::Success(_) => "0",
            CertRepOutcome::Failure(..) => "2",
            CertRepOutcome::Pending => "3",
        };
        let mut all = vec![
            text(oid::MESSAGE_TYPE, "3")?,
            text(oid::PKI_STATUS, status)?,
            text(oid::TRANSACTION_ID, &self.head.transaction)?,
            attribute(oid::SENDER_NONCE, &wrap(OCTETS, nonce)?)?,
            attribute(oid::RECIPIENT_NONCE, &wrap(OCTETS, &self.head.nonce)?)?,
        ];
        if let CertRepOutcome::Failure(info, why) = self.outcome {
            all.push(text(oid::FAIL_INFO, info.number())?);
            all.push(attribute(oid::FAIL_INFO_TEXT, &wrap(UTF8, why.as_bytes())?)?);
        }
        Ok(all)
    }
}

/// Content for whom it is, with what was drawn.
pub(crate) fn sealed(
    content: &[u8],
    to: &MessageSigner,
    cipher: ContentCipher,
    drawn: &Sealing,
) -> Result<Vec<u8>, ScepError> {
    let key = drawn.key.get(..cipher.key_len()).ok_or(ScepError::Key)?;
    seal(content, to, cipher, (key, &drawn.iv))
}
