//! Answers of HTTP/1 as they lie in what came: where a head ends, and where a body does. Pure:
//! whoever reads the connection brings the bytes.

use super::super::head::{CHUNK, LENGTH, number};
use super::super::no_answer::NoAnswer;
use crate::config::GateLimits;
use crate::fixed::{SIZE_BYTES_MAX, TRAILER_BYTES_MAX};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version, header};
use std::mem::MaybeUninit;

/// What every answer begins with.
const BEGINNING: &[u8] = b"HTTP/1.";
/// Heads with so many fields are read without a place of their own.
const FEW_FIELDS: usize = 64;

/// What a head may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerLimits {
    pub(super) head_bytes: usize,
    pub(super) fields: usize,
}

/// An answer whose head is here.
#[derive(Debug)]
pub(super) struct ReadAnswer {
    pub(super) head: Response<()>,
    pub(super) rest: AnswerRest,
    /// Whether its connection takes another request once it is over.
    pub(super) is_kept: bool,
}

/// What is still to come of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerRest {
    /// Nothing: it is over.
    Nothing,
    /// So many bytes, at least one.
    Length(u64),
    /// The line with a chunk's size.
    Size,
    /// So many bytes of a chunk, at least one.
    Chunk(u64),
    /// The end of a chunk's line.
    ChunkEnd,
    /// Fields behind the last chunk, of which there were so many bytes.
    Trailer(usize),
    /// Whatever comes until the connection ends.
    UntilEnd,
}

/// What of an answer is here.
#[derive(Debug)]
pub(super) enum AnswerStep {
    /// These bytes of its body.
    Bytes(Bytes),
    /// Nothing, before more comes.
    Awaited,
    /// All of it.
    Over,
}

/// Takes the head of an answer out of what came, if it is whole. What is said before an answer is
/// passed over (RFC 9110 15.2); `looked` is how much of what came is no whole head.
pub(super) fn take_answer(
    came: &mut BytesMut,
    looked: &mut usize,
    is_of_head: bool,
    limits: AnswerLimits,
) -> Result<Option<ReadAnswer>, NoAnswer> {
    loop {
        // What is no answer is said at once: its end may never come.
        let begins = came.iter().zip(BEGINNING).all(|(byte, wanted)| byte == wanted);
        if !begins {
            return Err(NoAnswer::Form);
        }
        let Some(length) = end_of_head(came, *looked) else {
            *looked = came.len();
            let has_room = came.len() < limits.head_bytes;
            return if has_room { Ok(None) } else { Err(NoAnswer::TooLarge) };
        };
        if length > limits.head_bytes {
            return Err(NoAnswer::TooLarge);
        }
        *looked = 0;
        let head = read_head(&came.split_to(length).freeze(), limits.fields)?;
        if matches!(head.status().as_u16(), 100 | 102..=199) {
            continue;
        }
        let rest = rest(&head, is_of_head)?;
        let is_kept = rest != AnswerRest::UntilEnd && keeps_connection(&head);
        return Ok(Some(ReadAnswer { head, rest, is_kept }));
    }
}

/// The status and the body of an answer that comes in these pieces, and whether it is over; nothing
/// where it is none.
pub(crate) fn read_answer(pieces: &[&[u8]], limits: &GateLimits) -> Option<(u16, Vec<u8>, bool)> {
    let limits =
        AnswerLimits { head_bytes: limits.answer_head_bytes, fields: limits.answer_fields };
    let (mut came, mut looked, mut read) = (BytesMut::new(), 0, None);
    let mut body = Vec::new();
    for piece in pieces {
        came.extend_from_slice(piece);
        if read.is_none() {
            read = take_answer(&mut came, &mut looked, false, limits).ok()?;
        }
        let Some(ReadAnswer { rest, .. }) = &mut read else { continue };
        while let AnswerStep::Bytes(bytes) = rest.step(&mut came).ok()? {
            body.extend_from_slice(&bytes);
        }
    }
    let ReadAnswer { head, rest, .. } = read?;
    Some((head.status().as_u16(), body, rest == AnswerRest::Nothing))
}

/// How many bytes there are up to the first empty line, with it.
fn end_of_head(came: &[u8], looked: usize) -> Option<usize> {
    let mut from = looked.saturating_sub(3);
    loop {
        from += came.get(from..)?.iter().position(|byte| *byte == b'\n')? + 1;
        let behind = came.get(from..)?;
        if behind.starts_with(b"\r\n") {
            return Some(from + 2);
        }
        if behind.starts_with(b"\n") {
            return Some(from + 1);
        }
    }
}

/// Reads a whole head, of which no part is copied.
fn read_head(head: &Bytes, most: usize) -> Result<Response<()>, NoAnswer> {
    let mut few = [MaybeUninit::uninit(); FEW_FIELDS];
    let read = read_fields(head, few.get_mut(..most.min(FEW_FIELDS)).unwrap_or_default());
    match read {
        Err(NoAnswer::TooLarge) if most > FEW_FIELDS => {
            let mut many = Vec::with_capacity(most);
            read_fields(head, many.spare_capacity_mut().get_mut(..most).unwrap_or_default())
        }
        read => read,
    }
}

