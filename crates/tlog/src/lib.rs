//! A Merkle log as tiles, checkpoints, notes and proofs.
//!
//! Pure: no I/O, clock or key of its own; signing and verifying come as parameters. It knows bytes,
//! never what an entry means. In reading order: [`merkle`], [`tile`], [`edge`], [`proof`],
//! [`range`], [`note`], [`checkpoint`]. Follows RFC 6962 2.1 and C2SP tlog-tiles, signed-note,
//! tlog-checkpoint.

pub mod checkpoint;
pub mod edge;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod range;
pub mod tile;

pub use checkpoint::Checkpoint;
pub use edge::Edge;
pub use merkle::Hash;
pub use note::VerifierKey;
