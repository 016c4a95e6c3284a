//! How other programs write the text of an attribute: RFC 5280 4.1.2.4 leaves them five types, of
//! which ours are two. UniversalString is met nowhere, and no type of the library's.

use der::asn1::Any;
use der::{Tag, Tagged};

/// The text of a value by its type; nothing of one that is none, or that its type does not allow.
pub(crate) fn read(value: &Any) -> Option<String> {
    let bytes = value.value();
    match value.tag() {
        // Two octets a character, as Windows writes Chinese; beyond the first plane in pairs.
        Tag::BmpString => {
            let (units, rest) = bytes.as_chunks::<2>();
            let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
            let text: Result<String, _> = char::decode_utf16(units).collect();
            text.ok().filter(|_| rest.is_empty())
        }
        // T.61 as everybody reads it: Latin-1.
        Tag::TeletexString => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        _ => core::str::from_utf8(bytes).ok().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::Decode;

    /// The text of a value with this tag and these bytes.
    fn text(tag: u8, bytes: &[u8]) -> Option<String> {
        let length = u8::try_from(bytes.len()).unwrap();
        read(&Any::from_der(&[&[tag, length], bytes].concat()).unwrap())
    }

    #[test]
    fn a_name_is_read_in_every_type_of_text() {
        let wang = Some("王小明".to_owned());
        assert_eq!(text(0x0c, "王小明".as_bytes()), wang);
        assert_eq!(text(0x1e, b"\x73\x8b\x5c\x0f\x66\x0e"), wang);
        assert_eq!(text(0x1e, b"\xd8\x42\xdf\xb7"), Some("𠮷".to_owned()));
        assert_eq!(text(0x13, b"Wang"), Some("Wang".to_owned()));
        assert_eq!(text(0x14, b"M\xfcller"), Some("Müller".to_owned()));
        let wrong: [(u8, &[u8]); 4] =
            [(0x1e, b"\x73"), (0x1e, b"\xd8\x42"), (0x0c, b"\xcd\xf5"), (0x13, b"\xff")];
        for (tag, bytes) in wrong {
            assert_eq!(text(tag, bytes), None, "{tag:x} {bytes:x?}");
        }
    }
}
