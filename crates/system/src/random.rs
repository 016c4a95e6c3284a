//! Randomness of the operating system.

/// The operating system gives no randomness: whoever asked does nothing then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("操作系统没有给出随机数 / the operating system gives no randomness")]
pub struct NoRandomness;

/// Fills a place with random bytes.
pub fn fill(place: &mut [u8]) -> Result<(), NoRandomness> {
    getrandom::fill(place).map_err(|_| NoRandomness)
}

/// Draws `N` random bytes of the operating system; an error says that it gives none.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_draws_differ() {
        assert_ne!(super::bytes::<32>().unwrap(), super::bytes::<32>().unwrap());
    }
}
