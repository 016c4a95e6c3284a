//! Messages of an HTTP/1 connection, one after another: heads judged, bodies counted.
//!
//! A head that is not accepted never reaches the HTTP library. In its place it gets a request that
//! names the refusal under a word that only this connection knows, and then the end of the stream.

use super::head::{
    CHUNK, Framing, HeadError, check, exceeded, in_origin_form, lines, number, without_upgrade,
};
use crate::fixed::{SIZE_BYTES_MAX, TRAILER_BYTES_MAX};
use mtls::listen::HeadLimits;

/// Room for a head that a connection keeps for the next one.
const PLACE_BYTES: usize = 2 * 1024;

/// Where a connection stands between bytes.
#[derive(Debug)]
enum Stage {
    Head(Vec<u8>),
    Length(u64),
    /// The line with a chunk's size.
    Size(Vec<u8>),
    Chunk(u64),
    /// What must follow a chunk.
    ChunkEnd(u8),
    /// Lines after the last chunk; the number is how many bytes they have so far.
    Trailer(Vec<u8>, usize),
    Held,
    Tunnel,
    Refused,
}

/// Takes bytes of a connection, gives bytes for the library.
#[derive(Debug)]
pub(super) struct Reader {
    stage: Stage,
    word: String,
    limits: HeadLimits,
    /// Why the connection ends, if it does.
    refused: Option<HeadError>,
}

impl Reader {
    /// A connection at its beginning; `word` names refusals to the service behind the library.
    pub(super) fn new(word: &str, limits: HeadLimits) -> Self {
        let (stage, word) = (Stage::Head(Vec::new()), word.to_owned());
        Self { stage, word, limits, refused: None }
    }

