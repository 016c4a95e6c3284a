//! Kind `batch`: many open orders of one kind that are approved as one. What an officer signs is
//! the batch's digest, which covers the digest of every order in it.

use crate::bytes::Bytes;
use crate::label::Label;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most orders of one batch.
pub const BATCH_ROWS_MAX: usize = 2_000;

/// Kinds of which nothing is approved as one of many.
const ALONE: [&str; 3] = ["batch", "emergency", "emergency-review"];

/// Kind `batch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchBody {
    /// The kind of every order in it.
    pub of: String,
    /// What every one of them does, where its kind does several things; otherwise empty.
    pub action: String,
    /// Digests of the orders, each once, in the order in which they are shown.
    pub rows: Vec<Bytes>,
    /// How many of them each approver has to open, by the rules of when it was made.
    pub sample: u16,
    /// Places of those that needed a look when it was made, counted from 0 and rising: each
    /// approver opens them, whatever is drawn.
    pub flagged: Vec<u16>,
}

impl BatchBody {
    /// Whether it is about some orders, each once, and about no batch.
    pub(super) fn is_sound(&self) -> bool {
        let distinct: BTreeSet<&Bytes> = self.rows.iter().collect();
        let sized = self.rows.iter().all(|row| row.0.len() == 32);
        let counted = (1..=BATCH_ROWS_MAX).contains(&self.rows.len());
        let opened = usize::from(self.sample) <= self.rows.len();
        let rising = self.flagged.is_sorted_by(|one, next| one < next);
        let known = self.flagged.last().is_none_or(|last| usize::from(*last) < self.rows.len());
        let named = sized && counted && distinct.len() == self.rows.len();
        named && opened && rising && known && !ALONE.contains(&self.of.as_str())
    }

    /// Which rows a person has to open before they approve the batch with this digest, in its
    /// order: those that needed a look, and those that are drawn.
    pub fn to_open(&self, digest: &[u8; 32], person: &str) -> Vec<&Bytes> {
        let mut places = self.drawn_for(digest, person);
        places.extend(self.flagged.iter().map(|place| usize::from(*place)));
        places.into_iter().filter_map(|place| self.rows.get(place)).collect()
    }

    /// Places of rows that are drawn for a person. They follow from the digest, which the CA's
    /// nonce decides, and from who approves: whoever drafted them chooses none of them, and two
    /// officers open others.
    fn drawn_for(&self, digest: &[u8; 32], person: &str) -> BTreeSet<usize> {
        let (count, wanted) = (self.rows.len(), usize::from(self.sample).min(self.rows.len()));
        let mut places = BTreeSet::new();
        let mut draw: u32 = 0;
        while places.len() < wanted {
            places.insert(drawn((digest, person), draw, count));
            draw += 1;
        }
        places
    }
}

fn drawn((digest, person): (&[u8; 32], &str), draw: u32, count: usize) -> usize {
    let draw = draw.to_be_bytes();
    let drawn = Label::Sample.digest(&[digest.as_slice(), person.as_bytes(), &draw].concat());
    let first = drawn.iter().take(8).fold(0, |all: u64, byte| all << 8 | u64::from(*byte));
    usize::try_from(first % count.max(1) as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(count: u16) -> BatchBody {
        let row = |place: u16| Label::Order.digest(&place.to_be_bytes()).into();
        let rows = (0..count).map(row).collect();
        BatchBody {
            of: "issue".into(),
            action: String::new(),
            rows,
            sample: count.min(5),
            flagged: vec![],
        }
    }

    #[test]
    fn a_sample_follows_from_the_digest_and_the_person() {
        let batch = batch(500);
        let one = batch.to_open(&[1; 32], "0123456789ABCDEF");
        assert_eq!((one.len(), &one), (5, &batch.to_open(&[1; 32], "0123456789ABCDEF")));
        assert_ne!(one, batch.to_open(&[2; 32], "0123456789ABCDEF"));
        assert_ne!(one, batch.to_open(&[1; 32], "FEDCBA9876543210"));
        assert_eq!(self::batch(3).to_open(&[1; 32], "").len(), 3, "all of them");
        let none = BatchBody { sample: 0, ..batch };
        assert_eq!(none.to_open(&[1; 32], "").len(), 0);
    }

    /// Those that needed a look are opened by everybody, beside those that are drawn, each once and
    /// in the order of the batch.
    #[test]
    fn what_needed_a_look_is_opened_by_everybody() {
        let plain = batch(500);
        let flagged = BatchBody { flagged: vec![0, 250, 499], ..plain.clone() };
        for person in ["0123456789ABCDEF", "FEDCBA9876543210"] {
            let (drawn, all) = (plain.to_open(&[1; 32], person), flagged.to_open(&[1; 32], person));
            let named = [0, 250, 499].map(|place| &plain.rows[place]);
            let wanted: BTreeSet<_> = drawn.iter().copied().chain(named).collect();
            assert_eq!(all.iter().copied().collect::<BTreeSet<_>>(), wanted);
            assert_eq!(all.len(), wanted.len());
            let place = |row: &&Bytes| plain.rows.iter().position(|one| one == *row);
            assert!(all.is_sorted_by_key(place));
        }
    }

    #[test]
    fn a_batch_names_each_order_once_and_no_batch() {
        assert!(batch(2).is_sound() && !batch(0).is_sound());
        assert!(!batch(BATCH_ROWS_MAX as u16 + 1).is_sound());
        let mut twice = batch(2);
        twice.rows.push(twice.rows[0].clone());
        assert!(!twice.is_sound());
        for of in ["batch", "emergency", "emergency-review"] {
            assert!(!BatchBody { of: of.into(), ..batch(2) }.is_sound());
        }
        assert!(!BatchBody { sample: 3, ..batch(2) }.is_sound());
        for (flagged, sound) in [(vec![0, 1], true), (vec![1, 0], false), (vec![1, 1], false)] {
            assert_eq!(BatchBody { flagged, ..batch(2) }.is_sound(), sound);
        }
        assert!(!BatchBody { flagged: vec![2], ..batch(2) }.is_sound());
        let short = BatchBody { rows: vec![[1; 16].into()], ..batch(1) };
        assert!(!short.is_sound());
    }
}
