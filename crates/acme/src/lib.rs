//! ACME as a protocol (RFC 8555, 8657, 8659, 8737, 8738, 9773): what clients send, what they are
//! told, and what follows from what.
//!
//! Never reads a clock, a file or a socket: time, tokens and what a network answered are
//! parameters. Nothing here issues; what a client may have is judged again by the CA. In reading
//! order: [`identifier`], [`scope`], [`asked`] (what is sent), [`order`] and [`authorization`]
//! (states and their JSON), [`challenge`], [`http01`], [`tls_alpn01`], [`caa`], [`dns`],
//! [`request`] (PKCS#10), [`renewal`] (when to come again), [`directory`], [`problem`],
//! [`clients`] (what people type).

pub mod asked;
pub mod authorization;
pub mod caa;
pub mod challenge;
pub mod clients;
pub mod directory;
pub mod dns;
pub mod http01;
pub mod identifier;
pub mod order;
pub mod problem;
pub mod renewal;
pub mod request;
pub mod scope;
pub mod tls_alpn01;

pub use identifier::AcmeIdentifier;
pub use problem::{AcmeProblem, ProblemKind};
