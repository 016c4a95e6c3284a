//! Records of an agent's run as they lie in its spool, and as it hands them to the log: the same
//! bytes, encoded for neither way.
//!
//! ```text
//! frame     u32 length of record ‖ u32 length of disclosures ‖ salt (32) ‖ chain after (32) ‖
//!           record ‖ disclosures (JSON)
//! spooled   u32 length of heading ‖ heading (JSON) ‖ frames
//! ```
//!
//! Integers are big-endian. Lengths are judged against what is there before anything is taken.

use crate::access::{SignedHead, chain};
use crate::code::Code;
use crate::json::{self, JsonError};
use crate::record::entry;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Most bytes of one record, and of what opens it.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;
/// Most records that are handed in together.
pub const RECORDS_MAX: usize = 1_024;
/// Most bytes of their frames; each of them has room in it.
pub const FRAMES_BYTES_MAX: usize = 1 << 20;
/// Most bytes of what stands before them.
pub const HEADING_BYTES_MAX: usize = 4 * 1024;
/// Most bytes of all that.
pub const SPOOLED_BYTES_MAX: usize = 4 + HEADING_BYTES_MAX + FRAMES_BYTES_MAX;

const FRAME_HEAD: usize = 4 + 4 + 32 + 32;
const _: () = assert!(FRAME_HEAD + 2 * RECORD_BYTES_MAX <= FRAMES_BYTES_MAX);

/// Why bytes are no spooled records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpooledError {
    /// A length leads beyond the end, or something is missing or has another form.
    #[error("they are not whole frames behind a heading")]
    Malformed,
    /// A record, or all of them, take more than there is room for.
    #[error("they are too large, or too many")]
    TooLarge,
}

impl SpooledError {
    /// The code that whoever handed them in learns.
    pub fn code(self) -> Code {
        match self {
            Self::Malformed => Code::Malformed,
            Self::TooLarge => Code::TooLarge,
        }
    }
}

/// One record as it lies in a spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpoolFrame<'a> {
    /// The salt of its entry.
    pub salt: [u8; 32],
    /// Chain value after it, as its agent wrote it.
    pub chain: [u8; 32],
    /// The record is its exact bytes, canonical JSON.
    pub record: &'a [u8],
    /// What opens its commitments, JSON; empty if it has none.
    pub disclosures: &'a [u8],
}

impl<'a> SpoolFrame<'a> {
    /// Reads the first of some bytes; gives what stands behind it, too.
    pub fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), SpooledError> {
        let head = || {
            let (record, rest) = bytes.split_first_chunk::<4>()?;
            let (disclosures, rest) = rest.split_first_chunk::<4>()?;
            let (salt, rest) = rest.split_first_chunk::<32>()?;
            let (chain, rest) = rest.split_first_chunk::<32>()?;
            Some(((length(*record), length(*disclosures)), *salt, *chain, rest))
        };
        let (lengths, salt, chain, rest) = head().ok_or(SpooledError::Malformed)?;
        if lengths.0 == 0 {
            return Err(SpooledError::Malformed);
        }
        if lengths.0 > RECORD_BYTES_MAX || lengths.1 > RECORD_BYTES_MAX {
            return Err(SpooledError::TooLarge);
        }
        let body = || {
            let (record, rest) = rest.split_at_checked(lengths.0)?;
            let (disclosures, rest) = rest.split_at_checked(lengths.1)?;
            Some((Self { salt, chain, record, disclosures }, rest))
        };
        body().ok_or(SpooledError::Malformed)
    }

    /// Whether it has a size that a reader takes.
    fn is_sound(&self) -> bool {
        (1..=RECORD_BYTES_MAX).contains(&self.record.len())
            && self.disclosures.len() <= RECORD_BYTES_MAX
    }

    /// Appends its bytes, if it has a size that a reader takes.
    pub fn write(&self, to: &mut Vec<u8>) -> Result<(), SpooledError> {
        if !self.is_sound() {
            return Err(SpooledError::TooLarge);
        }
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).ok();
        let lengths = length(self.record).zip(length(self.disclosures));
        let (record, disclosures) = lengths.ok_or(SpooledError::TooLarge)?;
        to.extend(record.to_be_bytes());
        to.extend(disclosures.to_be_bytes());
        to.extend(self.salt);
        to.extend(self.chain);
        to.extend_from_slice(self.record);
        to.extend_from_slice(self.disclosures);
        Ok(())
    }

    /// How many bytes it takes.
    pub fn size(&self) -> usize {
        FRAME_HEAD + self.record.len() + self.disclosures.len()
    }
}

