//! Salts of what the records of a connection commit to, drawn from the system for several at once.

use std::sync::{Mutex, PoisonError};
use system::random::{NoRandomness, fill};

/// So many are drawn together.
const DRAWN: usize = 16;

/// What is drawn and not used yet.
#[derive(Default)]
pub(super) struct Salts(Mutex<Vec<[u8; 32]>>);

impl Salts {
    /// One that nobody else has.
    pub(super) fn take(&self) -> Result<[u8; 32], NoRandomness> {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(salt) = drawn.pop() {
            return Ok(salt);
        }
        let mut more = [[0; 32]; DRAWN];
        fill(more.as_flattened_mut())?;
        drawn.extend(more);
        drawn.pop().ok_or(NoRandomness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_records_have_one_salt() {
        let salts = Salts::default();
        let taken: BTreeSet<_> = (0..5 * DRAWN).map(|_| salts.take().unwrap()).collect();
        assert_eq!(taken.len(), 5 * DRAWN);
        assert!(!taken.contains(&[0; 32]));
    }
}
