//! Serial numbers: one byte 0x01–0x7f and 17 random bytes: positive, 18 octets, ≥ 136 random bits.

use core::fmt;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

/// Octets of a serial number that we draw.
pub const SERIAL_BYTES: usize = 18;

/// A certificate's serial number as its DER integer content; at most 20 octets, positive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber(Vec<u8>);

impl SerialNumber {
    /// Makes a serial number of 18 random bytes that the caller drew.
    pub fn from_random(mut random: [u8; SERIAL_BYTES]) -> Self {
        let [first, ..] = &mut random;
        *first = (*first & 0x7f).max(1);
        Self(random.to_vec())
    }

    /// Reads integer content as it stands in DER.
    pub fn from_der_content(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [first, ..] if bytes.len() <= 20 && *first < 0x80 && bytes != [0] => {
                Some(Self(bytes.to_vec()))
            }
            _ => None,
        }
    }

    /// Reads lower-case or upper-case hexadecimal.
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::from_der_content(&HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?)
    }

    /// The content octets of the INTEGER, big-endian.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_positive_and_never_shortened() {
        for first in [0x00, 0x7f, 0x80, 0xff] {
            let mut random = [0u8; SERIAL_BYTES];
            random[0] = first;
            let serial = SerialNumber::from_random(random);
            assert!((0x01..=0x7f).contains(&serial.bytes()[0]));
            assert_eq!(serial.bytes().len(), SERIAL_BYTES);
            assert_eq!(SerialNumber::from_hex(&serial.to_string()), Some(serial));
        }
    }

    #[test]
    fn zero_negative_and_oversize_are_no_serial_numbers() {
        assert!(SerialNumber::from_hex("00").is_none());
        assert!(SerialNumber::from_hex("80").is_none());
        assert!(SerialNumber::from_hex(&"01".repeat(21)).is_none());
        assert!(SerialNumber::from_hex("0g").is_none());
    }
}
