//! Alternative names of a certificate (RFC 5280 4.2.1.6) as they are read back.

use crate::certificate::Certificate;
use crate::host::Host;
use crate::oid;
use core::net::IpAddr;
use der::asn1::{Any, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};

/// The tag of `otherName` in GeneralName (RFC 5280 4.2.1.6); those of the others follow.
pub(crate) const OTHER: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
pub(crate) const MAIL: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(1) };
pub(crate) const DNS: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(2) };
pub(crate) const ADDRESS: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(7) };

impl Certificate {
    /// Mail addresses, in order; what is none is left out.
    pub fn mail(&self) -> Vec<String> {
        let value = self.extension(oid::SUBJECT_ALT_NAME).unwrap_or_default();
        let names = Vec::<Any>::from_der(value).unwrap_or_default();
        let mail = names.iter().filter_map(|name| match name.tag() {
            MAIL => core::str::from_utf8(name.value()).ok().map(str::to_owned),
            OTHER => smtp_utf8(name.value()),
            _ => None,
        });
        mail.collect()
    }

    /// Host names and addresses, in order; what is neither is left out.
    pub fn hosts(&self) -> Vec<Host> {
        let value = self.extension(oid::SUBJECT_ALT_NAME).unwrap_or_default();
        let names = Vec::<Any>::from_der(value).unwrap_or_default();
        names.iter().filter_map(host).collect()
    }
}

fn host(name: &Any) -> Option<Host> {
    let bytes = name.value();
    match name.tag() {
        DNS => Host::read_for(core::str::from_utf8(bytes).ok()?, true).ok(),
        ADDRESS => {
            let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            let sixteen = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
            four.or_else(|_| sixteen()).ok().map(Host::Address)
        }
        _ => None,
    }
}

/// The address of an otherName that is an SmtpUTF8Mailbox (RFC 9598 3).
pub(crate) fn smtp_utf8(value: &[u8]) -> Option<String> {
    let mut reader = SliceReader::new(value).ok()?;
    let id = ObjectIdentifier::decode(&mut reader).ok()?;
    let explicit = Any::decode(&mut reader).ok()?;
    let text = String::from_der(explicit.value()).ok()?;
    reader.finish().ok()?;
    (id == oid::SMTP_UTF8_MAILBOX).then_some(text)
}
