//! The keys of authority's tables: small, copied, read once from text.

use data_encoding::HEXLOWER;
use records::bytes::Bytes;
use records::code::Code;
use serde::{Deserialize, Serialize};

/// A SHA-256 value, 32 bytes.
pub type Sha256Value = [u8; 32];

const ID_BYTES: usize = 16;
const SERIAL_BYTES: usize = 20;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name([u8; ID_BYTES]);

        impl $name {
            /// Reads the text of the id: 1 to 16 visible ASCII characters.
            pub fn read(text: &str) -> Option<Self> {
                padded(text.as_bytes()).map(Self)
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                let text = self.0.split(|byte| *byte == 0).next().unwrap_or(&[]);
                core::str::from_utf8(text).unwrap_or("")
            }

            pub(crate) fn prefix(&self) -> [u8; 2] {
                let [first, second, ..] = self.0;
                [first, second]
            }

            pub(crate) fn least(prefix: [u8; 2]) -> Self {
                let mut bytes = [0; ID_BYTES];
                let [first, second] = prefix;
                let [a, b, ..] = &mut bytes;
                (*a, *b) = (first, second);
                Self(bytes)
            }
        }

        impl core::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                self.as_str()
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<String> for $name {
            fn eq(&self, other: &String) -> bool {
                self.as_str() == other
            }
        }
    )*};
}

ids! {
    /// A person's id.
    PersonId
    /// A letter's reference.
    Reference
}

impl Reference {
    pub(crate) const FIRST: Self = Self([0; ID_BYTES]);
    pub(crate) const LAST: Self = Self([u8::MAX; ID_BYTES]);
}

/// The bytes with zeros behind them; a visible character is never zero, so nothing is spelled
/// twice.
fn padded(text: &[u8]) -> Option<[u8; ID_BYTES]> {
    let mut bytes = [0; ID_BYTES];
    let place = bytes.get_mut(..text.len())?;
    place.copy_from_slice(text);
    (!text.is_empty() && text.iter().all(u8::is_ascii_graphic)).then_some(bytes)
}

/// The serial number of a certificate, 36 hexadecimal digits in our own ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Serial {
    content: [u8; SERIAL_BYTES],
    length: u8,
}

impl Serial {
    /// Reads the one spelling of a serial number in records: lower-case hexadecimal.
    pub fn read(hex: &str) -> Option<Self> {
        if hex.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        pki::SerialNumber::from_hex(hex).and_then(|serial| Self::of(&serial))
    }

    /// The key of a serial number that was read.
    pub fn of(serial: &pki::SerialNumber) -> Option<Self> {
        let bytes = serial.bytes();
        let mut content = [0; SERIAL_BYTES];
        content.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self { content, length: u8::try_from(bytes.len()).ok()? })
    }

    /// The octets of the integer's content.
    pub fn bytes(&self) -> &[u8] {
        self.content.get(..usize::from(self.length)).unwrap_or(&[])
    }

    pub(crate) fn prefix(&self) -> [u8; 2] {
        let [first, second, ..] = self.content;
        [first, second]
    }

    pub(crate) fn least(prefix: [u8; 2]) -> Self {
        let mut content = [0; SERIAL_BYTES];
        let [first, second] = prefix;
        let [a, b, ..] = &mut content;
        (*a, *b) = (first, second);
        Self { content, length: 0 }
    }

    pub(crate) const FIRST: Self = Self { content: [0; SERIAL_BYTES], length: 0 };
    pub(crate) const LAST: Self = Self { content: [u8::MAX; SERIAL_BYTES], length: u8::MAX };
}

impl core::fmt::Display for Serial {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&HEXLOWER.encode(self.bytes()))
    }
}

impl core::fmt::Debug for Serial {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self}")
    }
}

/// SHA-256 of an order under its label: what people approve and records name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderDigest(pub [u8; 32]);

impl OrderDigest {
    /// The digest of an order's bytes.
    pub fn of(order: &[u8]) -> Self {
        Self(records::order::digest(order))
    }

    pub(crate) const FIRST: Self = Self([0; 32]);
    pub(crate) const LAST: Self = Self([u8::MAX; 32]);

    /// Where the orders of a person stand in a table that is ordered by person.
    pub(crate) fn all_of(person: PersonId) -> core::ops::RangeInclusive<(PersonId, Self)> {
        (person, Self::FIRST)..=(person, Self::LAST)
    }
}

impl core::fmt::Display for OrderDigest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        Bytes::from(self.0).fmt(f)
    }
}

impl core::fmt::Debug for OrderDigest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self}")
    }
}

impl From<[u8; 32]> for OrderDigest {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl From<OrderDigest> for Bytes {
    fn from(digest: OrderDigest) -> Self {
        Self::from(digest.0)
    }
}

/// What names an order: its digest, as it is or as it stands in documents.
pub trait NamesOrder {
    /// The digest, if it is one.
    fn order_digest(&self) -> Option<OrderDigest>;
}

impl NamesOrder for OrderDigest {
    fn order_digest(&self) -> Option<OrderDigest> {
        Some(*self)
    }
}

impl NamesOrder for [u8; 32] {
    fn order_digest(&self) -> Option<OrderDigest> {
        Some(OrderDigest(*self))
    }
}

impl NamesOrder for Bytes {
    fn order_digest(&self) -> Option<OrderDigest> {
        self.digest().map(OrderDigest)
    }
}

impl NamesOrder for str {
    fn order_digest(&self) -> Option<OrderDigest> {
        Bytes::read(self)?.digest().map(OrderDigest)
    }
}

impl NamesOrder for String {
    fn order_digest(&self) -> Option<OrderDigest> {
        self.as_str().order_digest()
    }
}

impl<T: NamesOrder + ?Sized> NamesOrder for &T {
    fn order_digest(&self) -> Option<OrderDigest> {
        (**self).order_digest()
    }
}

/// 32 bytes of a record; anything else is no digest.
pub(crate) fn digest_of(bytes: &Bytes) -> Result<Sha256Value, Code> {
    bytes.digest().ok_or(Code::Malformed)
}
