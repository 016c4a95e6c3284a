//! The code that comes by a short message beside a letter, where the profile says so: what the
//! letter itself says asks for nothing without it. It is short: nobody can try codes but at the CA,
//! which keeps what follows from both sealed, and records nothing that follows from this one.

use crate::letter::{CHECK, CROCKFORD, LetterKeys, hmac_sha256, normalize};
use zeroize::{Zeroize, Zeroizing};

/// Characters that are drawn.
const DIGITS: usize = 9;
/// The label under which it binds.
const LABEL: &[u8] = b"yinxin-message-v1";

/// A message code: 45 random bits as 9 Crockford characters, and one that checks them together with
/// the letter's reference.
#[derive(Clone, Zeroize, zeroize::ZeroizeOnDrop)]
pub struct MessageCode(String);

/// The text is not the message code of this letter: a character is wrong, or it came with another
/// letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the message code of this letter; look for a mistyped character")]
pub struct NotItsMessageCode;

impl MessageCode {
    /// The code of a letter from 6 random bytes, of which 45 bits are used.
    pub fn new(reference: &str, random: [u8; 6]) -> Result<Self, NotItsMessageCode> {
        let number = random.iter().fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
        let digit = |position: usize| {
            let value = (number >> (5 * position)) & 31;
            CROCKFORD.as_bytes().get(value as usize).copied().map(char::from)
        };
        let digits: Option<String> = (0..DIGITS).rev().map(digit).collect();
        let digits = digits.ok_or(NotItsMessageCode)?;
        let check = check(reference, &digits).ok_or(NotItsMessageCode)?;
        Ok(Self(format!("{digits}{check}")))
    }

    /// Reads the code of a letter as people type it.
    pub fn read(reference: &str, text: &str) -> Result<Self, NotItsMessageCode> {
        let plain = Zeroizing::new(normalize(text));
        let (digits, last) = plain.split_at_checked(DIGITS).ok_or(NotItsMessageCode)?;
        let expected = check(reference, digits).ok_or(NotItsMessageCode)?;
        match last.chars().eq([expected]) {
            true => Ok(Self(plain.as_str().to_owned())),
            false => Err(NotItsMessageCode),
        }
    }

    /// The code as it is told: two groups of five characters.
    pub fn text(&self) -> String {
        let (first, second) = self.0.split_at_checked(5).unwrap_or((self.0.as_str(), ""));
        format!("{first}-{second}")
    }
}

impl LetterKeys {
    /// The keys of a letter beside which a message code came: nothing is asked for without it. What
    /// opens the letter, reports its loss and suspends follows from the paper alone, so that years
    /// later nobody has to look for a short message.
    pub fn with_message(self, code: &MessageCode) -> Self {
        let message = Zeroizing::new([LABEL, &[0], code.0.as_bytes()].concat());
        self.bound_by(|bind| hmac_sha256(bind, &message))
    }
}

/// The reference and the digits, read as one number in base 32, modulo 37.
fn check(reference: &str, digits: &str) -> Option<char> {
    let digit = |number: u128, character: char| {
        let value = CROCKFORD.find(character)?;
        Some((number << 5) | value as u128)
    };
    // 125 bits.
    let is_whole = reference.len() == 16 && digits.len() == DIGITS;
    let number = reference.chars().chain(digits.chars()).try_fold(0, digit).filter(|_| is_whole)?;
    CHECK.get((number % 37) as usize).copied().map(char::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::EnrolmentCode;

    const REFERENCE: &str = "5GPJWBSG64S36D1N";

    #[test]
    fn a_message_code_survives_typing_and_one_wrong_character_is_seen() {
        let code = MessageCode::new(REFERENCE, *b"012345").unwrap();
        let text = code.text();
        assert_eq!((text.len(), text.find('-')), (11, Some(5)));
        let typed = text.to_lowercase().replace('0', "o").replace('1', "l").replace('-', " ");
        assert_eq!(MessageCode::read(REFERENCE, &typed).unwrap().0, code.0);
        let plain = text.replace('-', "");
        for position in 0..DIGITS {
            let mut wrong: Vec<u8> = plain.bytes().collect();
            wrong[position] = if wrong[position] == b'7' { b'6' } else { b'7' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(MessageCode::read(REFERENCE, &wrong).is_err(), "{wrong}");
        }
        let long = "0".repeat(1_000);
        for hostile in ["", "0", "短信短信短信", "01234-5678", "×2345-67890", &long] {
            assert!(MessageCode::read(REFERENCE, hostile).is_err(), "{hostile}");
        }
    }

    #[test]
    fn a_message_code_of_another_letter_is_known_as_that() {
        let text = MessageCode::new(REFERENCE, [7; 6]).unwrap().text();
        assert!(MessageCode::read(REFERENCE, &text).is_ok());
        for other in ["5GPJWBSG64S36D1P", "6GPJWBSG64S36D1N", "", "5GPJ", "5GPJWBSG64S36D1U"] {
            assert!(MessageCode::read(other, &text).is_err(), "{other}");
        }
        assert!(MessageCode::new("nothing", [7; 6]).is_err());
    }

    #[test]
    fn only_what_asks_for_a_certificate_needs_the_message() {
        let code = EnrolmentCode::new([1; 16]);
        let paper = LetterKeys::derive(&[2; 32], REFERENCE, &code);
        let with = |random| {
            let message = MessageCode::new(REFERENCE, random).unwrap();
            paper.clone().with_message(&message)
        };
        let (both, other) = (with([1; 6]), with([2; 6]));
        for label in ["page", "cli"] {
            assert_ne!(both.bind_key(label), paper.bind_key(label), "the paper alone");
            assert_ne!(both.bind_key(label), other.bind_key(label), "another message");
        }
        assert_ne!(both.bind_key("page"), both.bind_key("cli"));
        assert_eq!(both.lookup(), paper.lookup());
        assert_eq!(both.loss_value(REFERENCE), paper.loss_value(REFERENCE));
        assert_eq!(both.suspension_value(REFERENCE), paper.suspension_value(REFERENCE));
    }
}
