//! A start: what lies in the spool from earlier runs, which is looked at quickly however much it
//! is, and which requests never came to an end, which are read beside what the gate does by then.

use super::of_request::{OfRequest, of_request};
use super::segment::{self, FrameRange, HEADER_BYTES};
use records::Bytes;
use records::access::request_id;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

/// How far the log has acknowledged, and which requests before that point were still open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AckedPosition {
    /// Segment to go on with.
    pub segment: u64,
    /// Records of it that are acknowledged.
    pub records: u64,
    /// Requests that were acknowledged and not completed.
    pub open: BTreeSet<String>,
}

impl AckedPosition {
    /// Reads it; a missing file is a first start.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        match std::fs::read(folder.join("acked")) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes it durable in the spool's folder; an error is the file system's.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        Ok(crate::write_file(&folder.join("acked"), &serde_json::to_vec(self)?)?)
    }

    /// Follows a record of a run, by its number: a permitted request is open until it is completed.
    pub fn follow(&mut self, agent: &str, (epoch, aseq): (&Bytes, u64), record: &[u8]) {
        match of_request(record) {
            Some(OfRequest::Permitted) => {
                self.open.insert(request_id(agent, epoch, aseq));
            }
            Some(OfRequest::Ended(request)) => {
                self.open.remove(request);
            }
            None => {}
        }
    }
}

/// What a start finds in the spool's folder, before it goes on behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveredSpool {
    /// The next segment has this number.
    pub next: u64,
    /// Bytes of segments that lie there.
    pub bytes: u64,
    /// Bytes that the log has not acknowledged, by segment.
    pub waiting: BTreeMap<u64, u64>,
    /// These segments cannot be read.
    pub damaged: Vec<u64>,
    /// The requests without an end follow from these, which are read later.
    pub unread: UnreadRuns,
}

/// Segments of earlier runs whose requests were not followed yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnreadRuns {
    folder: PathBuf,
    agent: String,
    acked: AckedPosition,
    segments: Vec<u64>,
}

/// Looks what earlier runs left. Whole segments are not read, but for the one that the log has in
/// part, and for those that a run ended in.
pub fn recover(folder: &Path, agent: &str) -> anyhow::Result<RecoveredSpool> {
    std::fs::create_dir_all(folder)?;
    let acked = AckedPosition::read(folder)?;
    let mut found = RecoveredSpool { next: acked.segment + 1, ..RecoveredSpool::default() };
    let mut segments = Vec::new();
    for number in segment::list(folder)? {
        found.next = found.next.max(number + 1);
        let mut file =
            File::options().read(true).write(true).open(segment::path(folder, number))?;
        let mut length = file.metadata()?.len();
        let Some(header) = segment::header(&mut file)? else {
            found.bytes += length;
            found.damaged.push(number);
            continue;
        };
        let filled = segment::filled(&mut file, length)?;
        if filled.is_none() {
            length = give_back(&mut file, length, &header.chain)?;
        }
        found.bytes += length;
        let acknowledged = match number.cmp(&acked.segment) {
            Ordering::Less => continue,
            Ordering::Greater => HEADER_BYTES,
            Ordering::Equal => {
                let span = (HEADER_BYTES, length);
                let behind = segment::behind(&mut file, span, &header.chain, acked.records)?;
                behind.map_or(length, |(offset, _)| offset)
            }
        };
        segments.push(number);
        if let waiting @ 1.. = filled.unwrap_or(length).saturating_sub(acknowledged) {
            found.waiting.insert(number, waiting);
        }
    }
    found.unread = UnreadRuns { folder: folder.to_owned(), agent: agent.into(), acked, segments };
    Ok(found)
}

impl UnreadRuns {
    /// Follows all of them, however much that is; gives the requests without an end, whose outcome
    /// nobody knows. Until then none of these segments may be freed.
    pub fn read(self) -> anyhow::Result<BTreeSet<String>> {
        let Self { folder, agent, acked, segments } = self;
        let mut state = AckedPosition { open: acked.open, ..AckedPosition::default() };
        for number in segments {
            let mut file = File::open(segment::path(&folder, number))?;
            let end = file.metadata()?.len();
            let Some(header) = segment::header(&mut file)? else { continue };
            let skip = if number == acked.segment { acked.records } else { 0 };
            let (mut at, mut chain, mut aseq) = (HEADER_BYTES, header.chain, header.first);
            let (first, epoch) = (header.first.saturating_add(skip), header.epoch.into());
            loop {
                let stretch = FrameRange::read(&mut file, (at, end), &chain, u64::MAX)?;
                if stretch.entries.is_empty() {
                    break;
                }
                for record in stretch.records() {
                    if aseq >= first {
                        state.follow(&agent, (&epoch, aseq), record);
                    }
                    aseq = aseq.saturating_add(1);
                }
                at += stretch.bytes.len() as u64;
                chain = stretch.chain;
            }
        }
        Ok(state.open)
    }
}

