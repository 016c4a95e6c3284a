//! The key of a certificate that somebody shows and nobody trusts, as in a handshake that proves
//! that key alone. Nothing else of such a certificate is read.

use der::asn1::Any;
use der::{Decode, Encode, Tag, TagNumber, Tagged};

const VERSION: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
/// Serial number, algorithm, issuer, validity and subject stand before the key (RFC 5280 4.1).
const BEFORE_KEY: usize = 5;

/// The DER `SubjectPublicKeyInfo`, where these bytes are laid out as a certificate.
pub fn shown_key(der: &[u8]) -> Option<Vec<u8>> {
    let parts = Vec::<Any>::from_der(der).ok()?;
    let content = parts.first()?.to_der().ok()?;
    let fields = Vec::<Any>::from_der(&content).ok()?;
    let version = usize::from(fields.first()?.tag() == VERSION);
    fields.get(version + BEFORE_KEY)?.to_der().ok()
}
