//! Merging segments: when eight of about the same size stand at the end, they become one. Up to a
//! size at which a look-up passes them over quickly enough; larger ones would only be written
//! again.
//!
//! The new segment's blocks are written in many short transactions, so that nobody waits long for
//! the turn, and count only when the last one puts it in the place of the old ones. A crash leaves
//! blocks of a number that no segment has; they are swept at the next start.

use super::{
    BLOCKS_REMOVED, Segment, next_segment, remove_blocks, remove_segment, segments, write_blocks,
    write_segment,
};
use crate::segment::{Blocks, Posting, Rank, decode, of_rank, rank};
use anyhow::{Context, ensure};
use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BinaryHeap, VecDeque};
use store::{Store, StoreError, Tx, row, rows};

/// So many segments of one tier are merged.
const FAN_IN: usize = 8;
/// A segment of this many records stays as it is.
const SIZE_MAX: u64 = 1 << 20;
/// Blocks of one transaction, and of one look ahead.
const BLOCKS: usize = 64;
const AHEAD: i64 = 16;

fn tier(segment: &Segment) -> u32 {
    segment.size.max(1).ilog2() / 3
}

/// The segments that are to be merged: the last ones.
fn due(segments: &[Segment]) -> Option<&[Segment]> {
    let highest = segments.iter().filter(|one| one.size < SIZE_MAX).map(tier).max()?;
    (0..=highest).find_map(|wanted| {
        let from = segments
            .iter()
            .rposition(|one| one.size >= SIZE_MAX || tier(one) > wanted)
            .map_or(0, |last| last + 1);
        let suffix = segments.get(from..)?;
        let same = suffix.iter().filter(|one| tier(one) == wanted).count();
        (same >= FAN_IN).then_some(suffix)
    })
}

/// Merges what is due; says whether anything was.
pub async fn merge(store: &Store, log: &str) -> anyhow::Result<bool> {
    let mut tx = store.read().await?;
    let all = segments(&mut tx, log).await?;
    drop(tx);
    let Some(old) = due(&all) else { return Ok(false) };
    let (Some(first), Some(last)) = (old.first(), old.last()) else { return Ok(false) };
    let size = last.first + last.size - first.first;
    let mut inputs = Inputs::open(store, log, old).await?;
    let (mut blocks, mut written, mut number) = (Blocks::default(), 0, None);
    let mut last = None;
    while let Some(posting) = inputs.next().await? {
        // What a hand doubled stands once.
        if last.replace(posting) == Some(posting) {
            continue;
        }
        blocks.push(posting);
        if blocks.count() >= BLOCKS {
            written += blocks.count();
            let mut tx = store.write().await?;
            let number = taken(&mut tx, log, &mut number).await?;
            write_blocks(&mut tx, log, number, blocks.take()).await?;
            tx.commit().await?;
        }
    }
    let rest = blocks.finish();
    written += rest.len();
    let mut tx = store.write().await?;
    let number = taken(&mut tx, log, &mut number).await?;
    write_blocks(&mut tx, log, number, rest).await?;
    let merged = Segment { segment: number, first: first.first, size };
    for one in old {
        let gone = remove_segment(&mut tx, log, one.segment).await?;
        ensure!(gone == 1, "another process merged");
    }
    let counted = row!(
        &mut tx,
        (i64,),
        "select count(*) from log_posting where log_id = $1 and segment = $2",
        log,
        number
    )?;
    ensure!(counted == Some((i64::try_from(written)?,)), "another process swept");
    write_segment(&mut tx, log, &merged).await?;
    tx.commit().await?;
    let gone: Vec<i64> = old.iter().map(|one| one.segment).collect();
    remove(store, log, &gone).await?;
    Ok(true)
}

/// The number of the new segment; it is taken with the first blocks.
async fn taken(tx: &mut Tx, log: &str, number: &mut Option<i64>) -> Result<i64, StoreError> {
    if let Some(number) = number {
        return Ok(*number);
    }
    Ok(*number.insert(next_segment(tx, log).await?))
}

