//! Segments: files filled with zeros ahead, so that writing into them changes no metadata. A
//! header, then frames; a length of zero ends it. The chain value in each frame tells a whole one
//! from a torn one.
//!
//! ```text
//! header   "yinxin spool 1\n" ‖ 0x00 ‖ epoch (16) ‖ first aseq (u64) ‖ chain before (32)
//! frame    u32 length of record ‖ u32 length of disclosures ‖ salt (32) ‖ chain after (32) ‖
//!          record ‖ disclosures (JSON)
//! ```
//!
//! Integers are big-endian.

use crate::fixed::RECORD_BYTES_MAX;
use records::access::chain;
use records::record::entry;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 16] = b"yinxin spool 1\n\0";
/// Bytes before the first frame.
pub const HEADER_BYTES: u64 = 16 + 16 + 8 + 32;
const FRAME_HEAD: usize = 4 + 4 + 32 + 32;
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// Where a run stands at the beginning of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Epoch.
    pub epoch: [u8; 16],
    /// Sequence number of the first frame.
    pub first: u64,
    /// Chain value before it.
    pub chain: [u8; 32],
}

/// One record as it lies in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The record's bytes.
    pub record: Vec<u8>,
    /// The salt of its entry.
    pub salt: [u8; 32],
    /// Chain value after it.
    pub chain: [u8; 32],
    /// What opens its commitments, JSON.
    pub disclosures: Vec<u8>,
}

impl Frame {
    /// A frame after a chain value.
    pub fn new(before: &[u8; 32], record: Vec<u8>, salt: [u8; 32], disclosures: Vec<u8>) -> Self {
        let chain = chain(before, &entry(&salt, &record));
        Self { record, salt, chain, disclosures }
    }

    /// Whether it has a size that a reader takes.
    pub fn is_sound(&self) -> bool {
        (1..=RECORD_BYTES_MAX).contains(&self.record.len())
            && self.disclosures.len() <= RECORD_BYTES_MAX
    }

    /// Appends its bytes; false if it is too large for any segment.
    pub fn write(&self, to: &mut Vec<u8>) -> bool {
        let (Ok(record), Ok(disclosures)) =
            (u32::try_from(self.record.len()), u32::try_from(self.disclosures.len()))
        else {
            return false;
        };
        if !self.is_sound() {
            return false;
        }
        to.extend(record.to_be_bytes());
        to.extend(disclosures.to_be_bytes());
        to.extend(self.salt);
        to.extend(self.chain);
        to.extend(&self.record);
        to.extend(&self.disclosures);
        true
    }

    /// How many bytes it takes.
    pub fn size(&self) -> u64 {
        (FRAME_HEAD + self.record.len() + self.disclosures.len()) as u64
    }
}

/// Path of a segment.
pub fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016}.seg"))
}

