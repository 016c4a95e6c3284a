//! What every program asks of the operating system in the same words: files that survive a crash
//! whole ([`file`]) and randomness ([`random`]).
//!
//! It knows nothing of certificates, records or settings, so that every crate may use it.

pub mod file;
pub mod random;

pub use random::NoRandomness;