/// Removes blocks that no segment has.
pub async fn sweep(store: &Store, log: &str) -> Result<(), StoreError> {
    let mut tx = store.read().await?;
    let left = rows!(
        &mut tx,
        (i64,),
        "select distinct segment from log_posting where log_id = $1 \
         and segment not in (select segment from log_segment where log_id = $1)",
        log
    )?;
    drop(tx);
    let left: Vec<i64> = left.into_iter().map(|(segment,)| segment).collect();
    remove(store, log, &left).await
}

/// Removes the blocks of segments, some at a time: small ones share a commit.
async fn remove(store: &Store, log: &str, mut left: &[i64]) -> Result<(), StoreError> {
    while !left.is_empty() {
        let (mut tx, mut removed) = (store.write().await?, 0);
        while removed < BLOCKS_REMOVED
            && let Some((segment, behind)) = left.split_first()
        {
            let gone = remove_blocks(&mut tx, log, *segment).await?;
            removed += gone;
            if gone < BLOCKS_REMOVED {
                left = behind;
            }
        }
        tx.commit().await?;
    }
    Ok(())
}

/// The postings of some segments in one order.
struct Inputs<'a> {
    store: &'a Store,
    log: &'a str,
    cursors: Vec<Cursor>,
    next: BinaryHeap<Reverse<(Rank, usize)>>,
}

struct Cursor {
    segment: i64,
    /// The low end of the last block that was read.
    reached: Vec<u8>,
    ahead: VecDeque<Posting>,
}

impl<'a> Inputs<'a> {
    async fn open(store: &'a Store, log: &'a str, segments: &[Segment]) -> anyhow::Result<Self> {
        let cursor = |one: &Segment| Cursor {
            segment: one.segment,
            reached: Vec::new(),
            ahead: VecDeque::new(),
        };
        let cursors = segments.iter().map(cursor).collect();
        let mut inputs = Self { store, log, cursors, next: BinaryHeap::new() };
        for at in 0..segments.len() {
            let first = inputs.behind(at).await?;
            inputs.next.extend(first.map(|posting| Reverse((rank(posting), at))));
        }
        Ok(inputs)
    }

    async fn next(&mut self) -> anyhow::Result<Option<Posting>> {
        let Some(Reverse((least, at))) = self.next.peek().copied() else { return Ok(None) };
        let ahead = self.cursors.get_mut(at).and_then(|cursor| cursor.ahead.pop_front());
        let behind = match ahead {
            Some(posting) => Some(posting),
            None => self.behind(at).await?,
        };
        // The next one of its segment takes its place: one move in the heap, not two.
        if let Some(mut first) = self.next.peek_mut() {
            match behind {
                Some(behind) => *first = Reverse((rank(behind), at)),
                None => _ = PeekMut::pop(first),
            }
        }
        Ok(Some(of_rank(least)))
    }

    /// Takes the next posting of one segment; reads on where none is ahead.
    async fn behind(&mut self, at: usize) -> anyhow::Result<Option<Posting>> {
        let cursor = self.cursors.get_mut(at).context("cursor")?;
        if cursor.ahead.is_empty() {
            let mut tx = self.store.read().await?;
            let found = rows!(
                &mut tx,
                (Vec<u8>, Vec<u8>),
                "select low, block from log_posting where log_id = $1 and segment = $2 \
                 and low > $3 order by low limit $4",
                self.log,
                cursor.segment,
                &cursor.reached,
                AHEAD
            )?;
            for (low, block) in found {
                cursor.ahead.extend(decode(&block).context("a block of the index is damaged")?);
                cursor.reached = low;
            }
        }
        Ok(cursor.ahead.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_of_ten_million_records_has_few_segments_and_each_is_written_few_times() {
        let (mut all, mut written, mut first): (Vec<Segment>, u64, u64) = (Vec::new(), 0, 0);
        while first < 10_000_000 {
            let size = 3_000;
            all.push(Segment { segment: 0, first, size });
            (first, written) = (first + size, written + size);
            while let Some(old) = due(&all) {
                let (begin, size) = (all.len() - old.len(), old.iter().map(|one| one.size).sum());
                let merged = Segment { segment: 0, first: old[0].first, size };
                all.truncate(begin);
                all.push(merged);
                written += size;
            }
        }
        assert!(all.len() < 50, "{} segments", all.len());
        assert!(written < 6 * first, "{written} written for {first}");
        assert_eq!(all.iter().map(|one| one.size).sum::<u64>(), first);
    }
}