/// Numbers of the segments in a folder, oldest first.
pub fn list(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for found in std::fs::read_dir(folder)? {
        let name = found?.file_name().to_string_lossy().into_owned();
        let number: Option<u64> = name.strip_suffix(".seg").and_then(|stem| stem.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Makes a file of zeros, durable, under a name that no reader looks at.
pub fn fill(folder: &Path, number: u64, bytes: u64) -> io::Result<File> {
    let path = path(folder, number).with_extension("new");
    let mut file = File::options()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)?;
    let filled = zeros(&mut file, bytes);
    if filled.is_err() {
        // Half a segment is of no use and holds room that others need.
        let _ = std::fs::remove_file(&path);
    }
    filled.map(|()| file)
}

fn zeros(file: &mut File, bytes: u64) -> io::Result<()> {
    let mut left = bytes;
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(ZEROS.len());
        file.write_all(ZEROS.get(..part).unwrap_or_default())?;
        left -= part as u64;
    }
    file.sync_all()
}

/// Gives a filled file its header and its name; durable with its place in the folder.
pub fn begin(folder: &Path, number: u64, mut file: File, header: &Header) -> io::Result<File> {
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend(header.epoch);
    bytes.extend(header.first.to_be_bytes());
    bytes.extend(header.chain);
    file.write_all(&bytes)?;
    file.sync_data()?;
    let to = path(folder, number);
    std::fs::rename(to.with_extension("new"), &to)?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// Reads a segment's header.
pub fn header(file: &mut File) -> io::Result<Option<Header>> {
    let mut bytes = [0u8; HEADER_BYTES as usize];
    file.seek(SeekFrom::Start(0))?;
    if file.read_exact(&mut bytes).is_err() {
        return Ok(None);
    }
    let (magic, rest) = bytes.split_at(16);
    let (epoch, rest) = rest.split_at(16);
    let (first, chain) = rest.split_at(8);
    if magic != MAGIC {
        return Ok(None);
    }
    let header = || {
        Some(Header {
            epoch: epoch.try_into().ok()?,
            first: u64::from_be_bytes(first.try_into().ok()?),
            chain: chain.try_into().ok()?,
        })
    };
    Ok(header())
}

/// Reads whole frames from `offset` on, after the chain value `before`, up to `end` or the first
/// that is not whole; at most `most` of them and about `bytes_max` bytes.
pub fn frames(
    file: &mut File,
    offset: u64,
    end: u64,
    before: &[u8; 32],
    (most, bytes_max): (usize, usize),
) -> io::Result<Vec<Frame>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut reader = io::BufReader::with_capacity(256 * 1024, file);
    let (mut found, mut taken, mut at, mut chain) = (Vec::new(), 0, offset, *before);
    while found.len() < most && taken < bytes_max {
        let Some(frame) = next(&mut reader, at, end, &chain)? else { break };
        at += frame.size();
        chain = frame.chain;
        taken += frame.record.len() + frame.disclosures.len();
        found.push(frame);
    }
    Ok(found)
}

/// Whether a whole frame follows the one at `offset`, which itself is not whole.
pub fn goes_on(file: &mut File, offset: u64, end: u64) -> io::Result<bool> {
    let mut head = [0u8; FRAME_HEAD];
    file.seek(SeekFrom::Start(offset))?;
    if offset + FRAME_HEAD as u64 > end || !whole(file, &mut head)? {
        return Ok(false);
    }
    let (lengths, chained) = head.split_at(FRAME_HEAD - 32);
    let length = |bytes: Option<&[u8]>| {
        bytes.and_then(|b| b.try_into().ok()).map_or(0, |b| u64::from(u32::from_be_bytes(b)))
    };
    let body = length(lengths.get(..4)) + length(lengths.get(4..8));
    let Ok(chained) = <[u8; 32]>::try_from(chained) else { return Ok(false) };
    Ok(!frames(file, offset + FRAME_HEAD as u64 + body, end, &chained, (1, usize::MAX))?.is_empty())
}

fn next(reader: &mut impl Read, at: u64, end: u64, before: &[u8; 32]) -> io::Result<Option<Frame>> {
    let mut head = [0u8; FRAME_HEAD];
    if at + FRAME_HEAD as u64 > end || !whole(reader, &mut head)? {
        return Ok(None);
    }
    let (record, rest) = head.split_at(4);
    let (disclosures, rest) = rest.split_at(4);
    let (salt, chained) = rest.split_at(32);
    let length = |bytes: &[u8]| {
        bytes.try_into().map_or(0, |bytes| usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(0))
    };
    let (record, disclosures) = (length(record), length(disclosures));
    let sound = (1..=RECORD_BYTES_MAX).contains(&record) && disclosures <= RECORD_BYTES_MAX;
    if !sound || at + (FRAME_HEAD + record + disclosures) as u64 > end {
        return Ok(None);
    }
    let mut body = vec![0; record + disclosures];
    if !whole(reader, &mut body)? {
        return Ok(None);
    }
    let disclosures = body.split_off(record);
    let Ok(salt) = <[u8; 32]>::try_from(salt) else { return Ok(None) };
    let frame = Frame::new(before, body, salt, disclosures);
    Ok((frame.chain == *chained).then_some(frame))
}

fn whole(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_frames_come_back_and_a_torn_tail_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let first = Header { epoch: [7; 16], first: 5, chain: [9; 32] };
        let file = fill(folder.path(), 1, 4_096).unwrap();
        assert_eq!(list(folder.path()).unwrap(), Vec::<u64>::new());
        let mut file = begin(folder.path(), 1, file, &first).unwrap();
        assert_eq!(list(folder.path()).unwrap(), [1]);
        let mut bytes = Vec::new();
        let one = Frame::new(&first.chain, b"one".to_vec(), [1; 32], b"[]".to_vec());
        let two = Frame::new(&one.chain, b"two".to_vec(), [2; 32], Vec::new());
        assert!(one.write(&mut bytes) && two.write(&mut bytes));
        file.write_all(&bytes).unwrap();
        assert_eq!(header(&mut file).unwrap(), Some(first.clone()));
        let read = |file: &mut File| {
            frames(file, HEADER_BYTES, 4_096, &first.chain, (10, 10_000)).unwrap()
        };
        assert_eq!(read(&mut file), [one.clone(), two]);
        file.seek(SeekFrom::Start(HEADER_BYTES + bytes.len() as u64 - 1)).unwrap();
        file.write_all(b"X").unwrap();
        assert_eq!(read(&mut file), [one]);
        file.seek(SeekFrom::Start(HEADER_BYTES + 73)).unwrap();
        file.write_all(b"X").unwrap();
        assert_eq!(read(&mut file), []);
    }
}
