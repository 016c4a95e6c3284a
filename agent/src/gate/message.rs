//! Messages of an HTTP/1 connection, one after another: heads judged, bodies counted.
//!
//! A head that is not accepted never reaches the HTTP library. In its place it gets a request that
//! names the refusal under a word that only this connection knows, and then the end of the stream.

use super::head::{Framing, HeadError, check, exceeded, in_origin_form, lines, without_upgrade};
use crate::fixed::{SIZE_BYTES_MAX, TRAILER_BYTES_MAX};
use mtls::listen::HeadLimits;

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
                    let framing = check(head, &self.limits)?;
                    if framing != Framing::Upgrade {
                        without_upgrade(head);
                    }
                    let next = match framing {
                        Framing::Length(0) => Stage::Head(Vec::new()),
                        Framing::Length(length) => Stage::Length(length),
                        Framing::Chunked => Stage::Size(Vec::new()),
                        // What is sent before the other protocol is agreed belongs to nobody.
                        Framing::Upgrade if used < bytes.len() => return Err(HeadError::Upgrade),
                        Framing::Upgrade => Stage::Held,
                    };
                    out.append(head);
                    self.stage = next;
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
                let (used, whole) = collect(line, bytes, b"\r\n", SIZE_BYTES_MAX)?;
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
                let (used, whole) = collect(line, bytes, b"\r\n", TRAILER_BYTES_MAX)?;
                *all += used;
                if *all > TRAILER_BYTES_MAX {
                    return Err(HeadError::Size);
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

/// Collects until `end`; gives how many bytes were used and whether it is there.
fn collect(
    line: &mut Vec<u8>,
    bytes: &[u8],
    end: &[u8],
    max: usize,
) -> Result<(usize, bool), HeadError> {
    for (position, byte) in bytes.iter().enumerate() {
        line.push(*byte);
        if line.ends_with(end) {
            return Ok((position + 1, true));
        }
        // A line feed alone ends lines for some programs and not for others.
        if *byte == b'\n' && !line.ends_with(b"\r\n") {
            return Err(HeadError::Line);
        }
        if line.len() >= max {
            return Err(HeadError::Size);
        }
    }
    Ok((bytes.len(), false))
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
    let fine = (1..=12).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    let text = core::str::from_utf8(digits).ok().filter(|_| fine).ok_or(HeadError::Framing)?;
    u64::from_str_radix(text, 16).map_err(|_| HeadError::Framing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GateLimits;

    fn read(parts: &[&[u8]]) -> (String, Option<HeadError>) {
        let mut reader = Reader::new("w", GateLimits::default().of_head());
        let mut out = Vec::new();
        for part in parts {
            reader.take(part, &mut out);
        }
        (String::from_utf8(out).unwrap(), reader.refused)
    }

    fn refused(bytes: &[u8]) -> Option<HeadError> {
        // Byte by byte gives the same as at once.
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let (out, error) = read(&[bytes]);
        assert_eq!(read(&single).1, error);
        if error.is_some() {
            assert!(out.contains(" /w/"), "{out}");
        }
        error
    }

    #[test]
    fn what_is_read_in_one_way_passes_unchanged() {
        let get = b"GET /a HTTP/1.1\r\nHost: app\r\n\r\n";
        let post = b"POST /a HTTP/1.1\r\nHost: app:8443\r\nContent-Length: 3\r\n\r\nabc";
        let chunks = b"POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: Chunked\r\n\r\n\
            3\r\nabc\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n";
        let all = [get.as_slice(), post, chunks, get].concat();
        let (out, error) = read(&[&all]);
        assert_eq!((out.as_bytes(), error), (all.as_slice(), None));
        let single: Vec<&[u8]> = all.chunks(1).collect();
        assert_eq!(read(&single).0.as_bytes(), all);
    }

    #[test]
    fn extensions_of_chunks_are_dropped() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let (out, error) =
            read(&[format!("{head}003;a=b;c=\"d\"\r\nabc\r\n1 ;x\r\nd\r\n0;e\r\n\r\n").as_bytes()]);
        assert_eq!((out, error), (format!("{head}3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"), None));
    }

    /// Old clients send an empty line behind a body; it begins no request and takes no time.
    #[test]
    fn an_empty_line_before_a_request_is_passed_over() {
        let post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
        let (out, error) = read(&[format!("\r\n{post}\r\n{post}\r\n\r\n").as_bytes()]);
        assert_eq!((out, error), (format!("{post}{post}"), None));
        let mut reader = Reader::new("w", GateLimits::default().of_head());
        reader.take(b"\r\n\r", &mut Vec::new());
        assert!(!reader.is_in_head());
        reader.take(b"\nG", &mut Vec::new());
        assert!(reader.is_in_head());
    }

    #[test]
    fn trailers_are_dropped() {
        let (out, error) =
            read(&[b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
            1\r\nx\r\n0\r\nYinxin-Identity: me\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"]);
        assert_eq!(error, None);
        assert!(!out.contains("me") && out.ends_with("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let with = |fields: &str| {
            refused(format!("POST /a HTTP/1.1\r\nHost: app\r\n{fields}\r\n\r\n").as_bytes())
        };
        for fields in [
            "Content-Length: 3\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 3",
            "Content-Length: 3\r\nContent-Length: 3",
            "Content-Length: 3, 3",
            "Content-Length: +3",
            "Content-Length: 0x3",
            "Content-Length: ",
            "Content-Length: 9999999999999999999",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: identity",
        ] {
            assert_eq!(with(fields), Some(HeadError::Framing), "{fields}");
        }
        assert_eq!(with("Host: other"), Some(HeadError::Host));
        assert_eq!(with("X: a\r\n folded"), Some(HeadError::Line));
        assert_eq!(with("X: a\nY: b"), Some(HeadError::Line));
        assert_eq!(with("X: a\rY: b"), Some(HeadError::Line));
        assert_eq!(with("X: \0"), Some(HeadError::Line));
        assert_eq!(with("X : a"), Some(HeadError::Form));
        for (head, error) in [
            ("GET / HTTP/1.1\r\n\r\n", HeadError::Host),
            ("GET / HTTP/1.1\r\nHost: \r\n\r\n", HeadError::Host),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", HeadError::Host),
            ("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::Target),
            ("GET https://b/ HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::Host),
            ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::Target),
            ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::Target),
            ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::Method),
            ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::Method),
            ("get / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::Method),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", HeadError::Body),
            (
                "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                HeadError::Framing,
            ),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", HeadError::Form),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::Form),
            ("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::Line),
        ] {
            assert_eq!(refused(head.as_bytes()), Some(error), "{head}");
        }
    }

    #[test]
    fn each_limit_is_told_apart() {
        let limits = GateLimits::default().of_head();
        let get = |target: &str, fields: &str| {
            refused(format!("GET {target} HTTP/1.1\r\nHost: app\r\n{fields}\r\n").as_bytes())
        };
        let target = |bytes: usize| format!("/{}", "a".repeat(bytes - 1));
        let (most, field) = (limits.target_bytes, "X: a\r\n");
        assert_eq!(get(&target(most), ""), None);
        assert_eq!(get(&target(most + 1), ""), Some(HeadError::Length));
        assert_eq!(get(&target(limits.head_bytes * 4), ""), Some(HeadError::Length));
        assert_eq!(get("/", &field.repeat(limits.fields - 1)), None);
        assert_eq!(get("/", &field.repeat(limits.fields)), Some(HeadError::Fields));
        let cookie = |bytes: usize| format!("Cookie: {}\r\n", "a".repeat(bytes));
        assert_eq!(get("/", &cookie(limits.head_bytes - 100)), None);
        assert_eq!(get("/", &cookie(limits.head_bytes)), Some(HeadError::Size));
        assert_eq!(get("/", &field.repeat(5_000)), Some(HeadError::Size));
    }

    /// Whatever this reader accepts, the library reads: it has nothing of its own to refuse.
    #[test]
    fn the_library_refuses_no_target_that_passes_here() {
        for byte in 0..=u8::MAX {
            for target in [vec![b'/', byte, b'a'], vec![b'/', b'?', byte, b'a']] {
                let head = [b"GET ".as_slice(), &target, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
                let mut reader = Reader::new("w", GateLimits::default().of_head());
                reader.take(&head, &mut Vec::new());
                let is_read = http::Uri::try_from(target.as_slice()).is_ok();
                assert!(is_read || reader.refused.is_some(), "{byte:#x} passes");
            }
        }
    }

    #[test]
    fn a_refused_head_asks_for_no_body() {
        let (out, _) = read(&[b"HEAD / HTTP/1.1\r\n\r\n"]);
        assert!(out.starts_with("HEAD /w/host "), "{out}");
        let (out, _) = read(&[b"GET / HTTP/1.1\r\n\r\n"]);
        assert!(out.starts_with("GET /w/host "), "{out}");
    }

    #[test]
    fn chunk_sizes_have_one_spelling() {
        let long = format!("1;{}\r\nx", "a".repeat(SIZE_BYTES_MAX));
        for (body, error) in [
            ("+1\r\nx", HeadError::Framing),
            ("1 \r\nx", HeadError::Framing),
            (" 1\r\nx", HeadError::Framing),
            ("0x1\r\nx", HeadError::Framing),
            (";ext=1\r\nx", HeadError::Framing),
            ("1 ext=1\r\nx", HeadError::Framing),
            ("1;a\0b\r\nx", HeadError::Line),
            ("1;a\rb\r\nx", HeadError::Line),
            ("\r\n", HeadError::Framing),
            ("fffffffffffff\r\n", HeadError::Framing),
            ("1\nx", HeadError::Line),
            ("1\r\nxy\r\n", HeadError::Framing),
            ("1\r\nx\n", HeadError::Framing),
            ("0000000000000000000001\r\nx", HeadError::Framing),
            (long.as_str(), HeadError::Size),
        ] {
            let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
            let mut reader = Reader::new("w", GateLimits::default().of_head());
            reader.take(format!("{head}{body}").as_bytes(), &mut Vec::new());
            assert_eq!(reader.refused, Some(error), "{body:?}");
        }
    }

    #[test]
    fn bytes_sent_with_an_upgrade_never_pass() {
        let upgrade =
            b"GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
        let (out, error) = read(&[upgrade]);
        assert_eq!((out.as_bytes(), error), (upgrade.as_slice(), None));
        let (out, error) = read(&[&[upgrade.as_slice(), b"GET /admin"].concat()]);
        assert_eq!(error, Some(HeadError::Upgrade));
        assert!(!out.contains("live") && !out.contains("admin"), "{out}");
    }
}
