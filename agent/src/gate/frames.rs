//! Frames of an HTTP/2 connection (RFC 9113 4.1) as they pass, so that no request ends without an
//! answer that names a code and a reference.
//!
//! A request that HTTP/2 itself does not allow (a target that is none, fields of a connection)
//! never reaches the gate: the library ends its stream by an error, or answers a head that is far
//! too large by a bare status. What the library writes is looked at here: in place of such an error
//! goes a refusal, and it is recorded like every other.
//!
//! A client that sends no more gets what is under way, as on HTTP/1.

use super::connection_context::ConnectionContext;
use super::page;
use super::reject::reject;
use records::Code;
use std::collections::BTreeSet;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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

/// Makes a reference for a refusal of this code, and records it.
type Refuse = Box<dyn Fn(Code) -> String + Send>;

/// Looks at the frames that are written.
pub(super) struct Frames {
    refuse: Refuse,
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
    pub(super) fn new(refuse: Refuse) -> Self {
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
                (true, true) => self.tell(Code::HeadTooLarge, &mut block),
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
                let code = Code::Malformed;
                word.extend(format!("{} {}", code.name(), (self.refuse)(code)).into_bytes());
            }
            return frame(GOAWAY, 0, stream, &word, out);
        }
        if self.held == PROTOCOL_ERROR && self.answered.insert(stream) {
            let mut block = vec![STATUS_400];
            self.tell(Code::Malformed, &mut block);
            frame(HEADERS, END_STREAM | END_HEADERS, stream, &block, out);
            frame(RST_STREAM, 0, stream, &NO_ERROR, out);
            return;
        }
        frame(RST_STREAM, 0, stream, &self.held, out);
    }

    /// Appends the fields of a refusal, in the form that changes no table of the other side
    /// (RFC 7541 6.2.2).
    fn tell(&self, code: Code, block: &mut Vec<u8>) {
        let reference = (self.refuse)(code);
        for (name, value) in [(page::CODE, code.name()), (page::REFERENCE, &reference)] {
            block.push(0);
            for text in [name, value] {
                block.push(u8::try_from(text.len()).unwrap_or_default() & 0x7f);
                block.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// Whether a field block is one field: an index, or a text for the name `:status` (index 8). What
/// the gate answers has a date besides.
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

/// A stream of bytes whose frames are looked at.
pub(super) struct AnsweredStreams<S> {
    inner: S,
    frames: Frames,
    /// What goes out next.
    out: Vec<u8>,
    given: usize,
    context: Arc<ConnectionContext>,
    /// After the client's last byte: until nothing is under way.
    idle: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Whether all that was written has left, and who waits for that.
    is_flushed: bool,
    waits: Option<Waker>,
}

impl<S> AnsweredStreams<S> {
    pub(super) fn new(inner: S, context: Arc<ConnectionContext>) -> Self {
        let refused = context.clone();
        let frames = Frames::new(Box::new(move |code| {
            let reference = page::reference();
            let whose = (refused.source, refused.shown.serial());
            reject(&refused.gate, "head", code, whose, &reference);
            reference
        }));
        let (out, is_flushed) = (Vec::new(), true);
        Self { inner, frames, out, given: 0, context, idle: None, is_flushed, waits: None }
    }
}

impl<S: AsyncWrite + Unpin> AnsweredStreams<S> {
    fn poll_out(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.out.get(self.given..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.inner).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.given += written,
            }
        }
        self.out.clear();
        self.given = 0;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for AnsweredStreams<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.idle.is_none() {
            let before = to.filled().len();
            match ready!(Pin::new(&mut this.inner).poll_read(context, to)) {
                Ok(()) if to.filled().len() > before => return Poll::Ready(Ok(())),
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    return Poll::Ready(Err(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        let activity = this.context.activity.clone();
        let idle = this.idle.get_or_insert_with(|| {
            Box::pin(async move {
                // The library gives out what it has read, and writes what it was given, only while
                // there is nothing to read: it must see that once before and once after.
                tokio::task::yield_now().await;
                activity.until_nothing_is_under_way().await;
                tokio::task::yield_now().await;
            })
        });
        ready!(idle.as_mut().poll(context));
        if this.is_flushed {
            return Poll::Ready(Ok(()));
        }
        // The last of an answer is still to leave; the library would drop it with the end.
        this.idle = Some(Box::pin(std::future::ready(())));
        this.waits = Some(context.waker().clone());
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for AnsweredStreams<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.is_flushed = false;
        ready!(this.poll_out(context))?;
        this.frames.take(bytes, &mut this.out);
        // What does not go now goes before anything else does.
        match this.poll_out(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_out(context))?;
        ready!(Pin::new(&mut this.inner).poll_flush(context))?;
        this.is_flushed = true;
        if let Some(reader) = this.waits.take() {
            reader.wake();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_out(context))?;
        Pin::new(&mut this.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn framed(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        frame(kind, flags, stream, payload, &mut out);
        out
    }

    /// What the client gets, and the codes that were recorded; the same whole and byte by byte.
    fn passed(bytes: &[u8]) -> (Vec<u8>, Vec<Code>) {
        let through = |parts: Vec<&[u8]>| {
            let codes = Arc::new(Mutex::new(Vec::new()));
            let seen = codes.clone();
            let mut frames = Frames::new(Box::new(move |code| {
                seen.lock().unwrap().push(code);
                "R".into()
            }));
            let mut out = Vec::new();
            for part in parts {
                frames.take(part, &mut out);
            }
            let codes = codes.lock().unwrap().clone();
            (out, codes)
        };
        let whole = through(vec![bytes]);
        assert_eq!(whole, through(bytes.chunks(1).collect()));
        whole
    }

    #[test]
    fn an_error_without_an_answer_becomes_a_refusal() {
        let error = framed(RST_STREAM, 0, 5, &PROTOCOL_ERROR);
        let settings = framed(4, 0, 0, &[0; 6]);
        let (out, codes) = passed(&[settings.clone(), error.clone()].concat());
        assert_eq!(codes, [Code::Malformed]);
        let fields = b"\0\x0eyinxin-refusal\x09malformed\0\x10yinxin-reference\x01R";
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
        let (out, codes) = passed(&[more.clone(), error].concat());
        assert_eq!((out.starts_with(&more), codes), (true, vec![Code::Malformed]));
    }

    #[test]
    fn a_connection_that_is_given_up_says_why() {
        let error = framed(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 1]);
        let (out, codes) = passed(&error);
        assert_eq!((out.ends_with(b"malformed R"), codes), (true, vec![Code::Malformed]));
        let gentle = framed(GOAWAY, 0, 0, &[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
        assert_eq!(passed(&gentle), (gentle, vec![]));
    }

    #[test]
    fn a_bare_status_gets_its_code() {
        let bare = [0x48, 0x83, 0x69, 0x90, 0xff];
        let (out, codes) = passed(&framed(HEADERS, END_STREAM | END_HEADERS, 3, &bare));
        assert_eq!(codes, [Code::HeadTooLarge]);
        assert!(out.windows(14).any(|text| text == b"head-too-large"));
        assert_eq!(out.get(HEAD..HEAD + 5), Some(bare.as_slice()));
        // A status and a date, both known to the other side, are an answer.
        let answer = framed(HEADERS, END_STREAM | END_HEADERS, 3, &[0x88, 0xbe]);
        assert_eq!(passed(&answer), (answer, vec![]));
    }
}
