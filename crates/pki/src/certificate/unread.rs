//! Certificates that are some and not read here: what each says of itself is looked at where it
//! stands, so that a refusal names it. Nothing of such a certificate is used.

use der::asn1::Any;
use der::{Decode, Tag, TagNumber, Tagged};

const VERSION: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
const UNIQUE_IDENTIFIERS: [Tag; 2] = [
    Tag::ContextSpecific { constructed: false, number: TagNumber(1) },
    Tag::ContextSpecific { constructed: false, number: TagNumber(2) },
];
/// Serial number, algorithm, issuer, validity, subject, key (RFC 5280 4.1).
const PARTS: [Tag; 6] =
    [Tag::Integer, Tag::Sequence, Tag::Sequence, Tag::Sequence, Tag::Sequence, Tag::Sequence];
/// Octets of a serial number (RFC 5280 4.1.2.2).
const SERIAL_BYTES_MAX: usize = 20;

/// What of a TBSCertificate is not supported, in both languages; nothing if it is none, or if that
/// is none of what is known here.
pub(super) fn why(tbs: &[u8]) -> Option<String> {
    let parts = Vec::<Any>::from_der(tbs).ok()?;
    let (version, parts) = match parts.split_first()? {
        (first, rest) if first.tag() == VERSION => (u8::from_der(first.value()).ok()?, rest),
        _ => (0, parts.as_slice()),
    };
    let is_one = parts.len() >= PARTS.len()
        && parts.iter().zip(PARTS).all(|(part, expected)| part.tag() == expected);
    let (serial, behind) = (parts.first().filter(|_| is_one)?, parts.get(PARTS.len()..)?);
    if version != 2 {
        let number = u16::from(version) + 1;
        return Some(format!("版本 {number} 的证书 / a certificate of version {number}"));
    }
    if behind.iter().any(|part| UNIQUE_IDENTIFIERS.contains(&part.tag())) {
        return Some("带有唯一标识符的证书 / a certificate with unique identifiers".into());
    }
    if behind.is_empty() {
        return Some("没有扩展的证书 / a certificate without extensions".into());
    }
    serial_number(serial.value())
}

/// What is the matter with a serial number as it stands in DER.
fn serial_number(bytes: &[u8]) -> Option<String> {
    let (zh, en) = match bytes {
        [0] => ("为零", "is zero"),
        [0x80..=0xff, ..] => ("为负数", "is negative"),
        long if long.len() > SERIAL_BYTES_MAX => ("超过 20 字节", "has more than 20 octets"),
        _ => return None,
    };
    Some(format!("序列号{zh}的证书 / a certificate whose serial number {en}"))
}

#[cfg(test)]
mod tests {
    use crate::certificate::{Certificate, CertificateError};
    use crate::pem::{Kind, read_one};
    use crate::raw::{assemble, sequence, wrap};
    use der::asn1::Any;
    use der::{Decode, Encode};

    const INTEGER: u8 = 2;
    const SAMPLE: &str = include_str!("../../../../tests/golden/officer.pem");

    /// The sample's algorithm, and the parts of its content.
    fn sample() -> (Vec<u8>, Vec<Vec<u8>>) {
        let der = read_one(SAMPLE.as_bytes(), Kind::Certificate).unwrap();
        let whole = Vec::<Any>::from_der(&der).unwrap();
        let parts = Vec::<Any>::from_der(&whole[0].to_der().unwrap()).unwrap();
        let parts = parts.iter().map(|part| part.to_der().unwrap()).collect();
        (whole[1].to_der().unwrap(), parts)
    }

    /// The sample with another version and serial number, and with other extensions or none.
    fn with(version: Option<u8>, serial: &[u8], extensions: &[u8]) -> Vec<u8> {
        let (algorithm, parts) = sample();
        let version = version.map(|number| wrap(0xa0, &[INTEGER, 1, number]).unwrap());
        let mut body = version.unwrap_or_default();
        body.extend(wrap(INTEGER, serial).unwrap());
        body.extend(parts[2..7].concat());
        body.extend(extensions);
        assemble(&sequence(&body).unwrap(), &algorithm, &[0]).unwrap()
    }

    #[test]
    fn what_is_not_read_is_told_by_its_name() {
        let (_, parts) = sample();
        let (own, one, long) = (parts[7].as_slice(), [1].as_slice(), [7; 21].as_slice());
        assert!(Certificate::read(&with(Some(2), one, own)).is_ok(), "as it was, it is read");
        let identified = [wrap(0x81, &[0, 7]).unwrap().as_slice(), own].concat();
        let cases = [
            (with(None, one, &[]), "of version 1"),
            (with(None, &[0], &[]), "of version 1"),
            (with(None, one, own), "of version 1"),
            (with(Some(1), one, &[]), "of version 2"),
            (with(Some(3), one, own), "of version 4"),
            (with(Some(2), one, &[]), "without extensions"),
            (with(Some(2), one, &identified), "with unique identifiers"),
            (with(Some(2), &[0], own), "whose serial number is zero"),
            (with(Some(2), &[0x80], own), "whose serial number is negative"),
            (with(Some(2), long, own), "whose serial number has more than 20 octets"),
        ];
        for (der, what) in cases {
            let told = Certificate::read(&der).unwrap_err();
            assert!(matches!(told, CertificateError::Unsupported(_)), "{what}: {told}");
            let whole = format!(" / not supported: a certificate {what}");
            assert!(told.to_string().ends_with(&whole), "{told}");
        }
    }

    /// What only begins like one, or is spelled in another way than DER does, is no certificate.
    #[test]
    fn what_is_none_is_not_told_as_unsupported() {
        let (algorithm, parts) = sample();
        let respelled = with(Some(2), &[0, 1], &parts[7]);
        let cut = sequence(&[INTEGER, 1, 1, 0x30, 0]).unwrap();
        let cut = assemble(&cut, &algorithm, &[0]).unwrap();
        for der in [respelled, cut, b"no certificate".to_vec()] {
            let told = Certificate::read(&der).unwrap_err();
            assert!(matches!(told, CertificateError::Malformed(_)), "{told}");
        }
    }
}
