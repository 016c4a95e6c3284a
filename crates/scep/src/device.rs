//! What a device sends, for programs that play one: tests, and scripts that look whether an RA
//! answers.

use crate::envelope::ContentCipher;
use crate::error::ScepError;
use crate::oid;
use crate::parts::OCTETS;
use crate::reply::{Sealing, sealed};
use crate::signer::MessageSigner;
use crate::signing::{attribute, signed, text};
use pki::{Signer, wrap};

/// A message of a device.
pub struct DeviceMessage<'a> {
    /// What it asks for, as the number stands there.
    pub kind: &'a str,
    /// How it names the transaction.
    pub transaction: &'a str,
    /// What it hides, in clear.
    pub content: &'a [u8],
    /// How that is encrypted.
    pub cipher: ContentCipher,
}

impl DeviceMessage<'_> {
    /// The message, encrypted for the registration authority and signed by a key whose certificate
    /// this is.
    pub fn sign(
        &self,
        (by, own): (&dyn Signer, &MessageSigner),
        ra: &MessageSigner,
        drawn: &Sealing,
    ) -> Result<Vec<u8>, ScepError> {
        let content = sealed(self.content, ra, self.cipher, drawn)?;
        self.sign_around(&content, (by, own), &drawn.nonce)
    }

    /// The same around what somebody else encrypted.
    pub fn sign_around(
        &self,
        envelope: &[u8],
        (by, own): (&dyn Signer, &MessageSigner),
        nonce: &[u8],
    ) -> Result<Vec<u8>, ScepError> {
        let attributes = vec![
            text(oid::MESSAGE_TYPE, self.kind)?,
            text(oid::TRANSACTION_ID, self.transaction)?,
            attribute(oid::SENDER_NONCE, &wrap(OCTETS, nonce)?)?,
        ];
        signed(envelope, attributes, own, |message| by.sign(message).map_err(|_| ScepError::Key))
    }
}
