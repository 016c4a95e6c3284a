//! The few DER structures shared by certificates, requests and lists. Signed content is kept as the
//! bytes that were signed and never encoded a second time.

use der::asn1::{Any, BitString, ObjectIdentifier};
use der::{Decode, Encode, Sequence};

/// `AlgorithmIdentifier` (RFC 5280 4.1.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct AlgorithmIdentifier {
    pub(crate) algorithm: ObjectIdentifier,
    #[asn1(optional = "true")]
    pub(crate) parameters: Option<Any>,
}

/// `SubjectPublicKeyInfo` (RFC 5280 4.1.2.7).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct SubjectPublicKeyInfo {
    pub(crate) algorithm: AlgorithmIdentifier,
    pub(crate) key: BitString,
}

/// What certificates, lists and requests have in common: content, algorithm, signature.
#[derive(Clone, Debug, Sequence)]
pub(crate) struct Signed {
    content: Any,
    pub(crate) algorithm: AlgorithmIdentifier,
    signature: BitString,
}

impl Signed {
    /// Strict DER, nothing behind it; a signature is whole octets, so that its last bits have one
    /// spelling.
    pub(crate) fn read(der: &[u8]) -> der::Result<Self> {
        let signed = Self::from_der(der)?;
        match signed.signature.unused_bits() {
            0 => Ok(signed),
            _ => Err(der::ErrorKind::Failed.into()),
        }
    }

    /// The bytes that the signature covers.
    pub(crate) fn content(&self) -> der::Result<Vec<u8>> {
        self.content.to_der()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        self.signature.raw_bytes()
    }
}

/// Puts `content`, the algorithm and the signature into one SEQUENCE; `content` goes in byte by
/// byte.
pub(crate) fn assemble(content: &[u8], algorithm: &[u8], signature: &[u8]) -> der::Result<Vec<u8>> {
    let bits = BitString::from_bytes(signature)?.to_der()?;
    let mut body = Vec::with_capacity(content.len() + algorithm.len() + bits.len());
    body.extend_from_slice(content);
    body.extend_from_slice(algorithm);
    body.extend_from_slice(&bits);
    sequence(&body)
}

/// A SEQUENCE around bytes that are DER already.
pub fn sequence(body: &[u8]) -> der::Result<Vec<u8>> {
    wrap(0x30, body)
}

/// Tag and length in front of `body`.
pub fn wrap(tag: u8, body: &[u8]) -> der::Result<Vec<u8>> {
    let mut out = vec![tag];
    out.extend(der::Length::try_from(body.len())?.to_der()?);
    out.extend_from_slice(body);
    Ok(out)
}
