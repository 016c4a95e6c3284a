//! A start: what lies in the spool from earlier runs, and which requests never came to an end.

use super::of_request::{OfRequest, of_request};
use super::segment::{self, HEADER_BYTES};
use records::Bytes;
use records::access::request_id;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

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
    /// Bytes of records that the log has not acknowledged, by segment.
    pub waiting: BTreeMap<u64, u64>,
    /// Requests without an end: their outcome is unknown.
    pub open: BTreeSet<String>,
    /// These segments cannot be read.
    pub damaged: Vec<u64>,
}

/// Reads what earlier runs left.
pub fn recover(folder: &Path, agent: &str) -> anyhow::Result<RecoveredSpool> {
    std::fs::create_dir_all(folder)?;
    let acked = AckedPosition::read(folder)?;
    let mut found = RecoveredSpool { next: acked.segment + 1, ..RecoveredSpool::default() };
    let mut state = AckedPosition { open: acked.open, ..AckedPosition::default() };
    for number in segment::list(folder)? {
        found.next = found.next.max(number + 1);
        let mut file =
            File::options().read(true).write(true).open(segment::path(folder, number))?;
        let length = file.metadata()?.len();
        let Some(header) = segment::header(&mut file)? else {
            found.bytes += length;
            found.damaged.push(number);
            continue;
        };
        let frames = segment::frames(&mut file, (HEADER_BYTES, length), &header.chain)?;
        found.bytes += give_back(&mut file, length, &frames)?;
        let skip = if number == acked.segment { acked.records } else { 0 };
        let skip = if number < acked.segment { u64::MAX } else { skip };
        let epoch = header.epoch.into();
        for (position, frame) in (0_u64..).zip(&frames) {
            if position >= skip {
                *found.waiting.entry(number).or_default() += frame.size();
                state.follow(agent, (&epoch, header.first + position), &frame.record);
            }
        }
    }
    found.open = state.open;
    Ok(found)
}

/// Gives room back that was filled ahead and that nobody writes into any more: starts while the log
/// is away must not fill the spool by themselves. What lies behind damage stays. Gives the length.
fn give_back(file: &mut File, length: u64, frames: &[segment::Frame]) -> std::io::Result<u64> {
    let end = HEADER_BYTES + frames.iter().map(segment::Frame::size).sum::<u64>();
    if segment::goes_on(file, end, length)? {
        return Ok(length);
    }
    // A start on a full disk does not fail for room that it wanted to free.
    match file.set_len(end).and_then(|()| file.sync_all()) {
        Ok(()) => Ok(end),
        Err(_) => Ok(length),
    }
}
