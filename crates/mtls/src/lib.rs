//! TLS listeners and clients, and who the peer is.
//!
//! TLS 1.3 (and 1.2 where a gate allows it), no tickets and no resumption, hybrid X25519MLKEM768
//! where the peer offers it.
//! Never decides what a peer may do. In reading order: [`tls`], [`shown`] and [`web`] (what is
//! exchanged while a process runs), [`listen`], [`peer`], [`client`], [`dial`] and [`relay`]
//! (tunnels), [`visit`] (machines of strangers that are looked at once).

pub mod client;
pub mod dial;
mod identity;
mod led_to_root;
pub mod listen;
mod path;
pub mod peer;
pub mod proof;
mod reason;
pub mod relay;
pub mod shown;
mod suites;
pub mod tls;
pub mod visit;
pub mod web;

pub use client::{CallError, Client};
pub use peer::TlsConnection;
