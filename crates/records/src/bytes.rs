//! Bytes in JSON: base64url without padding.

use data_encoding::BASE64URL_NOPAD;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that stand in JSON as base64url without padding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    /// Reads base64url; the only accepted spelling is the one we write.
    pub fn read(text: &str) -> Option<Self> {
        BASE64URL_NOPAD.decode(text.as_bytes()).ok().map(Self)
    }

    /// As 32 bytes, if it is that long.
    pub fn digest(&self) -> Option<[u8; 32]> {
        <[u8; 32]>::try_from(self.0.as_slice()).ok()
    }
}

impl<const N: usize> From<[u8; N]> for Bytes {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Display for Bytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // In pieces: a text of its own would be as large as the document once more.
        BASE64URL_NOPAD.encode_write(&self.0, f)
    }
}

impl core::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

/// Reads a text where it stands: a field of bytes may be as large as its document.
struct Text;

impl Visitor<'_> for Text {
    type Value = Bytes;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("base64url without padding")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
        Bytes::read(text).ok_or_else(|| E::custom("not base64url without padding"))
    }
}
