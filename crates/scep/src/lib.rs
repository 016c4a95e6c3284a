//! SCEP (RFC 8894) as a protocol: what a device signs around what it encrypts, and what it is told.
//!
//! Both halves of certificates for systems read messages with it: the process of a portal that
//! hears a device and holds the key that it encrypts for, and the CA, which verifies again what a
//! device signed when it renews. Never reads a clock, a file or a socket, never draws randomness
//! but the padding of RSA; the key of [`ra`] is a parameter.
//!
//! CMS (RFC 5652) is read by its own few structures on `der`, and not by a crate of it: clients
//! write encrypted content in pieces, and what they signed is verified over the bytes that came.
//! AES in CBC and SHA-256 and above, and nothing older.
//!
//! In reading order: [`message`] (what was sent), [`envelope`] (what it hides), [`content`] (what
//! that says), [`ra`] (who opens it), [`reply`] (what is told), [`device`] (what a test sends).

pub mod content;
pub mod device;
pub mod envelope;
mod error;
pub mod message;
mod oid;
mod parts;
pub mod ra;
pub mod reply;
pub mod signer;
mod signing;

pub use device::DeviceMessage;
pub use envelope::{ContentCipher, Envelope};
pub use error::{ScepError, ScepFailure};
pub use message::{MessageHead, MessageKind, ScepMessage, SentMessage};
pub use ra::RaKey;
pub use reply::{CertRep, CertRepOutcome, Sealing};
pub use signer::MessageSigner;

#[cfg(test)]
mod tests;
