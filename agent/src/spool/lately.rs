//! What was written lately, in memory until the log has it: shipping reads none of it back, and
//! makes no hash twice. What has no room here is read from its segment, and so is all that an
//! earlier process wrote.

use super::segment::FrameRange;
use records::spooled::{FRAMES_BYTES_MAX, RECORDS_MAX};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most bytes that are kept; the oldest go first.
const KEPT_BYTES_MAX: usize = 8 << 20;

/// Frames of one commit as they lie in a segment, durable there.
pub(super) struct CommittedFrames {
    pub(super) segment: u64,
    /// Where the first of them begins in the segment.
    pub(super) offset: u64,
    /// Chain value before the first of them.
    pub(super) before: [u8; 32],
    pub(super) bytes: Vec<u8>,
    pub(super) records: Vec<CommittedRecord>,
}

/// What is known of one of them.
#[derive(Clone, Copy)]
pub(super) struct CommittedRecord {
    /// Where its frame ends among those of its commit.
    pub(super) end: usize,
    /// Its entry in the tree of the log.
    pub(super) entry: [u8; 32],
    /// Chain value behind it.
    pub(super) chain: [u8; 32],
}

impl CommittedFrames {
    fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }

    fn weight(&self) -> usize {
        self.bytes.len() + size_of_val(self.records.as_slice())
    }

    /// The records from an offset of the segment on, where one begins there and continues a chain.
    fn behind(&self, offset: u64, chain: &[u8; 32]) -> Option<(usize, &[CommittedRecord])> {
        let from = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        let (first, before) = match from {
            0 => (0, &self.before),
            from => {
                let last = self.records.iter().position(|record| record.end == from)?;
                (last + 1, &self.records.get(last)?.chain)
            }
        };
        let records = self.records.get(first..).filter(|_| before == chain)?;
        Some((from, records))
    }
}

/// What was written lately, oldest first.
#[derive(Default)]
pub(super) struct Lately(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    commits: VecDeque<Arc<CommittedFrames>>,
    bytes: usize,
}

impl Kept {
    fn drop_first(&mut self) {
        if let Some(first) = self.commits.pop_front() {
            self.bytes -= first.weight();
        }
    }
}

impl Lately {
    /// Keeps what is durable now.
    pub(super) fn add(&self, committed: CommittedFrames) {
        let mut kept = self.lock();
        kept.bytes += committed.weight();
        kept.commits.push_back(Arc::new(committed));
        while kept.bytes > KEPT_BYTES_MAX {
            kept.drop_first();
        }
    }

    /// Forgets what lies before an offset of a segment.
    pub(super) fn forget(&self, segment: u64, offset: u64) {
        let mut kept = self.lock();
        while kept
            .commits
            .front()
            .is_some_and(|first| (first.segment, first.end()) <= (segment, offset))
        {
            kept.drop_first();
        }
    }

    /// Frames that lie between two offsets of a segment, after the chain value `before`: as many as
    /// are handed in together. Nothing where the first of them is not known here.
    pub(super) fn range(
        &self,
        segment: u64,
        (offset, end): (u64, u64),
        before: &[u8; 32],
    ) -> Option<FrameRange> {
        // Whoever writes waits for the lock, and not for what is copied.
        let commits: Vec<Arc<CommittedFrames>> = {
            let kept = self.lock();
            let behind = kept.commits.iter().filter(|one| one.segment == segment);
            behind.filter(|one| one.end() > offset && one.offset < end).cloned().collect()
        };
        let (mut bytes, mut entries, mut chain) = (Vec::new(), Vec::new(), *before);
        'commits: for one in &commits {
            let Some((begin, records)) = one.behind(offset + bytes.len() as u64, &chain) else {
                break;
            };
            let mut to = begin;
            for record in records {
                let is_full = bytes.len() + record.end - begin > FRAMES_BYTES_MAX
                    || entries.len() >= RECORDS_MAX
                    || one.offset + record.end as u64 > end;
                if is_full {
                    bytes.extend_from_slice(one.bytes.get(begin..to).unwrap_or_default());
                    break 'commits;
                }
                (to, chain) = (record.end, record.chain);
                entries.push(record.entry);
            }
            bytes.extend_from_slice(one.bytes.get(begin..to).unwrap_or_default());
        }
        (!entries.is_empty()).then_some(FrameRange { bytes, entries, chain })
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::segment::Frame;
    use super::*;
    use records::record::entry;

