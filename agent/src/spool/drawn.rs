//! Ids and salts of records, drawn from the system for many at once.

use system::random::{NoRandomness, fill};

const ID_BYTES: usize = 16;
const SALT_BYTES: usize = 32;
/// So many are drawn at least.
const DRAWN_MIN: usize = 64;

/// What is drawn and not used yet.
#[derive(Default)]
pub(super) struct Drawn(Vec<[u8; ID_BYTES + SALT_BYTES]>);

impl Drawn {
    /// Has enough for so many records; without randomness for none of them.
    pub(super) fn suffice(&mut self, count: usize) {
        if self.0.len() >= count {
            return;
        }
        self.0.clear();
        self.0.resize(count.max(DRAWN_MIN), [0; ID_BYTES + SALT_BYTES]);
        if fill(self.0.as_flattened_mut()).is_err() {
            self.0.clear();
        }
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

    /// Each record has an id and a salt that no other one has, however often it is drawn; nobody
    /// takes more than was drawn.
    #[test]
    fn what_is_drawn_is_used_once() {
        let (mut drawn, mut taken) = (Drawn::default(), Vec::new());
        assert_eq!(drawn.take(), Err(NoRandomness));
        for count in [1, DRAWN_MIN, 3 * DRAWN_MIN, 7] {
            drawn.suffice(count);
            taken.extend((0..count).map(|_| drawn.take().unwrap()));
        }
        let all = taken.len();
        assert_eq!(taken.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(), all);
        assert_eq!(taken.iter().map(|(_, salt)| salt).collect::<BTreeSet<_>>().len(), all);
        assert!(taken.iter().all(|(id, salt)| !salt.starts_with(id) && !salt.ends_with(id)));
        assert!(taken.iter().all(|(id, salt)| *id != [0; 16] && *salt != [0; 32]));
        while drawn.take().is_ok() {}
        assert_eq!(drawn.take(), Err(NoRandomness));
    }
}
