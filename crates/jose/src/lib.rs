//! JWS in the narrow profile of ACME (RFC 8555 6.2 over RFC 7515): flattened JSON, one signature,
//! a protected header with `alg`, `url` and one of `jwk` and `kid`.
//!
//! Both halves of certificates for systems read requests with it: the process of a portal that
//! hears a client, and the CA, which verifies again what it is handed. Never reads a clock, a file
//! or a socket, never holds a private key. In reading order: [`flat`] (what was sent), [`header`],
//! [`jwk`] (keys, RFC 7517, RFC 7638), [`mod@binding`] (an account bound to somebody known, RFC
//! 8555 7.3.4).

pub mod binding;
mod error;
pub mod flat;
pub mod header;
pub mod jwk;

pub use binding::{Binding, binding};
pub use error::JoseError;
pub use flat::FlatJws;
pub use header::{KeyOf, ProtectedHeader as Header, SignatureAlg};
pub use jwk::Jwk;

use data_encoding::BASE64URL_NOPAD;

/// Base64url in its one spelling: no padding, no white space, no bits left over (RFC 7515 2, RFC
/// 4648 3.5).
fn decode(text: &str) -> Result<Vec<u8>, JoseError> {
    let decoded = BASE64URL_NOPAD.decode(text.as_bytes());
    decoded.map_err(|_| JoseError::Malformed("base64url"))
}

fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

#[cfg(test)]
mod tests;
