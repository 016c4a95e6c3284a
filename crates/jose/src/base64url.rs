//! Base64url in its one spelling: no padding, no white space, no bits left over (RFC 7515 2, RFC
//! 4648 3.5).

use crate::error::JoseError;
use data_encoding::BASE64URL_NOPAD;

/// The bytes of a text.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, JoseError> {
    let decoded = BASE64URL_NOPAD.decode(text.as_bytes());
    decoded.map_err(|_| JoseError::Malformed("base64url"))
}

/// The text of bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}
