//! The certificate that a message brings of who signed it: of a device's own making before it has
//! one of ours. It is a name and a key; what it is worth is judged elsewhere.

use crate::error::ScepError;
use crate::parts::{Parts, context};
use der::asn1::Any;
use der::{Decode, Encode, Tag};
use pki::PublicKey;

/// Who signed a message.
#[derive(Clone, Debug)]
pub struct MessageSigner {
    der: Vec<u8>,
    issuer: Vec<u8>,
    serial: Vec<u8>,
    subject: Vec<u8>,
    key: PublicKey,
}

impl MessageSigner {
    /// Reads a certificate as far as messages need it.
    pub fn read(der: &[u8]) -> Result<Self, ScepError> {
        Self::of(&Any::from_der(der)?)
    }

    pub(crate) fn of(one: &Any) -> Result<Self, ScepError> {
        let mut certificate = Parts::of(one)?;
        let mut content = Parts::of(&certificate.take()?)?;
        content.take_if(context(0));
        let serial = content.take_tagged(Tag::Integer)?.value().to_vec();
        content.take()?;
        let issuer = content.take_tagged(Tag::Sequence)?.to_der()?;
        content.take()?;
        let subject = content.take_tagged(Tag::Sequence)?.to_der()?;
        let key = content.take_tagged(Tag::Sequence)?.to_der()?;
        // A key that is not known or too weak is an algorithm that is not taken.
        let key = PublicKey::read(&key).map_err(|_| ScepError::Algorithm)?;
        Ok(Self { der: one.to_der()?, issuer, serial, subject, key })
    }

    /// The certificate, DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whose it says it is, the DER of a Name.
    pub fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// Whether it says of itself who made it; whether that is so is another question.
    pub fn is_own(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether these name it: the DER of the issuer's Name, the contents of the serial number.
    pub(crate) fn is_named(&self, issuer: &[u8], serial: &[u8]) -> bool {
        self.issuer == issuer && self.serial == serial
    }

    /// Its name within a message: IssuerAndSerialNumber (RFC 5652 10.2.4).
    pub(crate) fn name(&self) -> Result<Vec<u8>, ScepError> {
        let serial = pki::wrap(0x02, &self.serial)?;
        Ok(pki::sequence(&[self.issuer.as_slice(), &serial].concat())?)
    }
}
