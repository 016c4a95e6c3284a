//! Kind `batch`: many open orders of one kind that are approved as one. What an officer signs is
//! the batch's digest, which covers the digest of every order in it.

use crate::bytes::Bytes;
use crate::label::Label;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most orders of one batch.
pub const BATCH_ROWS_MAX: usize = 2_000;

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
}

impl BatchBody {
    /// Whether it is about some orders, each once, and about no batch.
    pub(super) fn is_sound(&self) -> bool {
        let distinct: BTreeSet<&Bytes> = self.rows.iter().collect();
        let sized = self.rows.iter().all(|row| row.0.len() == 32);
        let counted = (1..=BATCH_ROWS_MAX).contains(&self.rows.len());
        sized && counted && distinct.len() == self.rows.len() && self.of != "batch"
    }

    /// Which rows have to be opened before the batch with this digest is approved, where `wanted`
    /// are asked for. They follow from the digest, which the CA's nonce decides: nobody chooses
    /// them.
    pub fn sample(&self, digest: &[u8; 32], wanted: u16) -> Vec<&Bytes> {
        let (count, wanted) = (self.rows.len(), usize::from(wanted).min(self.rows.len()));
        let mut places = BTreeSet::new();
        let mut draw: u32 = 0;
        while places.len() < wanted {
            places.insert(self.drawn(digest, draw, count));
            draw += 1;
        }
        places.into_iter().filter_map(|place| self.rows.get(place)).collect()
    }

    fn drawn(&self, digest: &[u8; 32], draw: u32, count: usize) -> usize {
        let drawn = Label::Sample.digest(&[digest.as_slice(), &draw.to_be_bytes()].concat());
        let first = drawn.iter().take(8).fold(0, |all: u64, byte| all << 8 | u64::from(*byte));
        usize::try_from(first % count.max(1) as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(count: u16) -> BatchBody {
        let row = |place: u16| Label::Order.digest(&place.to_be_bytes()).into();
        BatchBody { of: "issue".into(), action: String::new(), rows: (0..count).map(row).collect() }
    }

    #[test]
    fn a_sample_follows_from_the_digest_alone() {
        let batch = batch(500);
        let one = batch.sample(&[1; 32], 5);
        assert_eq!((one.len(), &one), (5, &batch.sample(&[1; 32], 5)));
        assert_ne!(one, batch.sample(&[2; 32], 5));
        assert_eq!(batch.sample(&[1; 32], 0).len(), 0);
        assert_eq!(self::batch(3).sample(&[1; 32], 9).len(), 3, "all of them");
    }

    #[test]
    fn a_batch_names_each_order_once_and_no_batch() {
        assert!(batch(2).is_sound() && !batch(0).is_sound());
        assert!(!batch(BATCH_ROWS_MAX as u16 + 1).is_sound());
        let mut twice = batch(2);
        twice.rows.push(twice.rows[0].clone());
        assert!(!twice.is_sound());
        assert!(!BatchBody { of: "batch".into(), ..batch(2) }.is_sound());
        let short = BatchBody { rows: vec![[1; 16].into()], ..batch(1) };
        assert!(!short.is_sound());
    }
}
