//! What EST answers with: certificates in a message that nobody signed (RFC 7030 4.1.3, 4.2.3), and
//! what a request had better have (4.5.2); and how a request is sent (4.2.1).

use crate::algorithm::{EC, ECDSA_SHA256, P256};
use crate::raw::{sequence, wrap};
use data_encoding::BASE64;
use der::asn1::{Any, ObjectIdentifier, SetOfVec};
use der::{Decode, Encode, Tag, TagNumber, Tagged};

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");

/// The tag of SET OF, and that of `[0]` around or in place of something.
const SET: u8 = 0x31;
const FIRST: u8 = 0xa0;
const CONTENT: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };

/// A certs-only message: SignedData of version 1 without content and signers (RFC 5652 5.1, RFC
/// 8551 3.8). Certificates stand in it byte by byte, in the order of a DER set.
pub fn certs_only(certificates: &[&[u8]]) -> der::Result<Vec<u8>> {
    let read = certificates.iter().map(|der| Any::from_der(der));
    let set = SetOfVec::try_from(read.collect::<der::Result<Vec<_>>>()?)?;
    let set = Any::encode_from(&set)?;
    let nothing = wrap(SET, &[])?;
    let parts = [
        1u8.to_der()?,
        nothing.clone(),
        sequence(&DATA.to_der()?)?,
        wrap(FIRST, set.value())?,
        nothing,
    ];
    let content = wrap(FIRST, &sequence(&parts.concat())?)?;
    sequence(&[SIGNED_DATA.to_der()?, content].concat())
}

/// The certificates of such a message, DER, in its order; nothing where it is none. Whoever asked
/// for them judges each: nobody signed the message.
pub fn certificates(message: &[u8]) -> Option<Vec<Vec<u8>>> {
    let outer = Vec::<Any>::from_der(message).ok()?;
    let [kind, content] = outer.as_slice() else { return None };
    let is_signed_data = *kind == Any::encode_from(&SIGNED_DATA).ok()?;
    if !is_signed_data || content.tag() != CONTENT {
        return None;
    }
    let parts = Vec::<Any>::from_der(content.value()).ok()?;
    // Version, algorithms, content, then the certificates where there are some.
    let held = parts.get(3).filter(|part| part.tag() == CONTENT)?;
    let (mut rest, mut found) = (held.value(), Vec::new());
    while !rest.is_empty() {
        let (one, behind) = Any::from_der_partial(rest).ok()?;
        found.push(one.to_der().ok()?);
        rest = behind;
    }
    Some(found)
}

/// CsrAttrs (RFC 8951 3.2) of profiles of systems: a key on P-256, and a request signed by ECDSA
/// with SHA-256.
pub fn csr_attributes() -> der::Result<Vec<u8>> {
    let curve = wrap(SET, &P256.to_der()?)?;
    let key = sequence(&[EC.to_der()?, curve].concat())?;
    sequence(&[key, ECDSA_SHA256.to_der()?].concat())
}

/// What base64 holds, in lines or not, whatever a transfer encoding says of it (RFC 8951 3.1);
/// nothing where it is none, or holds nothing.
pub fn decoded(body: &[u8]) -> Option<Vec<u8>> {
    let is_text = |byte: &u8| !matches!(byte, b'\r' | b'\n' | b' ' | b'\t');
    let text: Vec<u8> = body.iter().copied().filter(is_text).collect();
    BASE64.decode(&text).ok().filter(|der| !der.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(bytes: &[u8]) -> Vec<Any> {
        Vec::<Any>::from_der(bytes).unwrap()
    }

    #[test]
    fn certificates_stand_in_a_message_byte_by_byte() {
        let (one, other) = ([0x30, 0x03, 2, 1, 9], [0x30, 0x03, 2, 1, 7]);
        let message = certs_only(&[&one, &other]).unwrap();
        let outer = parts(&message);
        assert_eq!(outer[0], Any::encode_from(&SIGNED_DATA).unwrap());
        let inner = parts(outer[1].value());
        assert_eq!(inner.len(), 5);
        assert_eq!(inner[0], Any::encode_from(&1u8).unwrap());
        assert_eq!(inner[2].value(), DATA.to_der().unwrap());
        assert_eq!(inner[3].value(), [other, one].concat(), "as DER orders a set");
        assert!(inner[1].value().is_empty() && inner[4].value().is_empty(), "nobody signed it");
        assert!(certs_only(&[b"noise"]).is_err());
        assert_eq!(certificates(&message), Some(vec![other.to_vec(), one.to_vec()]));
        assert_eq!(certificates(&certs_only(&[]).unwrap()), Some(Vec::new()));
        let mut longer = message.clone();
        longer.push(0);
        for bad in [&b""[..], &[0x30, 0], &one, &longer, &message[..message.len() - 1]] {
            assert_eq!(certificates(bad), None, "{bad:02x?}");
        }
    }

    #[test]
    fn attributes_say_which_key_and_which_signature() {
        let told = parts(&csr_attributes().unwrap());
        let key = [EC.to_der().unwrap(), wrap(SET, &P256.to_der().unwrap()).unwrap()].concat();
        assert_eq!(told[0].value(), key);
        assert_eq!(told[1], Any::encode_from(&ECDSA_SHA256).unwrap());
    }

    /// A server asks for challengePassword where it verifies tls-unique (RFC 7030 3.5, 4.5.2): this
    /// one does not, and TLS 1.3 has none (RFC 9266).
    #[test]
    fn attributes_promise_no_link_to_the_connection() {
        let told = csr_attributes().unwrap();
        let asked_for = crate::oid::CHALLENGE_PASSWORD.to_der().unwrap();
        assert!(!told.windows(asked_for.len()).any(|part| part == asked_for));
        assert_eq!(parts(&told).len(), 2);
    }
}
