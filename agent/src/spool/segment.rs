//! Segments: files filled with zeros ahead, so that writing into them changes no metadata. A
//! header, then frames; a length of zero ends it. The chain value in each frame tells a whole one
//! from a torn one.
//!
//! ```text
//! header   "yinxin spool 1\n" ‖ 0x00 ‖ epoch (16) ‖ first aseq (u64) ‖ chain before (32)
//! ```
//!
//! Integers are big-endian. Frames are those of `records::spooled`: they go to the log as they lie.

use crate::fixed::RECORD_BYTES_MAX;
use records::access::chain;
use records::record::entry;
use records::spooled::{FRAMES_BYTES_MAX, SpoolFrame};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 16] = b"yinxin spool 1\n\0";
/// So many bytes stand before the first frame.
pub const HEADER_BYTES: u64 = 16 + 16 + 8 + 32;
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
/// So much room at the end of a segment is worth giving back, and less than that is not.
const ROOM_BYTES: u64 = 256 * 1024;

/// Where a run stands at the beginning of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The epoch names the run: 16 random bytes, drawn at its start.
    pub epoch: [u8; 16],
    /// Sequence number of the first frame.
    pub first: u64,
    /// The chain value that the segment continues, 32 bytes (`docs/formats.md` 14).
    pub chain: [u8; 32],
}

/// One record as it lies in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The record is its exact bytes, canonical JSON.
    pub record: Vec<u8>,
    /// The salt of its entry.
    pub salt: [u8; 32],
    /// The chain value behind this record, 32 bytes (`docs/formats.md` 14).
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
        self.as_it_lies().write(to).is_ok()
    }

    /// How many bytes it takes.
    pub fn size(&self) -> u64 {
        self.as_it_lies().size() as u64
    }

    fn as_it_lies(&self) -> SpoolFrame<'_> {
        let Self { salt, chain, record, disclosures } = self;
        SpoolFrame { salt: *salt, chain: *chain, record, disclosures }
    }

    fn of(frame: &SpoolFrame<'_>) -> Self {
        let (record, disclosures) = (frame.record.to_vec(), frame.disclosures.to_vec());
        Self { record, salt: frame.salt, chain: frame.chain, disclosures }
    }
}

/// Whole frames side by side, as they lie in a segment.
pub struct FrameRange {
    /// The frames are these bytes, one behind the other as they lie in the spool.
    pub bytes: Vec<u8>,
    /// The entry of each frame, as the log's tree will hold it.
    pub entries: Vec<[u8; 32]>,
    /// The chain value behind the last frame, 32 bytes.
    pub chain: [u8; 32],
}

impl FrameRange {
    /// Reads whole frames that lie between two offsets, after the chain value `before`, up to the
    /// first that is not whole: `most` of them, and as many as are handed in together.
    pub fn read(
        file: &mut File,
        (offset, end): (u64, u64),
        before: &[u8; 32],
        most: u64,
    ) -> io::Result<Self> {
        let room = end.saturating_sub(offset).min(FRAMES_BYTES_MAX as u64);
        let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or_default());
        file.seek(SeekFrom::Start(offset))?;
        Read::by_ref(file).take(room).read_to_end(&mut bytes)?;
        let (mut entries, mut value, mut rest) = (Vec::new(), *before, bytes.as_slice());
        while (entries.len() as u64) < most
            && let Ok((frame, behind)) = SpoolFrame::read(rest)
        {
            let entry = entry(&frame.salt, frame.record);
            let after = chain(&value, &entry);
            if frame.chain != after {
                break;
            }
            entries.push(entry);
            (value, rest) = (after, behind);
        }
        let whole = bytes.len() - rest.len();
        bytes.truncate(whole);
        Ok(Self { bytes, entries, chain: value })
    }

    /// The records of these frames, as they lie there.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (frame, behind) = SpoolFrame::read(rest).ok()?;
            rest = behind;
            Some(frame.record)
        })
    }

    fn frames(&self) -> impl Iterator<Item = Frame> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (frame, behind) = SpoolFrame::read(rest).ok()?;
            rest = behind;
            Some(Frame::of(&frame))
        })
    }
}

/// The path of the segment with this number.
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

/// Reads all whole frames that lie between two offsets, after the chain value `before`, up to the
/// first that is not whole.
pub fn frames(
    file: &mut File,
    (offset, end): (u64, u64),
    before: &[u8; 32],
) -> io::Result<Vec<Frame>> {
    let (mut found, mut at, mut chain) = (Vec::new(), offset, *before);
    loop {
        let stretch = FrameRange::read(file, (at, end), &chain, u64::MAX)?;
        if stretch.entries.is_empty() {
            return Ok(found);
        }
        found.extend(stretch.frames());
        at += stretch.bytes.len() as u64;
        chain = stretch.chain;
    }
}

