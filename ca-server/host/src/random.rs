//! Randomness of the operating system, in the lengths that documents need.

/// The operating system has no randomness; nothing can be made without it.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no randomness")]
pub struct NoRandomness;

/// `N` random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut random = [0u8; N];
    getrandom::fill(&mut random).map_err(|_| NoRandomness)?;
    Ok(random)
}

/// 80 random bits as 16 Crockford characters: person ids, order ids, references.
pub fn id() -> Result<String, NoRandomness> {
    Ok(records::letter::reference(bytes()?))
}
