//! Ids and salts of records that get their places together, drawn from the system at once.

use system::random::{NoRandomness, fill};

const ID_BYTES: usize = 16;
const SALT_BYTES: usize = 32;

/// What is drawn for so many records and not used yet.
pub(super) struct Drawn(Vec<[u8; ID_BYTES + SALT_BYTES]>);

impl Drawn {
    /// Draws for so many records; without randomness for none of them.
    pub(super) fn for_records(count: usize) -> Self {
        let mut drawn = vec![[0; ID_BYTES + SALT_BYTES]; count];
        if fill(drawn.as_flattened_mut()).is_err() {
            drawn.clear();
        }
        Self(drawn)
    }

    /// The id of one more record, and the salt of its entry.
    pub(super) fn take(&mut self) -> Result<([u8; ID_BYTES], [u8; SALT_BYTES]), NoRandomness> {
        let drawn = self.0.pop().ok_or(NoRandomness)?;
        let (id, salt) = drawn.split_first_chunk::<ID_BYTES>().ok_or(NoRandomness)?;
        Ok((*id, salt.try_into().map_err(|_| NoRandomness)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Each record has an id and a salt that no other one has; nobody takes more than was drawn.
    #[test]
    fn what_is_drawn_is_used_once() {
        let mut drawn = Drawn::for_records(64);
        let taken: Vec<_> = (0..64).map(|_| drawn.take().unwrap()).collect();
        assert_eq!(taken.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(), 64);
        assert_eq!(taken.iter().map(|(_, salt)| salt).collect::<BTreeSet<_>>().len(), 64);
        assert!(taken.iter().all(|(id, salt)| !salt.starts_with(id) && !salt.ends_with(id)));
        assert_eq!(drawn.take(), Err(NoRandomness));
    }
}
