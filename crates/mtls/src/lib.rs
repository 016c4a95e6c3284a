//! TLS listeners and clients, and who the peer is.
//!
//! TLS 1.3 (and 1.2 where a gate allows it), no tickets and no resumption, hybrid X25519MLKEM768
//! where the peer offers it.
//! Never decides what a peer may do. In reading order: [`tls`], [`listen`], [`peer`], [`client`].

pub mod client;
pub mod listen;
pub mod peer;
pub mod proof;
pub mod tls;

pub use client::{CallError, Client};
pub use peer::TlsConnection;
