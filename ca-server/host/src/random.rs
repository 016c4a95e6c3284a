//! Randomness, in the lengths that documents need.

pub use system::random::{NoRandomness, bytes, fill};

/// 80 random bits as 16 Crockford characters: person ids, order ids, references.
pub fn id() -> Result<String, NoRandomness> {
    Ok(records::letter::reference(bytes()?))
}
