//! The attributes that are signed: what RFC 8894 3.2.1 puts there, each once and with one value.

use super::{MessageHead, MessageKind};
use crate::error::ScepError;
use crate::oid;
use crate::parts::Parts;
use der::asn1::{Any, GeneralizedTime, ObjectIdentifier, UtcTime};
use der::{Tag, Tagged};
use subtle::ConstantTimeEq;

/// Longest name of a transaction.
const TRANSACTION_BYTES_MAX: usize = 255;
/// Nonces have 16 bytes (RFC 8894 3.2.1.5); some clients have more.
const NONCE_BYTES_MAX: usize = 64;

/// Attributes by their names.
#[derive(Clone, Debug)]
pub(super) struct Attributes(Vec<(ObjectIdentifier, Any)>);

impl Attributes {
    /// Reads the contents of the set.
    pub(super) fn read(contents: &[u8]) -> Result<Self, ScepError> {
        let mut all: Vec<(ObjectIdentifier, Any)> = Vec::new();
        for one in Parts::within(contents)?.rest() {
            let mut attribute = Parts::of(&one)?;
            let kind = attribute.take_oid()?;
            let mut values = Parts::tagged(&attribute.take()?, Tag::Set)?;
            attribute.end()?;
            let value = values.take()?;
            values.end()?;
            if all.iter().any(|(known, _)| *known == kind) {
                return Err(ScepError::Malformed);
            }
            all.push((kind, value));
        }
        Ok(Self(all))
    }

    fn of(&self, kind: ObjectIdentifier) -> Option<&Any> {
        self.0.iter().find(|(known, _)| *known == kind).map(|(_, value)| value)
    }

    /// A text of ASCII.
    fn text(&self, kind: ObjectIdentifier) -> Option<&str> {
        let value = self.of(kind)?;
        let is_text = matches!(value.tag(), Tag::PrintableString | Tag::Utf8String);
        let text = core::str::from_utf8(value.value()).ok().filter(|_| is_text)?;
        text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ').then_some(text)
    }

    /// What is asked for, and under which names.
    pub(super) fn head(&self) -> Result<MessageHead, ScepError> {
        let kind = self.text(oid::MESSAGE_TYPE).ok_or(ScepError::Malformed)?;
        let transaction = self.text(oid::TRANSACTION_ID).ok_or(ScepError::Malformed)?;
        let nonce = self.of(oid::SENDER_NONCE).ok_or(ScepError::Malformed)?;
        let is_nonce =
            nonce.tag() == Tag::OctetString && (1..=NONCE_BYTES_MAX).contains(&nonce.value().len());
        if !is_nonce || !(1..=TRANSACTION_BYTES_MAX).contains(&transaction.len()) {
            return Err(ScepError::Malformed);
        }
        Ok(MessageHead {
            kind: MessageKind::read(kind),
            transaction: transaction.to_owned(),
            nonce: nonce.value().to_vec(),
        })
    }

    /// Whether they are signed about content of this digest (RFC 5652 5.4).
    pub(super) fn is_about(&self, digest: &[u8]) -> bool {
        let kind = self.of(oid::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.decode_as::<ObjectIdentifier>().ok());
        let said = self.of(oid::MESSAGE_DIGEST).filter(|said| said.tag() == Tag::OctetString);
        let is_same = said.is_some_and(|said| bool::from(said.value().ct_eq(digest)));
        is_same && kind == Some(oid::DATA)
    }

    /// When they were signed, unix, where they say so (RFC 5652 11.3).
    pub(super) fn signing_time(&self) -> Result<Option<u64>, ScepError> {
        let Some(said) = self.of(oid::SIGNING_TIME) else { return Ok(None) };
        let time = match said.tag() {
            Tag::UtcTime => said.decode_as::<UtcTime>()?.to_unix_duration(),
            Tag::GeneralizedTime => said.decode_as::<GeneralizedTime>()?.to_unix_duration(),
            _ => return Err(ScepError::Malformed),
        };
        Ok(Some(time.as_secs()))
    }

    /// The status of an answer.
    pub(super) fn status(&self) -> Option<&str> {
        self.text(oid::PKI_STATUS)
    }

    /// Why an answer says no.
    pub(super) fn fail_info(&self) -> Option<&str> {
        self.text(oid::FAIL_INFO)
    }
}
