//! When a client had better come again (RFC 9773): a window that the server suggests, under a name
//! that follows from the certificate.

use data_encoding::BASE64URL_NOPAD;
use der::asn1::Any;
use der::{Decode, Tag, TagNumber, Tagged};
use pki::{Certificate, SerialNumber, oid};

/// How long a client may rely on an answer, in seconds.
pub const RETRY_AFTER_SECONDS: u64 = 6 * 3_600;
/// Longest name that is read.
const NAME_BYTES_MAX: usize = 128;

const KEY_IDENTIFIER: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(0) };

/// The name of a certificate (RFC 9773 4.1): key identifier of its issuer, and serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateName {
    authority: Vec<u8>,
    serial: SerialNumber,
}

impl CertificateName {
    /// Reads the name in an address; it has one spelling.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > NAME_BYTES_MAX {
            return None;
        }
        let (authority, serial) = text.split_once('.')?;
        let authority = BASE64URL_NOPAD.decode(authority.as_bytes()).ok()?;
        let serial = BASE64URL_NOPAD.decode(serial.as_bytes()).ok()?;
        let serial = SerialNumber::from_der_content(&serial)?;
        (!authority.is_empty()).then_some(Self { authority, serial })
    }

    /// The name of a certificate, if its issuer's key is named in it.
    pub fn of(certificate: &Certificate) -> Option<Self> {
        let value = certificate.extension(oid::AUTHORITY_KEY_IDENTIFIER)?;
        let parts = Vec::<Any>::from_der(value).ok()?;
        let authority = parts.iter().find(|part| part.tag() == KEY_IDENTIFIER)?;
        Some(Self { authority: authority.value().to_vec(), serial: certificate.serial().clone() })
    }

    /// The key identifier of its issuer.
    pub fn authority(&self) -> &[u8] {
        &self.authority
    }

    /// The serial number.
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }
}

impl core::fmt::Display for CertificateName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        write!(f, "{}.{}", encode(&self.authority), encode(self.serial.bytes()))
    }
}

/// First and last second, unix, of the window: the sixth of a certificate's life that follows two
/// thirds of it, so that clients which draw a moment do not come at once. Of one that had better be
/// renewed at once, the hour before now.
pub fn window((not_before, not_after): (u64, u64), at_once: bool, now: u64) -> (u64, u64) {
    if at_once {
        return (now.saturating_sub(7_200), now.saturating_sub(3_600));
    }
    let life = not_after.saturating_sub(not_before);
    (not_before + life / 3 * 2, not_before + life / 6 * 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_has_one_name() {
        let name = CertificateName { authority: vec![0x69, 0x88], serial: serial("7f01") };
        let text = name.to_string();
        assert_eq!(CertificateName::read(&text), Some(name));
        for bad in [
            "",
            ".",
            "aYg",
            "aYg.",
            ".fwE",
            "aYg=.fwE",
            "aYg.fwF",
            "aYg.fwE.fwE",
            "aYg.-wE",
            "aYg.AA",
        ] {
            assert_eq!(CertificateName::read(bad), None, "{bad}");
        }
        assert_eq!(CertificateName::read(&format!("aYg.{}", "A".repeat(200))), None);
    }

    fn serial(hex: &str) -> SerialNumber {
        SerialNumber::from_hex(hex).unwrap()
    }

    #[test]
    fn a_window_is_within_a_life_and_over_for_what_is_renewed_at_once() {
        let (start, end) = window((0, 90), false, 10);
        assert_eq!((start, end), (60, 75));
        let (start, end) = window((0, 900_000), true, 100_000);
        assert!(start < end && end < 100_000);
    }
}