/// Why a record does not lie in a spool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLaid {
    /// It is no document of ours.
    #[error(transparent)]
    Form(#[from] JsonError),
    /// It has no size that a reader takes.
    #[error(transparent)]
    Size(#[from] SpooledError),
}

/// What a record is hashed to where it was laid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaidFrame {
    /// The entry in the tree of the log, 32 bytes (`docs/formats.md` 14).
    pub entry: [u8; 32],
    /// The chain value behind the record, 32 bytes.
    pub chain: [u8; 32],
}

/// Appends a frame whose record is written where it lies, behind a chain value; gives its entry and
/// the chain value after it. What is not laid leaves nothing behind.
pub fn lay(
    to: &mut Vec<u8>,
    (salt, before): (&[u8; 32], &[u8; 32]),
    record: impl FnOnce(&mut Vec<u8>) -> Result<(), JsonError>,
    disclosures: &[u8],
) -> Result<LaidFrame, NotLaid> {
    let begins = to.len();
    let laid = try_to_lay(to, (salt, before), record, disclosures);
    if laid.is_err() {
        to.truncate(begins);
    }
    laid
}

fn try_to_lay(
    to: &mut Vec<u8>,
    (salt, before): (&[u8; 32], &[u8; 32]),
    record: impl FnOnce(&mut Vec<u8>) -> Result<(), JsonError>,
    disclosures: &[u8],
) -> Result<LaidFrame, NotLaid> {
    let begins = to.len();
    // Lengths and chain value follow from what comes behind them.
    to.extend_from_slice(&[0; 8]);
    to.extend_from_slice(salt);
    to.extend_from_slice(&[0; 32]);
    let from = to.len();
    record(to)?;
    let written = to.get(from..).unwrap_or_default();
    let frame = SpoolFrame { salt: *salt, chain: [0; 32], record: written, disclosures };
    if !frame.is_sound() {
        return Err(SpooledError::TooLarge.into());
    }
    let entry = entry(salt, written);
    let after = chain(before, &entry);
    let lengths = [written.len(), disclosures.len()];
    let lengths = lengths.map(|length| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    let head = to.get_mut(begins..from).and_then(|head| head.split_first_chunk_mut::<8>());
    if let Some((place, rest)) = head {
        place.copy_from_slice(lengths.as_flattened());
        if let Some(place) = rest.last_chunk_mut::<32>() {
            *place = after;
        }
    }
    to.extend_from_slice(disclosures);
    Ok(LaidFrame { entry, chain: after })
}

/// Records of an agent's run as it hands them in: in order, without holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spooled<'a> {
    /// The run's head behind the last of them.
    pub head: SignedHead,
    /// Size of the newest checkpoint of `access` that the agent holds.
    pub known: u64,
    /// Their frames, one behind the other.
    pub bytes: Cow<'a, [u8]>,
}

/// What stands before the frames.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heading {
    head: SignedHead,
    known: u64,
}

impl<'a> Spooled<'a> {
    /// Reads what an agent hands in; its frames stay where they lie.
    pub fn read(bytes: &'a [u8]) -> Result<Self, SpooledError> {
        let (size, rest) = bytes.split_first_chunk::<4>().ok_or(SpooledError::Malformed)?;
        let size = length(*size);
        if size > HEADING_BYTES_MAX {
            return Err(SpooledError::TooLarge);
        }
        let (heading, frames) = rest.split_at_checked(size).ok_or(SpooledError::Malformed)?;
        match frames.len() {
            0 => return Err(SpooledError::Malformed),
            1..=FRAMES_BYTES_MAX => {}
            _ => return Err(SpooledError::TooLarge),
        }
        let Heading { head, known } = json::read(heading).map_err(|_| SpooledError::Malformed)?;
        Ok(Self { head, known, bytes: Cow::Borrowed(frames) })
    }

