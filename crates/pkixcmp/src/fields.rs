//! Members of a SEQUENCE one after the other. Each is strict DER; what is within it is read where
//! it is looked at, so that nothing nests deeper than is asked for.

use crate::error::CmpError;
use core::iter::Peekable;
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Decode, Encode, Tag, TagNumber, Tagged};
use std::vec::IntoIter;

/// The tag `[number]` around something, or of something that has members itself.
pub(crate) fn around(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// The tag `[number]` in place of one that has no members.
pub(crate) fn plain(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

/// Members that are still to be read.
pub(crate) struct Fields(Peekable<IntoIter<Any>>);

impl Fields {
    /// The members of a SEQUENCE.
    pub(crate) fn read(der: &[u8]) -> Result<Self, CmpError> {
        Ok(Self(members(der)?.into_iter().peekable()))
    }

    /// The members of what has another tag in place of that of a SEQUENCE.
    pub(crate) fn within(any: &Any) -> Result<Self, CmpError> {
        Self::read(&pki::sequence(any.value()).map_err(malformed)?)
    }

    /// The next one, which is there.
    pub(crate) fn take(&mut self) -> Result<Any, CmpError> {
        self.0.next().ok_or(CmpError::Malformed)
    }

    /// The next one if it has this tag.
    pub(crate) fn tagged(&mut self, tag: Tag) -> Option<Any> {
        self.0.next_if(|one| one.tag() == tag)
    }

    /// Nothing is left.
    pub(crate) fn end(mut self) -> Result<(), CmpError> {
        match self.0.next() {
            None => Ok(()),
            Some(_) => Err(CmpError::Malformed),
        }
    }
}

/// The members of a SEQUENCE, whatever they are.
pub(crate) fn members(der: &[u8]) -> Result<Vec<Any>, CmpError> {
    decode(der)
}

/// A value in DER, nothing behind it.
pub(crate) fn decode<T: for<'a> Decode<'a>>(der: &[u8]) -> Result<T, CmpError> {
    T::from_der(der).map_err(|_| CmpError::Malformed)
}

/// A member as a value.
pub(crate) fn value<T: for<'a> Decode<'a>>(any: &Any) -> Result<T, CmpError> {
    decode(&whole(any)?)
}

/// A member with its tag.
pub(crate) fn whole(any: &Any) -> Result<Vec<u8>, CmpError> {
    any.to_der().map_err(malformed)
}

/// The octets in an OCTET STRING of at most so many.
pub(crate) fn octets(der: &[u8], bytes_max: usize) -> Result<Vec<u8>, CmpError> {
    let read: OctetString = decode(der)?;
    match read.as_bytes().len() <= bytes_max {
        true => Ok(read.as_bytes().to_vec()),
        false => Err(CmpError::Malformed),
    }
}

/// An AlgorithmIdentifier: its name, and its parameters if it has any.
pub(crate) fn algorithm(any: &Any) -> Result<(ObjectIdentifier, Option<Any>), CmpError> {
    let mut fields = Fields::read(&whole(any)?)?;
    let id = value(&fields.take()?)?;
    let parameters = fields.0.next();
    fields.end()?;
    Ok((id, parameters))
}

pub(crate) fn malformed(_: der::Error) -> CmpError {
    CmpError::Malformed
}