/// Where the whole frames of a number end that lie from `offset` on, and the chain value there;
/// nothing if there are not so many.
pub fn behind(
    file: &mut File,
    (offset, end): (u64, u64),
    before: &[u8; 32],
    count: u64,
) -> io::Result<Option<(u64, [u8; 32])>> {
    let (mut at, mut chain, mut left) = (offset, *before, count);
    while left > 0 {
        let stretch = FrameRange::read(file, (at, end), &chain, left)?;
        if stretch.entries.is_empty() {
            return Ok(None);
        }
        at += stretch.bytes.len() as u64;
        chain = stretch.chain;
        left -= stretch.entries.len() as u64;
    }
    Ok(Some((at, chain)))
}

/// Where the whole frames end that lie between two offsets, after the chain value `before`.
pub fn end(file: &mut File, (offset, end): (u64, u64), before: &[u8; 32]) -> io::Result<u64> {
    let (mut at, mut chain) = (offset, *before);
    loop {
        let stretch = FrameRange::read(file, (at, end), &chain, u64::MAX)?;
        if stretch.entries.is_empty() {
            return Ok(at);
        }
        at += stretch.bytes.len() as u64;
        chain = stretch.chain;
    }
}

/// Where the last byte of a segment of this length ends that is no zero, as the last one of a frame
/// is none; nothing where much room is left of what was filled ahead: a run ended in it.
pub fn filled(file: &mut File, length: u64) -> io::Result<Option<u64>> {
    let room = (length / 16).min(ROOM_BYTES);
    let from = length.saturating_sub(room);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    Read::by_ref(file).take(room).read_to_end(&mut tail)?;
    let last = tail.iter().rposition(|byte| *byte != 0);
    Ok(last.map(|last| from + last as u64 + 1))
}

/// Whether a whole frame follows the one at `offset`, which itself is not whole.
pub fn goes_on(file: &mut File, offset: u64, end: u64) -> io::Result<bool> {
    let mut head = [0u8; 4 + 4 + 32 + 32];
    let behind_head = offset + head.len() as u64;
    file.seek(SeekFrom::Start(offset))?;
    if behind_head > end || !whole(file, &mut head)? {
        return Ok(false);
    }
    let (lengths, rest) = head.split_at(8);
    let length = |bytes: Option<&[u8]>| {
        bytes.and_then(|b| b.try_into().ok()).map_or(0, |b| u64::from(u32::from_be_bytes(b)))
    };
    let body = length(lengths.get(..4)) + length(lengths.get(4..8));
    let Some(chained) = rest.last_chunk::<32>() else { return Ok(false) };
    let next = FrameRange::read(file, (behind_head + body, end), chained, 1)?;
    Ok(!next.entries.is_empty())
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
        let read = |file: &mut File| frames(file, (HEADER_BYTES, 4_096), &first.chain).unwrap();
        assert_eq!(read(&mut file), [one.clone(), two.clone()]);
        // As they lie: some of them, and all; and where a number of them ends.
        let stretch = |file: &mut File, most| {
            let read = FrameRange::read(file, (HEADER_BYTES, 4_096), &first.chain, most).unwrap();
            (read.bytes, read.entries.len(), read.chain)
        };
        let end_of_one = usize::try_from(one.size()).unwrap();
        assert_eq!(stretch(&mut file, 1), (bytes[..end_of_one].to_vec(), 1, one.chain));
        assert_eq!(stretch(&mut file, 9), (bytes.clone(), 2, two.chain));
        let whole = (HEADER_BYTES, 4_096);
        let mut end = |count| behind(&mut file, whole, &first.chain, count).unwrap();
        assert_eq!(end(0), Some((HEADER_BYTES, first.chain)));
        assert_eq!(end(1), Some((HEADER_BYTES + one.size(), one.chain)));
        assert_eq!(end(2), Some((HEADER_BYTES + bytes.len() as u64, two.chain)));
        assert_eq!(end(3), None);
        file.seek(SeekFrom::Start(HEADER_BYTES + bytes.len() as u64 - 1)).unwrap();
        file.write_all(b"X").unwrap();
        assert_eq!(read(&mut file), [one]);
        file.seek(SeekFrom::Start(HEADER_BYTES + 73)).unwrap();
        file.write_all(b"X").unwrap();
        assert_eq!(read(&mut file), []);
    }
}