/// Gives room back that was filled ahead and that nobody writes into any more: starts while the log
/// is away must not fill the spool by themselves. What lies behind damage stays. Gives the length.
fn give_back(file: &mut File, length: u64, before: &[u8; 32]) -> std::io::Result<u64> {
    let end = segment::end(file, (HEADER_BYTES, length), before)?;
    if segment::goes_on(file, end, length)? {
        return Ok(length);
    }
    // A start on a full disk does not fail for room that it wanted to free.
    match file.set_len(end).and_then(|()| file.sync_all()) {
        Ok(()) => Ok(end),
        Err(_) => Ok(length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::segment::{Frame, Header};
    use std::io::Write;

    const SEGMENT_BYTES: u64 = 4_096;

    fn record(kind: &str, body: &str) -> Vec<u8> {
        format!(r#"{{"body":{{{body}}},"id":"A","kind":"{kind}"}}"#).into_bytes()
    }

    fn permitted() -> Vec<u8> {
        record("decision", r#""outcome":"permitted""#)
    }

    /// Lays a segment of a run that holds these records, as it is filled ahead; gives the header of
    /// the next one.
    fn lay(folder: &Path, number: u64, header: &Header, records: &[Vec<u8>]) -> (Header, u64) {
        let file = segment::fill(folder, number, SEGMENT_BYTES).unwrap();
        let mut file = segment::begin(folder, number, file, header).unwrap();
        let (mut bytes, mut next) = (Vec::new(), header.clone());
        for record in records {
            let frame = Frame::new(&next.chain, record.clone(), [1; 32], b"[]".to_vec());
            assert!(frame.write(&mut bytes));
            next = Header { first: next.first + 1, chain: frame.chain, ..next };
        }
        file.write_all(&bytes).unwrap();
        (next, HEADER_BYTES + bytes.len() as u64)
    }

    fn length(folder: &Path, number: u64) -> u64 {
        segment::path(folder, number).metadata().unwrap().len()
    }

    /// A start does not read what lies there to find its place behind it. Requests without an end
    /// are read afterwards, over all segments, from what the log has on.
    #[test]
    fn a_start_reads_no_whole_spool_to_go_on_behind_it() {
        let spool = tempfile::tempdir().unwrap();
        let folder = spool.path();
        let first = Header { epoch: [7; 16], first: 0, chain: [9; 32] };
        let name = |aseq| request_id("gate-1", &first.epoch.into(), aseq);
        let ended = |aseq| record("completion", &format!(r#""request":"{}""#, name(aseq)));
        // One is full but for what no record had room in, the other is what a run ended in.
        let full = vec![permitted(); 30];
        let (second, end) = lay(folder, 4, &first, &full);
        assert!(end <= SEGMENT_BYTES && SEGMENT_BYTES - end < 300, "{end}");
        let rest = File::options().write(true).open(segment::path(folder, 4)).unwrap();
        rest.set_len(end + 5).unwrap();
        let (_, last) = lay(folder, 5, &second, &[ended(0), permitted(), ended(31)]);
        let acked = AckedPosition { segment: 4, records: 26, open: [name(0), name(3)].into() };
        acked.write(folder).unwrap();
        let found = recover(folder, "gate-1").unwrap();
        assert_eq!((found.next, found.bytes), (6, end + 5 + last));
        assert_eq!((length(folder, 4), length(folder, 5)), (end + 5, last), "room is given back");
        let of_one = (end - HEADER_BYTES) / 30;
        let waiting = BTreeMap::from([(4, 4 * of_one), (5, last - HEADER_BYTES)]);
        assert_eq!(found.waiting, waiting);
        assert_eq!(found.unread.segments, [4, 5]);
        let open = found.unread.clone().read().unwrap();
        let wanted = [name(3), name(26), name(27), name(28), name(29)];
        assert_eq!(open, BTreeSet::from(wanted));
        // What the log has whole is not read at all, and one that is damaged is told.
        let acked = AckedPosition { segment: 5, records: 0, open: BTreeSet::new() };
        acked.write(folder).unwrap();
        std::fs::write(segment::path(folder, 6), [0; 100]).unwrap();
        let found = recover(folder, "gate-1").unwrap();
        assert_eq!((found.next, found.damaged), (7, vec![6]));
        assert_eq!(found.waiting, BTreeMap::from([(5, last - HEADER_BYTES)]));
        assert_eq!((found.bytes, found.unread.segments), (end + last + 105, vec![5]));
    }
}
