//! Structures of DER taken apart by their tags, and put together.

use crate::error::ScepError;
use der::asn1::{Any, ObjectIdentifier};
use der::{Decode, Encode, Tag, TagNumber, Tagged};
use pki::{sequence, wrap};

/// `[n]`, constructed.
pub(crate) const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// `[n]`, primitive.
pub(crate) const fn context_primitive(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

pub(crate) const SET: u8 = 0x31;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const PRINTABLE: u8 = 0x13;
pub(crate) const UTF8: u8 = 0x0c;
/// `[0]` and `[1]`, constructed.
pub(crate) const FIRST: u8 = 0xa0;
pub(crate) const SECOND: u8 = 0xa1;

/// Most elements of one structure.
const PARTS_MAX: usize = 64;

/// The elements of a structure, read one after the other.
pub(crate) struct Parts(std::iter::Peekable<std::vec::IntoIter<Any>>);

impl Parts {
    /// The elements in these contents.
    pub(crate) fn within(contents: &[u8]) -> Result<Self, ScepError> {
        let all = Vec::<Any>::from_der(&sequence(contents)?)?;
        match all.len() <= PARTS_MAX {
            true => Ok(Self(all.into_iter().peekable())),
            false => Err(ScepError::Malformed),
        }
    }

    /// Those of a SEQUENCE.
    pub(crate) fn of(one: &Any) -> Result<Self, ScepError> {
        Self::tagged(one, Tag::Sequence)
    }

    /// Those of what has this tag.
    pub(crate) fn tagged(one: &Any, tag: Tag) -> Result<Self, ScepError> {
        if one.tag() == tag { Self::within(one.value()) } else { Err(ScepError::Malformed) }
    }

    /// The next element.
    pub(crate) fn take(&mut self) -> Result<Any, ScepError> {
        self.0.next().ok_or(ScepError::Malformed)
    }

    /// The next element, which has this tag.
    pub(crate) fn take_tagged(&mut self, tag: Tag) -> Result<Any, ScepError> {
        self.take_if(tag).ok_or(ScepError::Malformed)
    }

    /// The next element if it has this tag.
    pub(crate) fn take_if(&mut self, tag: Tag) -> Option<Any> {
        self.0.next_if(|one| one.tag() == tag)
    }

    /// The next element, an object identifier.
    pub(crate) fn take_oid(&mut self) -> Result<ObjectIdentifier, ScepError> {
        Ok(self.take()?.decode_as::<ObjectIdentifier>()?)
    }

    /// Nothing is left.
    pub(crate) fn end(mut self) -> Result<(), ScepError> {
        if self.0.next().is_none() { Ok(()) } else { Err(ScepError::Malformed) }
    }

    /// What is left.
    pub(crate) fn rest(self) -> impl Iterator<Item = Any> {
        self.0
    }
}

/// The content of a ContentInfo of this type (RFC 5652 3).
pub(crate) fn content_of(der: &[u8], kind: ObjectIdentifier) -> Result<Any, ScepError> {
    let mut info = Parts::of(&Any::from_der(der)?)?;
    let own = info.take_oid()?;
    let mut content = Parts::tagged(&info.take()?, context(0))?;
    info.end()?;
    let inner = content.take()?;
    content.end()?;
    if own == kind { Ok(inner) } else { Err(ScepError::Malformed) }
}

/// A ContentInfo.
pub(crate) fn content_info(kind: ObjectIdentifier, content: &[u8]) -> Result<Vec<u8>, ScepError> {
    Ok(sequence(&[kind.to_der()?, wrap(FIRST, content)?].concat())?)
}

/// An AlgorithmIdentifier with parameters that are DER already.
pub(crate) fn algorithm(id: ObjectIdentifier, parameters: &[u8]) -> Result<Vec<u8>, ScepError> {
    Ok(sequence(&[id.to_der()?.as_slice(), parameters].concat())?)
}

/// A SET OF, in the order of DER (X.690 11.6).
pub(crate) fn set_of(mut all: Vec<Vec<u8>>, tag: u8) -> Result<Vec<u8>, ScepError> {
    all.sort();
    Ok(wrap(tag, &all.concat())?)
}

/// The algorithm of an AlgorithmIdentifier, with its parameters.
pub(crate) fn algorithm_of(one: &Any) -> Result<(ObjectIdentifier, Option<Any>), ScepError> {
    let mut parts = Parts::of(one)?;
    let id = parts.take_oid()?;
    let parameters = parts.rest().next();
    Ok((id, parameters))
}
