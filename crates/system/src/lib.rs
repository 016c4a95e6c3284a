//! What every program asks of the operating system in the same words: files that survive a crash
//! whole ([`file`]), folders of texts ([`folder`]), randomness ([`random`]), a terminal that
//! nobody's text steers ([`terminal`], [`layout`]), the language of whoever reads it
//! ([`language`], [`speech`]), and what shells complete ([`completions`]).
//!
//! It knows nothing of records or settings, so that every crate may use it.

pub mod completions;
pub mod file;
pub mod folder;
pub mod language;
pub mod layout;
pub mod random;
pub mod speech;
pub mod terminal;

pub use random::NoRandomness;
