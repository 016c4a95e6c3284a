//! JWS in the narrow profile of ACME (RFC 8555 6.2 over RFC 7515): flattened JSON, one signature,
//! a protected header with `alg`, `url` and one of `jwk` and `kid`.
//!
//! Both halves of certificates for systems read requests with it: the process of a portal that
//! hears a client, and the CA, which verifies again what it is handed. Never reads a clock, a file
//! or a socket, never holds a private key. In reading order: [`flat`] (what was sent), [`header`],
//! [`jwk`] (keys, RFC 7517, RFC 7638), [`mod@binding`] (an account bound to somebody known, RFC
//! 8555 7.3.4).

mod algorithm;
mod base64url;
pub mod binding;
mod error;
pub mod flat;
pub mod header;
pub mod jwk;

pub use algorithm::SignatureAlg;
pub use binding::{Binding, binding};
pub use error::JoseError;
pub use flat::FlatJws;
pub use header::{KeyOf, ProtectedHeader as Header};
pub use jwk::Jwk;

#[cfg(test)]
mod tests;
