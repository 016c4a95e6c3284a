//! Serial numbers as people copy them.

use crate::exit::Failure;

/// No serial number is shorter: its last four digits are typed to confirm it.
const DIGITS_MIN: usize = 8;

/// A serial number in the one spelling of records; a few of its digits are none.
pub(crate) fn read(text: &str) -> Result<String, Failure> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
    let digits = digits.to_ascii_lowercase();
    let is_whole = digits.len() >= DIGITS_MIN && pki::SerialNumber::from_hex(&digits).is_some();
    match is_whole {
        true => Ok(digits),
        false => Err(Failure::usage(
            "这不是完整的证书序列号。",
            "This is no whole serial number of a certificate.",
        )),
    }
}

/// Its last four digits.
pub(crate) fn last(serial: &str) -> &str {
    serial.char_indices().rev().nth(3).map_or("", |(at, _)| &serial[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_whole() {
        let whole = "01".repeat(18);
        let copied = whole.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair));
        let copied = copied.collect::<Vec<_>>().join(":").to_uppercase();
        assert_eq!(read(&format!(" {copied} ")).ok(), Some(whole.clone()));
        for part in ["", "01", "0101010", "letter", "\u{202e}0101010101", "01010101; rm"] {
            assert!(read(part).is_err(), "{part:?}");
        }
        assert_eq!(last(&whole), "0101");
    }
}
