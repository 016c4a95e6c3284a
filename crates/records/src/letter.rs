//! Enrolment letters: a reference, a code, and the keys that both sides derive from them.

use crate::bytes::Bytes;
use crate::trust::Trust;
use aws_lc_rs::{hkdf, hmac};
use data_encoding::{Encoding, Specification};
use pki::profile::LetterChannel;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;
use zeroize::{Zeroize, Zeroizing};

pub(crate) const CROCKFORD: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Check characters for the values 0 to 36 (Crockford).
pub(crate) const CHECK: &[u8; 37] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";

/// A letter is good for this long, in seconds: 7 days.
pub const LETTER_SECONDS: u64 = 7 * 86_400;
/// A challenge is good for this long, in seconds: 24 hours.
pub const CHALLENGE_SECONDS: u64 = 86_400;

/// 80 random bits as 16 Crockford characters: references, person ids, order ids.
pub fn reference(random: [u8; 10]) -> String {
    crockford().encode(&random)
}

fn crockford() -> &'static Encoding {
    static ENCODING: OnceLock<Encoding> = OnceLock::new();
    ENCODING.get_or_init(|| {
        let mut specification = Specification::new();
        specification.symbols.push_str(CROCKFORD);
        specification.encoding().unwrap_or(data_encoding::BASE32_NOPAD)
    })
}

/// A reference as people type it: any case, O for 0, I and L for 1, separators dropped.
pub fn read_reference(text: &str) -> Option<String> {
    let plain = normalize(text);
    (plain.len() == 16 && crockford().decode(plain.as_bytes()).is_ok()).then_some(plain)
}

pub(crate) fn normalize(text: &str) -> String {
    let digit = |c: char| match c {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| digit(c.to_ascii_uppercase()))
        .collect()
}

/// An enrolment code: 128 random bits.
#[derive(Clone, Zeroize, zeroize::ZeroizeOnDrop)]
pub struct EnrolmentCode([u8; 16]);

/// The text is no code, or a character of it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "不是密码信封上的授权码，请核对是否有输错的字符 / \
     this is not an enrolment code; look for a mistyped character"
)]
pub struct NotACode;

impl EnrolmentCode {
    /// A code from 16 random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// 26 characters and a check character, in groups.
    pub fn text(&self) -> String {
        let number = u128::from_be_bytes(self.0);
        let mut text: Vec<u8> = (0..26)
            .rev()
            .map(|position| {
                let digit = (number >> (5 * position)) & 31;
                CROCKFORD.as_bytes().get(digit as usize).copied().unwrap_or(b'0')
            })
            .collect();
        text.push(CHECK.get((number % 37) as usize).copied().unwrap_or(b'0'));
        let groups: Vec<String> =
            text.chunks(5).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
        text.zeroize();
        groups.join("-")
    }

    /// Reads a code as people type it.
    pub fn read(text: &str) -> Result<Self, NotACode> {
        let plain = Zeroizing::new(normalize(text));
        let (digits, check) = plain.split_at_checked(26).ok_or(NotACode)?;
        let mut number: u128 = 0;
        for (position, digit) in digits.chars().enumerate() {
            let value = CROCKFORD.find(digit).ok_or(NotACode)? as u128;
            if position == 0 && value > 7 {
                return Err(NotACode);
            }
            number = (number << 5) | value;
        }
        let expected = CHECK.get((number % 37) as usize).copied().unwrap_or(b'0');
        if check.as_bytes() != [expected] {
            return Err(NotACode);
        }
        Ok(Self(number.to_be_bytes()))
    }
}

/// The keys that follow from a code.
#[derive(Clone, Zeroize, zeroize::ZeroizeOnDrop)]
pub struct LetterKeys {
    lookup: [u8; 32],
    bind_page: [u8; 32],
    bind_cli: [u8; 32],
    loss: [u8; 32],
    suspend: [u8; 32],
}

impl LetterKeys {
    /// HKDF-SHA-256 with salt = founding digest ‖ reference, input = the code's 16 bytes.
    pub fn derive(founding: &[u8; 32], reference: &str, code: &EnrolmentCode) -> Self {
        let salt = [founding.as_slice(), reference.as_bytes()].concat();
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &salt).extract(&code.0);
        Self {
            lookup: expand(&prk, b"yinxin-lookup-v1"),
            bind_page: expand(&prk, b"yinxin-bind-page-v1"),
            bind_cli: expand(&prk, b"yinxin-bind-cli-v1"),
            loss: expand(&prk, b"yinxin-loss-v1"),
            suspend: expand(&prk, b"yinxin-suspend-v1"),
        }
    }

    /// The same with bind keys that follow from these and something else.
    pub(crate) fn bound_by(mut self, next: impl Fn(&[u8; 32]) -> [u8; 32]) -> Self {
        self.bind_page = next(&self.bind_page);
        self.bind_cli = next(&self.bind_cli);
        self
    }

    /// The look-up key, sent over pinned TLS.
    pub fn lookup(&self) -> &[u8; 32] {
        &self.lookup
    }

    /// The bind key of a label.
    pub fn bind_key(&self, label: &str) -> Option<&[u8; 32]> {
        match label {
            "page" => Some(&self.bind_page),
            "cli" => Some(&self.bind_cli),
            _ => None,
        }
    }

    /// HMAC under the loss key; the evidence of a loss report.
    pub fn loss_value(&self, reference: &str) -> [u8; 32] {
        let message = [b"yinxin-loss-v1".as_slice(), &[0], reference.as_bytes()].concat();
        hmac_sha256(&self.loss, &message)
    }

    /// HMAC under the suspension key; the evidence of a suspension by letter.
    pub fn suspension_value(&self, reference: &str) -> [u8; 32] {
        let message = [b"yinxin-suspend-v1".as_slice(), &[0], reference.as_bytes()].concat();
        hmac_sha256(&self.suspend, &message)
    }
}

