//! A quick way of reading what agents record, by far the most of all records: a header of one form
//! around a body of a known kind. Nothing is buffered until its kind is known, and the header is
//! compared as it stands.
//!
//! Whatever is read here is written again as exactly the bytes that were read: a document that
//! [`json::read`] takes for the same record. What is not read here is judged there.

use super::event::Event;
use crate::access::Link;
use crate::bytes::Bytes;
use crate::json;

/// A record of an agent's run, version 1.
pub(super) struct ReadOfRun {
    pub(super) id: Bytes,
    pub(super) log: String,
    pub(super) maker: String,
    pub(super) time: String,
    pub(super) link: Link,
    pub(super) event: Event,
}

/// Reads canonical bytes; nothing where they have to be looked at.
pub(super) fn read(bytes: &[u8]) -> Option<ReadOfRun> {
    if !json::is_plain(bytes) {
        return None;
    }
    let rest = bytes.strip_prefix(br#"{"body":"#.as_slice())?;
    let (body, rest) = rest.split_at_checked(object(rest)?)?;
    let mut header = Header(rest);
    let id = Bytes::read(header.text(br#","id":""#)?)?;
    let kind = header.text(br#"","kind":""#)?;
    let aseq = header.number(br#"","link":{"aseq":"#)?;
    let epoch = Bytes::read(header.text(br#","epoch":""#)?)?;
    let prev = Bytes::read(header.text(br#"","prev":""#)?)?;
    let log = header.text(br#""},"log":""#)?.to_owned();
    let maker = header.text(br#"","maker":""#)?.to_owned();
    let time = header.text(br#"","time":""#)?.to_owned();
    if header.0 != br#"","v":1}"#.as_slice() {
        return None;
    }
    let event = event(kind, body)?;
    Some(ReadOfRun { id, log, maker, time, link: Link { epoch, aseq, prev }, event })
}

/// What happened, if agents record events of this kind, and the body is written as it stands.
fn event(kind: &str, body: &[u8]) -> Option<Event> {
    let event = match kind {
        "started" => Event::Started(json::read_as_written(body)?),
        "connection" => Event::Connection(Box::new(json::read_as_written(body)?)),
        "decision" => Event::Decision(Box::new(json::read_as_written(body)?)),
        "completion" => Event::Completion(json::read_as_written(body)?),
        "called" => Event::Called(Box::new(json::read_as_written(body)?)),
        "turned" => Event::Turned(json::read_as_written(body)?),
        "heartbeat" => Event::Heartbeat(json::read_as_written(body)?),
        _ => return None,
    };
    Some(event)
}

/// How long the object is that begins here; texts of a plain document have no escapes.
fn object(rest: &[u8]) -> Option<usize> {
    let (mut open, mut at) = (0_usize, 0);
    loop {
        match rest.get(at)? {
            b'"' => at += 1 + end_of_text(rest.get(at + 1..)?)?,
            b'{' => open += 1,
            b'}' => open = open.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if open == 0 {
            return Some(at);
        }
    }
}

/// Where the quotation mark stands that ends a text.
fn end_of_text(rest: &[u8]) -> Option<usize> {
    rest.iter().position(|byte| *byte == b'"')
}

/// What is left of a header.
struct Header<'a>(&'a [u8]);

impl<'a> Header<'a> {
    /// The text that stands behind these bytes, up to its quotation mark.
    fn text(&mut self, before: &[u8]) -> Option<&'a str> {
        let rest = self.0.strip_prefix(before)?;
        let (text, rest) = rest.split_at_checked(end_of_text(rest)?)?;
        self.0 = rest;
        core::str::from_utf8(text).ok()
    }

    /// The number that stands behind these bytes, in its one spelling.
    fn number(&mut self, before: &[u8]) -> Option<u64> {
        let rest = self.0.strip_prefix(before)?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = rest.split_at_checked(digits)?;
        self.0 = rest;
        if digits.len() > 1 && digits.starts_with(b"0") {
            return None;
        }
        core::str::from_utf8(digits).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests;