    /// Writes the bytes that are handed in to the log.
    pub fn write(&self) -> Result<Vec<u8>, JsonError> {
        let heading = json::write(&Heading { head: self.head.clone(), known: self.known })?;
        let size = u32::try_from(heading.len()).unwrap_or(u32::MAX).to_be_bytes();
        Ok([size.as_slice(), &heading, &self.bytes].concat())
    }

    /// The frames, in order; what is none, or one too many, ends them.
    pub fn frames(&self) -> impl Iterator<Item = Result<SpoolFrame<'_>, SpooledError>> {
        let (mut rest, mut count) = (&*self.bytes, 0);
        core::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            count += 1;
            let read = match count {
                1..=RECORDS_MAX => SpoolFrame::read(rest),
                _ => Err(SpooledError::TooLarge),
            };
            rest = match &read {
                Ok((_, behind)) => *behind,
                Err(_) => &[],
            };
            Some(read.map(|(frame, _)| frame))
        })
    }
}

fn length(bytes: [u8; 4]) -> usize {
    usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Bytes;

    fn frame<'a>(record: &'a [u8], disclosures: &'a [u8]) -> SpoolFrame<'a> {
        SpoolFrame { salt: [1; 32], chain: [2; 32], record, disclosures }
    }

    fn bytes(frames: &[SpoolFrame<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for frame in frames {
            frame.write(&mut bytes).unwrap();
        }
        bytes
    }

    fn spooled(frames: Vec<u8>) -> Spooled<'static> {
        let head = SignedHead { head: Bytes(vec![3; 200]), signature: Bytes(vec![4; 71]) };
        Spooled { head, known: 9, bytes: frames.into() }
    }

    /// What reading all of it gives: how many frames, or why they are none.
    fn read(written: &[u8]) -> Result<usize, SpooledError> {
        let spooled = Spooled::read(written)?;
        let frames: Result<Vec<_>, _> = spooled.frames().collect();
        Ok(frames?.len())
    }

    #[test]
    fn what_lies_in_a_spool_is_read_as_it_lies_there() {
        let frames = [frame(b"one", b"[]"), frame(b"two", b""), frame(b"three", b"[1]")];
        let whole = spooled(bytes(&frames));
        let written = whole.write().unwrap();
        assert!(written.ends_with(&bytes(&frames)));
        let again = Spooled::read(&written).unwrap();
        assert_eq!(again, whole);
        let read: Vec<_> = again.frames().map(Result::unwrap).collect();
        assert_eq!(read, frames);
        assert_eq!(frames.iter().map(SpoolFrame::size).sum::<usize>(), whole.bytes.len());
    }

    /// A record that is written where it lies lies there as one that was written before; what does
    /// not fit leaves nothing behind.
    #[test]
    fn what_is_laid_lies_as_what_is_written() {
        let (salt, before, mut laid) = ([1; 32], [9; 32], b"before".to_vec());
        for (record, disclosures) in [(b"one".as_slice(), b"[]".as_slice()), (b"three", b"")] {
            let entry = entry(&salt, record);
            let chain = chain(&before, &entry);
            let mut written = laid.clone();
            SpoolFrame { salt, chain, record, disclosures }.write(&mut written).unwrap();
            let writes = |to: &mut Vec<u8>| {
                to.extend_from_slice(record);
                Ok(())
            };
            let hashed = lay(&mut laid, (&salt, &before), writes, disclosures);
            assert_eq!(hashed, Ok(LaidFrame { entry, chain }));
            assert_eq!(laid, written);
        }
        let (as_it_was, beyond) = (laid.clone(), vec![7; RECORD_BYTES_MAX + 1]);
        let mut refused = |record: &[u8], disclosures: &[u8], wrong: Option<JsonError>| {
            let writes = |to: &mut Vec<u8>| {
                to.extend_from_slice(record);
                wrong.clone().map_or(Ok(()), Err)
            };
            let not = lay(&mut laid, (&salt, &before), writes, disclosures).unwrap_err();
            assert_eq!(laid, as_it_was);
            not
        };
        let too_large = NotLaid::Size(SpooledError::TooLarge);
        assert_eq!(refused(&beyond, b"", None), too_large);
        assert_eq!(refused(b"one", &beyond, None), too_large);
        assert_eq!(refused(b"", b"[]", None), too_large);
        assert_eq!(refused(b"o", b"", Some(JsonError::Number)), NotLaid::Form(JsonError::Number));
    }

    /// Cut anywhere, lengthened, or with a length beyond the end: nothing of it is taken.
    #[test]
    fn what_is_not_whole_is_malformed() {
        let frames = bytes(&[frame(b"one", b"[]"), frame(b"two", b"")]);
        let written = spooled(frames.clone()).write().unwrap();
        assert_eq!(read(&written), Ok(2));
        let (heading, first) = (written.len() - frames.len(), FRAME_HEAD + 5);
        for end in 0..written.len() {
            // Behind the first frame it is a shorter run, which its head does not name.
            let is_shorter = end == heading + first;
            let wanted = if is_shorter { Ok(1) } else { Err(SpooledError::Malformed) };
            assert_eq!(read(&written[..end]), wanted, "cut at {end}");
        }
        for more in [[0].as_slice(), &[0; FRAME_HEAD], &[7; 20]] {
            let lengthened = [written.as_slice(), more].concat();
            assert_eq!(read(&lengthened), Err(SpooledError::Malformed), "{more:?}");
        }
        for (at, length) in [(0, 600_u32), (heading, 0), (heading, 60_000), (heading + 4, 9_999)] {
            let mut beyond = written.clone();
            beyond[at..at + 4].copy_from_slice(&length.to_be_bytes());
            assert_eq!(read(&beyond), Err(SpooledError::Malformed), "{at}: {length}");
        }
        let text = String::from_utf8_lossy(&written[4..heading]).replace("\"known\"", "\"Known\"");
        let other = [&written[..4], text.as_bytes(), &frames].concat();
        assert_eq!(read(&other), Err(SpooledError::Malformed), "another heading");
    }

    /// Sizes and numbers are judged before anything of that size is taken.
    #[test]
    fn what_is_too_large_or_too_many_is_refused() {
        let most = vec![7; RECORD_BYTES_MAX];
        let largest = bytes(&[frame(&most, &most)]);
        assert_eq!(read(&spooled(largest.clone()).write().unwrap()), Ok(1));
        let (beyond, mut to) = (vec![7; RECORD_BYTES_MAX + 1], Vec::new());
        assert_eq!(frame(&beyond, b"").write(&mut to), Err(SpooledError::TooLarge));
        assert_eq!(frame(b"one", &beyond).write(&mut to), Err(SpooledError::TooLarge));
        assert_eq!(frame(b"", b"[]").write(&mut to), Err(SpooledError::TooLarge), "none at all");
        assert!(to.is_empty());
        for at in [0, 4] {
            let mut frames = largest.clone();
            frames[at..at + 4].copy_from_slice(&(RECORD_BYTES_MAX as u32 + 1).to_be_bytes());
            let written = spooled(frames).write().unwrap();
            assert_eq!(read(&written), Err(SpooledError::TooLarge), "{at}");
        }
        let small = bytes(&[frame(b"one", b"")]);
        let written = |count| spooled(small.repeat(count)).write().unwrap();
        assert_eq!(read(&written(RECORDS_MAX)), Ok(RECORDS_MAX));
        assert_eq!(read(&written(RECORDS_MAX + 1)), Err(SpooledError::TooLarge));
        let many = spooled(largest.repeat(9)).write().unwrap();
        assert_eq!(read(&many), Err(SpooledError::TooLarge), "all of them together");
        let mut heading = u32::try_from(HEADING_BYTES_MAX + 1).unwrap().to_be_bytes().to_vec();
        heading.resize(2 * HEADING_BYTES_MAX, b' ');
        assert_eq!(read(&heading), Err(SpooledError::TooLarge));
        assert_eq!(SpooledError::TooLarge.code().name(), "too-large");
        assert_eq!(SpooledError::Malformed.code().name(), "malformed");
    }
}