fn expand(prk: &hkdf::Prk, label: &[u8]) -> [u8; 32] {
    let mut key = [0u8; 32];
    let info = [label];
    if let Ok(okm) = prk.expand(&info, hkdf::HKDF_SHA256) {
        // 32 bytes is the output length of the algorithm; filling cannot fail.
        let _ = okm.fill(&mut key);
    }
    key
}

pub(crate) fn hmac_sha256(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    let mut value = [0; 32];
    value.copy_from_slice(tag.as_ref());
    value
}

/// HMAC(bind key, challenge ‖ SHA-256(PKCS#10)): ties the public key to the code.
pub fn bind(key: &[u8; 32], challenge: &[u8], request: &[u8]) -> [u8; 32] {
    hmac_sha256(key, &[challenge, Sha256::digest(request).as_slice()].concat())
}

/// A letter as a file. Holds the code: mode 0600, destroyed after use.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// This is version 1 of the format.
    pub v: u8,
    /// The letter is named by its reference, 16 Crockford base32 characters.
    pub reference: String,
    /// The code in groups, as it is printed.
    pub code: String,
    /// The addressee's name, as it is printed.
    pub name: String,
    /// The letter is for the person of this id.
    pub person: String,
    /// A certificate of the profile of this id can be had with it.
    pub profile: String,
    /// `cli` for staff, `page` where pages are allowed as well.
    pub label: String,
    /// The letter can be used until this second, RFC 3339.
    pub expires: String,
    /// By which ways its code comes, if not by paper alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<LetterChannel>,
    /// What its sheet says besides; whoever only uses a letter can do without.
    #[serde(default)]
    pub sheet: Sheet,
    /// What the client pins before it sends anything.
    pub trust: Trust,
}

/// What the printed sheet of a letter says besides, as an official letter does; nothing rests on
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// The letter was made at this time, as it is printed.
    pub made: String,
    /// The addressee's unit by name, with the units above it, outermost first.
    pub units: Vec<String>,
    /// Where help is had: the desk with its telephone. May be empty.
    pub desk: String,
    /// Address of the pages, as people type it.
    pub portal: String,
}

/// A loss receipt as the status service signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossReceipt {
    /// This is version 1 of the format.
    pub v: u8,
    /// The letter is named by its reference, 16 Crockford base32 characters.
    pub reference: String,
    /// Serial numbers revoked by this report, now or before.
    pub serials: Vec<String>,
    /// The report was recorded at this time, RFC 3339.
    pub time: String,
    /// The founding digest names the city, 32 bytes.
    pub founding: Bytes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_typing_and_one_wrong_character_is_seen() {
        let code = EnrolmentCode::new(*b"0123456789abcdef");
        let text = code.text();
        assert_eq!(text.replace('-', "").len(), 27);
        let typed = text.to_lowercase().replace('0', "o").replace('1', "l");
        assert_eq!(EnrolmentCode::read(&typed).unwrap().0, code.0);
        let plain = text.replace('-', "");
        for position in 0..26 {
            let mut wrong: Vec<u8> = plain.bytes().collect();
            wrong[position] = if wrong[position] == b'7' { b'6' } else { b'7' };
            assert!(EnrolmentCode::read(core::str::from_utf8(&wrong).unwrap()).is_err());
        }
    }

    #[test]
    fn keys_differ_by_label_reference_and_city() {
        let code = EnrolmentCode::new([1; 16]);
        let keys = LetterKeys::derive(&[2; 32], "0123456789ABCDEF", &code);
        let other = LetterKeys::derive(&[3; 32], "0123456789ABCDEF", &code);
        assert_ne!(keys.lookup, keys.bind_cli);
        assert_ne!(keys.bind_page, keys.bind_cli);
        assert_ne!(keys.lookup, other.lookup);
        assert_ne!(keys.loss_value("A"), keys.loss_value("B"));
        assert_ne!(keys.loss_value("A"), keys.suspension_value("A"));
    }
}
