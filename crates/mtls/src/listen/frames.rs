//! Frames of an HTTP/2 connection (RFC 9113 4.1) as they pass, so that no request ends without an
//! answer that names a code and a reference.
//!
//! A request that HTTP/2 itself does not allow (a target that is none, fields of a connection)
//! reaches nobody: the library ends its stream by an error, or answers a head that is far too large
//! by a bare status. What the library writes is looked at here: in place of such an error goes a
//! refusal in the words of whoever listens.

use super::head::RequestFault;
use std::collections::BTreeSet;

const HEAD: usize = 9;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// Error codes (RFC 9113 7).
const NO_ERROR: [u8; 4] = [0, 0, 0, 0];
const PROTOCOL_ERROR: [u8; 4] = [0, 0, 0, 1];
/// `:status: 400` (RFC 7541 appendix A).
const STATUS_400: u8 = 0x80 | 12;
/// No field block with a status alone is longer.
const BARE_STATUS_MAX: usize = 5;
/// A last word of the library is no longer.
const GOAWAY_MAX: usize = 256;
/// Most streams that are remembered as answered; the oldest are forgotten first.
const REMEMBERED_MAX: usize = 1_024;

/// What the library says beside the error with which it gives up a connection whose client sends a
/// head without end.
const ENDLESS: [&[u8]; 2] = [b"header_list_way_too_large", b"too_many_continuations"];
/// A text in a field block stands behind a length of one byte (RFC 7541 5.2); longer ones are left
/// out.
const TEXT_MAX: usize = 126;

/// The fields of a refusal that say why: names in lower case, texts of ASCII. Whoever is asked
/// records the refusal.
pub type RefusalFields = Box<dyn Fn(RequestFault) -> Vec<(String, String)> + Send>;

/// Looks at the frames that are written.
pub(super) struct Frames {
    refuse: RefusalFields,
    /// Streams that were sent a head.
    answered: BTreeSet<u32>,
    head: Vec<u8>,
    /// Whether the present frame's payload is held back to be looked at, and it.
    is_held: bool,
    held: Vec<u8>,
    /// Bytes of the present frame's payload to come.
    left: usize,
}

impl Frames {
    pub(super) fn new(refuse: RefusalFields) -> Self {
        let (answered, head, held) = (BTreeSet::new(), Vec::new(), Vec::new());
        Self { refuse, answered, head, is_held: false, held, left: 0 }
    }

