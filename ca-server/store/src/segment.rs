//! A segment of the index as bytes: postings sorted by key and place, cut into blocks. Pure.
//!
//! A block is a row of groups: key, how many places, the first place, then the gaps between them,
//! as variable-length numbers. The low end of a block is the key and place that it begins with.

use records::term::Key;

/// A key, and the index of a record that has it.
pub(crate) type Posting = (Key, u64);

/// A posting as numbers, which are ordered as its bytes are, and compared at once.
pub(crate) type Rank = (u128, u64);

/// A block is cut when it is this long.
const BLOCK_BYTES: usize = 8 * 1024;

/// The rank of a posting.
pub(crate) fn rank((key, place): Posting) -> Rank {
    (u128::from_be_bytes(key), place)
}

/// The posting of a rank.
pub(crate) fn of_rank((key, place): Rank) -> Posting {
    (key.to_be_bytes(), place)
}

/// Blocks in their order.
#[derive(Default)]
pub(crate) struct Blocks {
    done: Vec<(Vec<u8>, Vec<u8>)>,
    open: Vec<Posting>,
    /// About how long the open block will be.
    length: usize,
}

impl Blocks {
    /// Takes the next posting; they come in their order.
    pub(crate) fn push(&mut self, posting: Posting) {
        let same = self.open.last().is_some_and(|(key, _)| *key == posting.0);
        self.length += if same { 2 } else { 20 };
        self.open.push(posting);
        if self.length >= BLOCK_BYTES {
            self.cut();
        }
    }

    /// How many blocks are whole.
    pub(crate) fn count(&self) -> usize {
        self.done.len()
    }

    /// Takes the blocks that are whole, each with its low end.
    pub(crate) fn take(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        std::mem::take(&mut self.done)
    }

    /// Takes all that is left.
    pub(crate) fn finish(mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.cut();
        self.done
    }

    fn cut(&mut self) {
        if let Some((key, place)) = self.open.first() {
            self.done.push((low(key, *place), encode(&self.open)));
        }
        self.open.clear();
        self.length = 0;
    }
}

/// Where a posting stands in the order.
pub(crate) fn low(key: &Key, place: u64) -> Vec<u8> {
    [key.as_slice(), &place.to_be_bytes()].concat()
}

fn encode(postings: &[Posting]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(BLOCK_BYTES + 64);
    for group in postings.chunk_by(|(one, _), (other, _)| one == other) {
        let Some((key, _)) = group.first() else { continue };
        bytes.extend_from_slice(key);
        number(&mut bytes, group.len() as u64);
        let mut before = 0;
        for (_, place) in group {
            number(&mut bytes, place.wrapping_sub(before));
            before = *place;
        }
    }
    bytes
}

/// The postings of a block; `None` if its bytes are no block.
pub(crate) fn decode(mut bytes: &[u8]) -> Option<Vec<Posting>> {
    let mut postings = Vec::new();
    while !bytes.is_empty() {
        let (key, rest) = bytes.split_first_chunk::<16>()?;
        bytes = rest;
        let count = read(&mut bytes)?;
        let mut place = 0u64;
        for _ in 0..count {
            place = place.wrapping_add(read(&mut bytes)?);
            postings.push((*key, place));
        }
    }
    Some(postings)
}

fn number(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_order_postings_as_their_bytes_do() {
        let key = |i: u64| {
            let mut key = [(i * 7 % 251) as u8; 16];
            key[i as usize % 16] = (i % 256) as u8;
            key
        };
        let mut postings: Vec<Posting> = (0..5_000u64).map(|i| (key(i), i * i % 997)).collect();
        assert!(postings.iter().all(|one| of_rank(rank(*one)) == *one));
        let mut ranked = postings.clone();
        ranked.sort_unstable_by_key(|one| rank(*one));
        postings.sort_unstable();
        assert_eq!(ranked, postings);
    }

    #[test]
    fn blocks_give_back_what_they_took() {
        let mut postings: Vec<Posting> =
            (0..5_000u64).map(|i| ([(i * 7 % 251) as u8; 16], i * i)).collect();
        postings.push(([9; 16], u64::MAX >> 1));
        postings.sort_unstable();
        let mut blocks = Blocks::default();
        postings.iter().for_each(|posting| blocks.push(*posting));
        let whole = blocks.take();
        let all: Vec<_> = whole.into_iter().chain(blocks.finish()).collect();
        assert!(all.is_sorted() && all.len() > 1);
        let back: Vec<Posting> = all.iter().flat_map(|(_, block)| decode(block).unwrap()).collect();
        assert_eq!(back, postings);
        assert_eq!(decode(&[1; 17]), None, "a group that is cut off");
        assert_eq!(decode(&[0xff; 40]), None, "a number without an end");
    }
}