    /// A commit of so many records of so many bytes behind another one, or at the beginning of a
    /// segment.
    fn commit(behind: (u64, u64, [u8; 32]), count: usize, bytes_of_one: usize) -> CommittedFrames {
        let (segment, offset, before) = behind;
        let (mut bytes, mut records, mut chain) = (Vec::new(), Vec::new(), before);
        for number in 0..count {
            let record = vec![b'a' + u8::try_from(number % 26).unwrap(); bytes_of_one];
            let entry = entry(&[7; 32], &record);
            let frame = Frame::new(&chain, record, [7; 32], b"[]".to_vec());
            assert!(frame.write(&mut bytes));
            chain = frame.chain;
            records.push(CommittedRecord { end: bytes.len(), entry, chain });
        }
        CommittedFrames { segment, offset, before, bytes, records }
    }

    fn behind(one: &CommittedFrames) -> (u64, u64, [u8; 32]) {
        (one.segment, one.end(), one.records.last().unwrap().chain)
    }

    /// From each record on it gives what lies there, over commits, up to where it may; between two
    /// records, behind a hole and after another chain it gives nothing.
    #[test]
    fn what_was_written_is_given_as_it_lies() {
        let lately = Lately::default();
        let first = commit((3, 72, [9; 32]), 3, 10);
        let second = commit(behind(&first), 2, 20);
        let (_, end, last) = behind(&second);
        let all = [first.bytes.as_slice(), &second.bytes].concat();
        let mut places = vec![(72, [9; 32])];
        for one in [&first, &second] {
            places.extend(one.records.iter().map(|r| (one.offset + r.end as u64, r.chain)));
        }
        lately.add(first);
        lately.add(second);
        let size = |range: &FrameRange| range.bytes.len() as u64;
        for (number, (from, chain)) in places.iter().enumerate() {
            for (left, (to, _)) in places.iter().enumerate().skip(number) {
                let range = lately.range(3, (*from, *to), chain);
                assert_eq!(range.is_some(), left > number, "{from} to {to}");
                let Some(range) = range else { continue };
                assert_eq!((size(&range), range.entries.len()), (to - from, left - number));
                let begin = usize::try_from(from - 72).unwrap();
                assert!(all.get(begin..).unwrap().starts_with(&range.bytes));
                assert_eq!(range.chain, places[left].1);
            }
            assert!(lately.range(3, (*from, u64::MAX), &[8; 32]).is_none(), "another chain");
            assert!(lately.range(3, (from + 1, u64::MAX), chain).is_none(), "no beginning");
            assert!(lately.range(4, (*from, u64::MAX), chain).is_none(), "another segment");
        }
        assert_eq!(lately.range(3, (72, u64::MAX), &[9; 32]).unwrap().chain, last);
        // Half of a record is none; what is forgotten is not given, and what follows it is.
        assert!(lately.range(3, (72, 73), &[9; 32]).is_none());
        lately.forget(3, end - 1);
        assert!(lately.range(3, (72, u64::MAX), &[9; 32]).is_none());
        let (from, chain) = places[3];
        assert_eq!(lately.range(3, (from, u64::MAX), &chain).unwrap().entries.len(), 2);
        lately.add(commit((3, end + 1, last), 1, 10));
        let before_hole = lately.range(3, (from, u64::MAX), &chain).unwrap();
        assert_eq!(before_hole.entries.len(), 2, "up to the hole");
        lately.forget(4, 0);
        assert!(lately.range(3, (from, u64::MAX), &chain).is_none());
        assert_eq!(lately.lock().bytes, 0);
    }

    /// What is handed in together has so many records and bytes; what is kept has a bound.
    #[test]
    fn what_is_kept_and_given_has_a_bound() {
        let lately = Lately::default();
        let many = commit((1, 72, [9; 32]), RECORDS_MAX + 10, 10);
        lately.add(many);
        let range = lately.range(1, (72, u64::MAX), &[9; 32]).unwrap();
        assert_eq!(range.entries.len(), RECORDS_MAX);
        let lately = Lately::default();
        let mut place = (1, 72, [9; 32]);
        for _ in 0..24 {
            let one = commit(place, 10, 60_000);
            place = behind(&one);
            lately.add(one);
            assert!(lately.lock().bytes <= KEPT_BYTES_MAX);
        }
        let (offset, before) = {
            let kept = lately.lock();
            let oldest = kept.commits.front().unwrap();
            assert!(oldest.offset > 72, "the oldest of all went");
            (oldest.offset, oldest.before)
        };
        let range = lately.range(1, (offset, u64::MAX), &before).unwrap();
        assert!(range.bytes.len() <= FRAMES_BYTES_MAX && range.entries.len() == 17);
        assert!(lately.range(1, (72, u64::MAX), &[9; 32]).is_none());
    }
}
