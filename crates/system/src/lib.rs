//! What every program asks of the operating system in the same words: files that survive a crash
//! whole ([`file`]), randomness ([`random`]) and a terminal that nobody's text steers
//! ([`terminal`]).
//!
//! It knows nothing of records or settings, so that every crate may use it.

pub mod file;
pub mod random;
pub mod terminal;

pub use random::NoRandomness;