    /// Whether nothing more is read.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Refused)
    }

    /// Why nothing more is read.
    pub(super) fn refused(&self) -> Option<HeadError> {
        self.refused
    }

    /// Whether a head has begun and is not whole.
    pub(super) fn is_in_head(&self) -> bool {
        matches!(&self.stage, Stage::Head(head) if !matches!(head.as_slice(), [] | [b'\r']))
    }

    /// Whether it goes on as a tunnel, whose end is its own matter.
    pub(super) fn is_tunnel(&self) -> bool {
        matches!(self.stage, Stage::Tunnel)
    }

    /// Whether it waits for another protocol to be agreed.
    pub(super) fn is_held(&self) -> bool {
        matches!(self.stage, Stage::Held)
    }

    /// Goes on as a tunnel.
    pub(super) fn tunnel(&mut self) {
        self.stage = Stage::Tunnel;
    }

    /// Takes bytes; what the library may see is appended to `out`.
    pub(super) fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        while !rest.is_empty() && !matches!(self.stage, Stage::Held | Stage::Refused) {
            match self.step(rest, out) {
                Ok(used) => rest = rest.get(used..).unwrap_or_default(),
                Err(error) => self.refuse(error, out),
            }
        }
    }

    /// Ends with a request that names the refusal. Its answer has a body only if the refused one
    /// asked for an answer with one.
    pub(super) fn refuse(&mut self, error: HeadError, out: &mut Vec<u8>) {
        let head = matches!(&self.stage, Stage::Head(head) if head.starts_with(b"HEAD "));
        let method = if head { "HEAD" } else { "GET" };
        self.refused = Some(error);
        self.stage = Stage::Refused;
        let word = &self.word;
        let named =
            format!("{method} /{word}/{error} HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n");
        out.extend(named.into_bytes());
    }

    /// How many bytes were used.
    fn step(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, HeadError> {
        match &mut self.stage {
            Stage::Head(head) => {
                if let Some(used) = empty_line(head, bytes)? {
                    return Ok(used);
                }
                let most = self.limits.head_bytes;
                let (used, whole) = match collect(head, bytes, b"\r\n\r\n", most) {
                    Err(HeadError::Size) => return Err(exceeded(head, &self.limits)),
                    collected => collected?,
                };
                if whole {
                    in_origin_form(head)?;
                    let sound = check(head, &self.limits)?;
                    if sound.names_protocol && sound.framing != Framing::Upgrade {
                        without_upgrade(head);
                    }
                    if sound.framing == Framing::Upgrade && used < bytes.len() {
                        // What is sent before the other protocol is agreed belongs to nobody.
                        return Err(HeadError::Upgrade);
                    }
                    out.append(head);
                    let place = std::mem::take(head);
                    self.stage = match sound.framing {
                        Framing::Length(0) => next_head(place),
                        Framing::Length(length) => Stage::Length(length),
                        Framing::Chunked => Stage::Size(Vec::new()),
                        Framing::Upgrade => Stage::Held,
                    };
                }
                Ok(used)
            }
            Stage::Length(left) => {
                let used = pass(left, bytes, out);
                if *left == 0 {
                    self.stage = Stage::Head(Vec::new());
                }
                Ok(used)
            }
            Stage::Size(line) => {
                let (used, whole) = collect(line, bytes, b"\r\n", SIZE_BYTES_MAX)
                    .map_err(|error| of_body(error, HeadError::Large))?;
                if whole {
                    let size = chunk_size(line)?;
                    out.extend(format!("{size:x}\r\n").into_bytes());
                    self.stage = match size {
                        0 => Stage::Trailer(Vec::new(), 0),
                        size => Stage::Chunk(size),
                    };
                }
                Ok(used)
            }
            Stage::Chunk(_) | Stage::ChunkEnd(_) | Stage::Trailer(..) => self.chunk(bytes, out),
            Stage::Tunnel => {
                out.extend(bytes);
                Ok(bytes.len())
            }
            Stage::Held | Stage::Refused => Ok(bytes.len()),
        }
    }

    /// A chunk, its end, or what follows the last one.
    fn chunk(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, HeadError> {
        match &mut self.stage {
            Stage::Chunk(left) => {
                let used = pass(left, bytes, out);
                if *left == 0 {
                    self.stage = Stage::ChunkEnd(b'\r');
                }
                Ok(used)
            }
            Stage::ChunkEnd(wanted) => {
                if bytes.first() != Some(wanted) {
                    return Err(HeadError::Framing);
                }
                out.push(*wanted);
                self.stage = match wanted {
                    b'\r' => Stage::ChunkEnd(b'\n'),
                    _ => Stage::Size(Vec::new()),
                };
                Ok(1)
            }
            Stage::Trailer(line, all) => {
                let (used, whole) = collect(line, bytes, b"\r\n", TRAILER_BYTES_MAX)
                    .map_err(|error| of_body(error, HeadError::Trailer))?;
                *all += used;
                if *all > TRAILER_BYTES_MAX {
                    return Err(HeadError::Trailer);
                }
                if whole {
                    let last = line.len() == 2;
                    lines(line)?;
                    line.clear();
                    if last {
                        out.extend(b"\r\n");
                        self.stage = Stage::Head(Vec::new());
                    }
                }
                Ok(used)
            }
            _ => Ok(bytes.len()),
        }
    }
}

/// The next head comes into the place of the last one, unless that was a large one: most
/// connections wait most of their time.
fn next_head(place: Vec<u8>) -> Stage {
    Stage::Head(if place.capacity() <= PLACE_BYTES { place } else { Vec::new() })
}

/// Collects until `end`; gives how many bytes were used and whether it is there.
fn collect(
    line: &mut Vec<u8>,
    bytes: &[u8],
    end: &[u8],
    max: usize,
) -> Result<(usize, bool), HeadError> {
    let mut used = 0;
    while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
        let room = max.saturating_sub(line.len());
        let feed = rest.iter().take(room).position(|byte| *byte == b'\n');
        let taken = feed.map_or(rest.len().min(room), |place| place + 1);
        line.extend_from_slice(rest.get(..taken).unwrap_or_default());
        used += taken;
        if line.ends_with(end) {
            return Ok((used, true));
        }
        // A line feed alone ends lines for some programs and not for others.
        if feed.is_some() && !line.ends_with(b"\r\n") {
            return Err(HeadError::Line);
        }
        if line.len() >= max {
            return Err(HeadError::Size);
        }
    }
    Ok((used, false))
}

/// What is wrong with a line of a body; `large` says that it is too long.
fn of_body(error: HeadError, large: HeadError) -> HeadError {
    if error == HeadError::Size { large } else { error }
}

fn pass(left: &mut u64, bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let used = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    out.extend(bytes.get(..used).unwrap_or_default());
    *left -= used as u64;
    used
}

/// An empty line before a request line, as old clients leave one behind a body, is passed over
/// (RFC 9112 2.2); gives how many bytes were used.
fn empty_line(head: &mut Vec<u8>, bytes: &[u8]) -> Result<Option<usize>, HeadError> {
    match (head.as_slice(), bytes.first()) {
        ([], Some(b'\r')) => head.push(b'\r'),
        ([b'\r'], Some(b'\n')) => head.clear(),
        ([b'\r'], _) => return Err(HeadError::Line),
        _ => return Ok(None),
    }
    Ok(Some(1))
}

/// Hexadecimal digits, without sign or space. Nobody here knows an extension, so that it is passed
/// over (RFC 9112 7.1.1); the application gets the size alone.
fn chunk_size(line: &[u8]) -> Result<u64, HeadError> {
    lines(line)?;
    let line = line.strip_suffix(b"\r\n").ok_or(HeadError::Framing)?;
    let digits = match line.iter().position(|byte| *byte == b';') {
        Some(end) => line.get(..end).unwrap_or_default().trim_ascii_end(),
        None => line,
    };
    number(digits, CHUNK)
}

#[cfg(test)]
mod tests;
