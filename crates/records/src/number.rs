//! National numbers: the CA keeps of one only a digest under a key of its own, by which it knows a
//! person again. Who has the log has nothing to test a number with.

use crate::bytes::Bytes;
use crate::label::Label;
use aws_lc_rs::hmac;
use pki::number::CitizenNumber;
use serde::{Deserialize, Serialize};

/// Most numbers that are asked about at once: those of a roster.
pub const NUMBERS_MAX: usize = 5_000;

/// The issuer's key for national numbers. Nobody else has it.
pub struct NumberKey(hmac::Key);

/// A number's digest, and what shows that the issuer made it for a handler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedNumber {
    /// The keyed digest, as an order holds it.
    pub digest: Bytes,
    /// Of digest and handler, under the same key.
    pub seal: Bytes,
}

/// Whose numbers a handler asks about: are they registered?
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedNumbers {
    /// As GB 11643 writes them.
    pub numbers: Vec<String>,
}

/// What became of each of them, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberLines {
    /// The answer has a line for each number that was asked for.
    pub lines: Vec<NumberLine>,
}

/// Whether a number is registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum NumberLine {
    /// Nobody in office has it.
    Free(SealedNumber),
    /// Somebody whom the handler handles has it.
    Registered {
        /// The number is that of the person of this id.
        #[serde(deserialize_with = "crate::reference::given")]
        person: String,
        /// The person has this name, as the CA opens it.
        name: String,
    },
    /// Somebody else has it: no handler is told who.
    Elsewhere,
}

impl NumberKey {
    /// The key, of 32 bytes.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == 32).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// HMAC-SHA-256(key, `yinxin-number-v1` ‖ 0x00 ‖ the 18 characters).
    pub fn digest(&self, number: &CitizenNumber) -> [u8; 32] {
        self.mac(Label::Number, number.whole().as_bytes())
    }

    /// The digest as a handler gets it: what they draft may hold it, and nobody else's.
    pub fn seal(&self, digest: [u8; 32], handler: &str) -> SealedNumber {
        let seal = self.mac(Label::NumberSeal, &sealed(&digest, handler));
        SealedNumber { digest: digest.into(), seal: seal.into() }
    }

    /// Whether the issuer gave this digest to this handler.
    pub fn gave(&self, digest: &Bytes, seal: &Bytes, handler: &str) -> bool {
        let message = Label::NumberSeal.message(&sealed(&digest.0, handler));
        digest.0.len() == 32 && hmac::verify(&self.0, &message, &seal.0).is_ok()
    }

    fn mac(&self, label: Label, bytes: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.0, &label.message(bytes));
        let mut mac = [0; 32];
        mac.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        mac
    }
}

fn sealed(digest: &[u8], handler: &str) -> Vec<u8> {
    [digest, handler.as_bytes()].concat()
}

/// Numbers are in no log of a process.
impl core::fmt::Debug for AskedNumbers {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} numbers", self.numbers.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One number has one digest under one key, and a seal is of one digest for one handler.
    #[test]
    fn a_digest_is_of_one_number_and_its_seal_for_one_handler() {
        let read = |text| CitizenNumber::read(text, (2026, 12, 1)).unwrap();
        let (one, other) = (read("11010519491231002X"), read("611002199001010015"));
        let key = NumberKey::new(&[7; 32]).unwrap();
        assert_eq!(key.digest(&one), key.digest(&read("110105 19491231-002x")));
        assert_ne!(key.digest(&one), key.digest(&other));
        let foreign = NumberKey::new(&[8; 32]).unwrap();
        assert_ne!(key.digest(&one), foreign.digest(&one), "without the key nobody makes it");
        let (digest, handler) = (key.digest(&one), "0123456789ABCDEF");
        let SealedNumber { digest: given, seal } = key.seal(digest, handler);
        assert!(key.gave(&given, &seal, handler));
        assert!(!key.gave(&given, &seal, "FEDCBA9876543210"), "another handler's");
        assert!(!key.gave(&key.digest(&other).into(), &seal, handler), "another number's");
        assert!(!key.gave(&given, &foreign.seal(digest, handler).seal, handler));
        assert!(!key.gave(&given, &given, handler), "a digest is no seal");
        assert!(NumberKey::new(&[7; 31]).is_none());
        let asked = AskedNumbers { numbers: vec!["11010519491231002X".into()] };
        assert_eq!(format!("{asked:?}"), "1 numbers");
    }
}
