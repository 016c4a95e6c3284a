//! CMP (RFC 9810, as RFC 9483 profiles it) with requests by CRMF (RFC 4211): what a client sends is
//! read once and within bounds, what it is answered is written byte by byte.
//!
//! Never reads a clock, a file or a socket, never draws randomness, never holds a private key. Who
//! may ask for what is no question of this crate.
//!
//! In reading order: [`message`] (header, body and protection), [`mac`] (protection by a shared
//! secret), [`request`] (one certificate that is asked for), [`body`] (what else is), [`fail`] (why
//! something is refused), [`answer`] and [`client`] (what is sent).

pub mod answer;
pub mod body;
pub mod client;
pub mod error;
pub mod fail;
mod fields;
pub mod mac;
pub mod message;
mod oid;
pub mod request;
#[cfg(test)]
mod tests;

pub use answer::{BodyDer, MessageHeading, Protector, SendError};
pub use body::InfoType;
pub use error::CmpError;
pub use fail::{FailInfo, PkiStatus};
pub use message::{BodyKind, PkiMessage};
pub use request::CrmfRequest;