    /// Takes what the library writes; what the client gets is appended to `out`.
    pub(super) fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.head.len() < HEAD {
                let part = rest.get(..HEAD - self.head.len()).unwrap_or(rest);
                self.head.extend_from_slice(part);
                rest = rest.get(part.len()..).unwrap_or_default();
                if self.head.len() < HEAD {
                    return;
                }
                let length = self.head.iter().take(3);
                self.left = length.fold(0, |all, byte| all << 8 | usize::from(*byte));
                self.is_held = self.is_looked_at();
                if !self.is_held {
                    self.note();
                    out.extend_from_slice(&self.head);
                }
            } else {
                let part = rest.get(..self.left).unwrap_or(rest);
                match self.is_held {
                    true => self.held.extend_from_slice(part),
                    false => out.extend_from_slice(part),
                }
                self.left -= part.len();
                rest = rest.get(part.len()..).unwrap_or_default();
            }
            if self.left == 0 {
                if self.is_held {
                    self.rewrite(out);
                }
                self.head.clear();
                self.held.clear();
            }
        }
    }

    fn byte(&self, place: usize) -> u8 {
        self.head.get(place).copied().unwrap_or_default()
    }

    fn stream(&self) -> u32 {
        let id = self.head.iter().skip(5).fold(0, |all, byte| all << 8 | u32::from(*byte));
        id & 0x7fff_ffff
    }

    /// Whether the frame is looked at before it goes: an error, or what may be only a status.
    fn is_looked_at(&self) -> bool {
        match self.byte(3) {
            RST_STREAM => self.left == NO_ERROR.len(),
            GOAWAY => self.left <= GOAWAY_MAX,
            HEADERS => self.byte(4) & !END_STREAM == END_HEADERS && self.left <= BARE_STATUS_MAX,
            _ => false,
        }
    }

    /// Remembers which streams were answered.
    fn note(&mut self) {
        if self.byte(3) == HEADERS {
            self.answered.insert(self.stream());
            if self.answered.len() > REMEMBERED_MAX {
                self.answered.pop_first();
            }
        }
    }

    fn rewrite(&mut self, out: &mut Vec<u8>) {
        let stream = self.stream();
        if self.byte(3) == HEADERS {
            let mut block = std::mem::take(&mut self.held);
            match (is_bare_status(&block), self.byte(4) & END_STREAM != 0) {
                (true, true) => self.tell(RequestFault::Size, &mut block),
                // An answer is still to come after 100.
                (true, false) => return frame(HEADERS, END_HEADERS, stream, &block, out),
                (false, _) => {}
            }
            self.note();
            return frame(HEADERS, self.byte(4), stream, &block, out);
        }
        if self.byte(3) == GOAWAY {
            let mut word = std::mem::take(&mut self.held);
            if word.get(4..8).is_some_and(|code| code != NO_ERROR) {
                // All that a client can read then is what is said for people beside the error.
                let is_endless = ENDLESS.iter().any(|said| word.ends_with(said));
                let fault = if is_endless { RequestFault::Size } else { RequestFault::Form };
                let texts = (self.refuse)(fault).into_iter().map(|(_, text)| text);
                word.extend(texts.collect::<Vec<_>>().join(" ").into_bytes());
            }
            return frame(GOAWAY, 0, stream, &word, out);
        }
        if self.held == PROTOCOL_ERROR && self.answered.insert(stream) {
            let mut block = vec![STATUS_400];
            self.tell(RequestFault::Form, &mut block);
            frame(HEADERS, END_STREAM | END_HEADERS, stream, &block, out);
            frame(RST_STREAM, 0, stream, &NO_ERROR, out);
            return;
        }
        frame(RST_STREAM, 0, stream, &self.held, out);
    }

    /// Appends the fields of a refusal, in the form that changes no table of the other side
    /// (RFC 7541 6.2.2).
    fn tell(&self, fault: RequestFault, block: &mut Vec<u8>) {
        let fields = (self.refuse)(fault).into_iter();
        let fits = |text: &str| !text.is_empty() && text.len() <= TEXT_MAX;
        for (name, value) in fields.filter(|(name, value)| fits(name) && fits(value)) {
            block.push(0);
            for text in [name, value] {
                block.push(u8::try_from(text.len()).unwrap_or_default());
                block.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// Whether a field block is one field: an index, or a text for the name `:status` (index 8). What
/// is answered here has a date besides.
fn is_bare_status(block: &[u8]) -> bool {
    match block {
        [index] => index & 0x80 != 0,
        [0x08 | 0x18 | 0x48, length, text @ ..] => usize::from(length & 0x7f) == text.len(),
        _ => false,
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    out.extend_from_slice(length.get(1..).unwrap_or_default());
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    fn framed(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        frame(kind, flags, stream, payload, &mut out);
        out
    }

    /// What the client gets, and the faults that were recorded; the same whole and byte by byte.
    fn passed(bytes: &[u8]) -> (Vec<u8>, Vec<RequestFault>) {
        let through = |parts: Vec<&[u8]>| {
            let faults = Arc::new(Mutex::new(Vec::new()));
            let seen = faults.clone();
            let mut frames = Frames::new(Box::new(move |fault| {
                seen.lock().unwrap().push(fault);
                let code = if fault == RequestFault::Form { "malformed" } else { "too-large" };
                vec![("x-code".into(), code.into()), ("x-reference".into(), "R".into())]
            }));
            let mut out = Vec::new();
            for part in parts {
                frames.take(part, &mut out);
            }
            let faults = faults.lock().unwrap().clone();
            (out, faults)
        };
        let whole = through(vec![bytes]);
        assert_eq!(whole, through(bytes.chunks(1).collect()));
        whole
    }

    #[test]
    fn an_error_without_an_answer_becomes_a_refusal() {
        let error = framed(RST_STREAM, 0, 5, &PROTOCOL_ERROR);
        let settings = framed(4, 0, 0, &[0; 6]);
        let (out, faults) = passed(&[settings.clone(), error.clone()].concat());
        assert_eq!(faults, [RequestFault::Form]);
        let fields = b"\0\x06x-code\x09malformed\0\x0bx-reference\x01R";
        let block = [&[0x8c], fields.as_slice()].concat();
        let refusal = framed(HEADERS, END_STREAM | END_HEADERS, 5, &block);
        assert_eq!(out, [settings, refusal, framed(RST_STREAM, 0, 5, &NO_ERROR)].concat());
        // One that was answered is not answered again, nor is anything else changed.
        let head = framed(HEADERS, END_HEADERS, 7, &[0x88, 1, 2, 3, 4, 5, 6]);
        let of_answered = framed(RST_STREAM, 0, 7, &PROTOCOL_ERROR);
        let taken_back = framed(RST_STREAM, 0, 9, &[0, 0, 0, 8]);
        let data = framed(0, END_STREAM, 7, &[3; 300]);
        let all = [head, data, of_answered, taken_back].concat();
        assert_eq!(passed(&all), (all, vec![]));
        // After a bare 100 there is no answer yet.
        let more = framed(HEADERS, END_HEADERS, 5, &[0x48, 0x82, 0x08, 0x03]);
        let (out, faults) = passed(&[more.clone(), error].concat());
        assert_eq!((out.starts_with(&more), faults), (true, vec![RequestFault::Form]));
    }

    #[test]
    fn a_connection_that_is_given_up_says_why() {
        let error = framed(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 1]);
        let (out, faults) = passed(&error);
        assert_eq!((out.ends_with(b"malformed R"), faults), (true, vec![RequestFault::Form]));
        for said in ENDLESS {
            let word = [[0, 0, 0, 1, 0, 0, 0, 11].as_slice(), said].concat();
            let (out, faults) = passed(&framed(GOAWAY, 0, 0, &word));
            assert_eq!((out.ends_with(b"too-large R"), faults), (true, vec![RequestFault::Size]));
        }
        let gentle = framed(GOAWAY, 0, 0, &[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
        assert_eq!(passed(&gentle), (gentle, vec![]));
    }

    #[test]
    fn a_bare_status_gets_its_code() {
        let bare = [0x48, 0x83, 0x69, 0x90, 0xff];
        let (out, faults) = passed(&framed(HEADERS, END_STREAM | END_HEADERS, 3, &bare));
        assert_eq!(faults, [RequestFault::Size]);
        assert!(out.ends_with(b"\0\x06x-code\x09too-large\0\x0bx-reference\x01R"));
        assert_eq!(out.get(HEAD..HEAD + 5), Some(bare.as_slice()));
        // A status and a date, both known to the other side, are an answer.
        let answer = framed(HEADERS, END_STREAM | END_HEADERS, 3, &[0x88, 0xbe]);
        assert_eq!(passed(&answer), (answer, vec![]));
    }
}