fn read_fields<'b>(
    head: &'b Bytes,
    fields: &mut [MaybeUninit<httparse::Header<'b>>],
) -> Result<Response<()>, NoAnswer> {
    let mut read = httparse::Response::new(&mut []);
    let parser = httparse::ParserConfig::default();
    match parser.parse_response_with_uninit_headers(&mut read, head, fields) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(NoAnswer::TooLarge),
        _ => return Err(NoAnswer::Form),
    }
    let status = read.code.and_then(|code| StatusCode::from_u16(code).ok());
    let mut headers = HeaderMap::with_capacity(read.headers.len());
    for field in &*read.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| NoAnswer::Form)?;
        let value = HeaderValue::from_maybe_shared(head.slice_ref(field.value));
        headers.append(name, value.map_err(|_| NoAnswer::Form)?);
    }
    let mut answer = Response::new(());
    *answer.status_mut() = status.ok_or(NoAnswer::Form)?;
    let is_new = read.version == Some(1);
    *answer.version_mut() = if is_new { Version::HTTP_11 } else { Version::HTTP_10 };
    *answer.headers_mut() = headers;
    Ok(answer)
}

/// Where the body of an answer ends (RFC 9112 6.3).
fn rest(head: &Response<()>, is_of_head: bool) -> Result<AnswerRest, NoAnswer> {
    if is_of_head || matches!(head.status().as_u16(), 101 | 204 | 304) {
        return Ok(AnswerRest::Nothing);
    }
    let codings = head.headers().get_all(header::TRANSFER_ENCODING);
    if let Some(codings) = codings.iter().next_back() {
        if head.version() == Version::HTTP_10 {
            return Err(NoAnswer::Form);
        }
        let last = codings.as_bytes().rsplit(|byte| *byte == b',').next().unwrap_or_default();
        let is_chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
        return Ok(if is_chunked { AnswerRest::Size } else { AnswerRest::UntilEnd });
    }
    // Said more than once it has to be one number (RFC 9112 6.3).
    let mut length = None;
    for value in head.headers().get_all(header::CONTENT_LENGTH) {
        for digits in value.as_bytes().split(|byte| *byte == b',') {
            let said = number(digits.trim_ascii(), LENGTH).map_err(|_| NoAnswer::Form)?;
            if length.is_some_and(|known| known != said) {
                return Err(NoAnswer::Form);
            }
            length = Some(said);
        }
    }
    Ok(match length {
        None => AnswerRest::UntilEnd,
        Some(0) => AnswerRest::Nothing,
        Some(length) => AnswerRest::Length(length),
    })
}

/// Whether a connection stays behind an answer. Older ones keep it only if they are asked.
fn keeps_connection(head: &Response<()>) -> bool {
    let values = head.headers().get_all(header::CONNECTION).iter();
    let mut members = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let closes = members.any(|member| member.trim_ascii().eq_ignore_ascii_case(b"close"));
    head.version() == Version::HTTP_11 && !closes && head.status() != 101
}

impl AnswerRest {
    /// Takes what is here of a body out of what came. Fields behind it are dropped.
    pub(super) fn step(&mut self, came: &mut BytesMut) -> Result<AnswerStep, NoAnswer> {
        loop {
            let next = match self {
                Self::Nothing => return Ok(AnswerStep::Over),
                _ if came.is_empty() => return Ok(AnswerStep::Awaited),
                Self::UntilEnd => return Ok(AnswerStep::Bytes(came.split().freeze())),
                Self::Length(left) => {
                    let (bytes, left) = taken(came, *left);
                    *self = if left == 0 { Self::Nothing } else { Self::Length(left) };
                    return Ok(AnswerStep::Bytes(bytes));
                }
                Self::Chunk(left) => {
                    let (bytes, left) = taken(came, *left);
                    *self = if left == 0 { Self::ChunkEnd } else { Self::Chunk(left) };
                    return Ok(AnswerStep::Bytes(bytes));
                }
                Self::Size => match line(came, SIZE_BYTES_MAX)? {
                    None => return Ok(AnswerStep::Awaited),
                    Some(line) => match chunk_size(&line)? {
                        0 => Self::Trailer(0),
                        size => Self::Chunk(size),
                    },
                },
                Self::ChunkEnd => match line(came, 2)? {
                    None => return Ok(AnswerStep::Awaited),
                    Some(_) => Self::Size,
                },
                Self::Trailer(before) => {
                    let before = *before;
                    match line(came, TRAILER_BYTES_MAX.saturating_sub(before))? {
                        None => return Ok(AnswerStep::Awaited),
                        Some(line) if line.len() == 2 => Self::Nothing,
                        Some(line) => Self::Trailer(before + line.len()),
                    }
                }
            };
            *self = next;
        }
    }
}

/// Takes up to so many bytes out of what came; says how many are still to come.
fn taken(came: &mut BytesMut, left: u64) -> (Bytes, u64) {
    let here = usize::try_from(left).unwrap_or(usize::MAX).min(came.len());
    (came.split_to(here).freeze(), left - here as u64)
}

/// Takes a line out of what came, with its end, if it is whole.
fn line(came: &mut BytesMut, most: usize) -> Result<Option<BytesMut>, NoAnswer> {
    match came.iter().take(most).position(|byte| *byte == b'\n') {
        Some(feed) => {
            let line = came.split_to(feed + 1);
            // A CR alone ends a line as well, to some who read it.
            let returns = line.iter().filter(|byte| **byte == b'\r').count();
            match line.ends_with(b"\r\n") && returns == 1 {
                true => Ok(Some(line)),
                false => Err(NoAnswer::Form),
            }
        }
        None if came.len() >= most => Err(NoAnswer::Form),
        None => Ok(None),
    }
}

/// Hexadecimal digits, without sign; an extension is passed over (RFC 9112 7.1.1).
fn chunk_size(line: &[u8]) -> Result<u64, NoAnswer> {
    let line = line.strip_suffix(b"\r\n").unwrap_or(line);
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let end = digits.iter().rposition(|byte| !b" \t".contains(byte)).map_or(0, |last| last + 1);
    number(digits.get(..end).unwrap_or_default(), CHUNK).map_err(|_| NoAnswer::Form)
}

#[cfg(test)]
mod tests;
