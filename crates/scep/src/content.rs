//! What an envelope says where that is no PKCS#10: names of certificates (RFC 8894 3.3.3 to 3.3.5),
//! and lists in an answer.

use crate::error::ScepError;
use crate::oid;
use crate::parts::{Parts, SECOND, SET, content_info};
use der::asn1::Any;
use der::{Decode, Encode, Tag, Tagged};
use pki::{sequence, wrap};

/// Whose certificate is waited for: issuer and subject, each the DER of a Name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerAndSubject {
    /// Who issues it.
    pub issuer: Vec<u8>,
    /// Whose it will be.
    pub subject: Vec<u8>,
}

/// The name of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSerial {
    /// Who issued it, the DER of a Name.
    pub issuer: Vec<u8>,
    /// Its serial number: the contents of the INTEGER.
    pub serial: Vec<u8>,
}

impl IssuerAndSubject {
    /// Reads what a poll says.
    pub fn read(der: &[u8]) -> Result<Self, ScepError> {
        let mut parts = Parts::of(&Any::from_der(der)?)?;
        let issuer = parts.take_tagged(Tag::Sequence)?.to_der()?;
        let subject = parts.take_tagged(Tag::Sequence)?.to_der()?;
        parts.end()?;
        Ok(Self { issuer, subject })
    }
}

impl IssuerSerial {
    /// Reads what names a certificate.
    pub fn read(der: &[u8]) -> Result<Self, ScepError> {
        let mut parts = Parts::of(&Any::from_der(der)?)?;
        let issuer = parts.take_tagged(Tag::Sequence)?.to_der()?;
        let serial = parts.take_tagged(Tag::Integer)?;
        parts.end()?;
        Ok(Self { issuer, serial: serial.value().to_vec() })
    }
}

/// A list in a message that nobody signed (RFC 8894 3.3.5).
pub fn list_only(list: &[u8]) -> Result<Vec<u8>, ScepError> {
    let nothing = wrap(SET, &[])?;
    let parts = [
        1u8.to_der()?,
        nothing.clone(),
        sequence(&oid::DATA.to_der()?)?,
        wrap(SECOND, list)?,
        nothing,
    ];
    content_info(oid::SIGNED_DATA, &sequence(&parts.concat())?)
}

/// The first address within an extension, as that of a distribution point.
pub fn first_address(der: &[u8]) -> Option<String> {
    address_within(&Any::from_der(der).ok()?, 0)
}

/// uniformResourceIdentifier of a GeneralName (RFC 5280 4.2.1.6).
const ADDRESS: u8 = 0x86;
/// How deep an address lies at most.
const DEPTH_MAX: usize = 6;

fn address_within(one: &Any, depth: usize) -> Option<String> {
    if one.to_der().ok()?.first() == Some(&ADDRESS) {
        return String::from_utf8(one.value().to_vec()).ok();
    }
    if depth >= DEPTH_MAX || !one.tag().is_constructed() {
        return None;
    }
    Parts::within(one.value()).ok()?.rest().find_map(|part| address_within(&part, depth + 1))
}
