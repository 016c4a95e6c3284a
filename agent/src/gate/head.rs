//! HTTP/1 heads before the HTTP library sees them. It reads more than a gate may let through: two
//! hosts, lengths beside chunks, other codings, other targets. Here every head is judged and every
//! body counted, so that the library, the rules and the application cannot disagree where a message
//! ends.
//!
//! See [`super::message`] for what becomes of a head that is not accepted.

use super::target::{is_name, is_origin_form, is_same_host};
use crate::fixed::METHOD_BYTES_MAX;
use mtls::listen::HeadLimits;
use records::Code;
use std::mem::MaybeUninit;

/// Why a head or body is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HeadError {
    /// A line does not end in CR LF, or a control character stands in it.
    #[error("line")]
    Line,
    /// Larger than a head may be.
    #[error("size")]
    Size,
    /// Too many fields.
    #[error("fields")]
    Fields,
    /// A target that is too long.
    #[error("length")]
    Length,
    /// Not whole in time.
    #[error("late")]
    Late,
    /// Not a request line and fields.
    #[error("form")]
    Form,
    /// CONNECT or TRACE.
    #[error("method")]
    Method,
    /// Not an origin-form target.
    #[error("target")]
    Target,
    /// None, more than one, or not a name.
    #[error("host")]
    Host,
    /// The end of the body can be read in two ways.
    #[error("framing")]
    Framing,
    /// Another transfer coding beneath chunks.
    #[error("coding")]
    Coding,
    /// A body or a chunk that is larger than any that passes.
    #[error("large")]
    Large,
    /// Fields behind a body that are too large.
    #[error("trailer")]
    Trailer,
    /// A body where none belongs.
    #[error("body")]
    Body,
    /// Bytes behind a head that asks for another protocol.
    #[error("upgrade")]
    Upgrade,
}

impl HeadError {
    /// Every one.
    const ALL: [Self; 15] = [
        Self::Line,
        Self::Size,
        Self::Fields,
        Self::Length,
        Self::Late,
        Self::Form,
        Self::Method,
        Self::Target,
        Self::Host,
        Self::Framing,
        Self::Coding,
        Self::Large,
        Self::Trailer,
        Self::Body,
        Self::Upgrade,
    ];

    /// The code that its sender reads.
    pub(super) fn code(self) -> Code {
        match self {
            Self::Size => Code::HeadTooLarge,
            Self::Fields => Code::FieldsTooMany,
            Self::Length => Code::TargetTooLong,
            Self::Late => Code::RequestLate,
            Self::Coding => Code::CodingUnknown,
            Self::Large => Code::TooLarge,
            Self::Trailer => Code::TrailersTooLarge,
            _ => Code::Malformed,
        }
    }

    /// The code that its sender reads, by the name of the error.
    pub(super) fn code_of(name: &str) -> Code {
        let named = Self::ALL.into_iter().find(|error| error.to_string() == name);
        named.map_or(Code::Malformed, Self::code)
    }
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
    /// There is none, and what follows belongs to another protocol, once it is agreed.
    Upgrade,
}

/// A head that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SoundHead {
    /// Where its body ends.
    pub(super) framing: Framing,
    /// Whether a field of it names another protocol.
    pub(super) names_protocol: bool,
}

/// Judges a whole head, with its empty line.
pub(super) fn check(head: &[u8], limits: &HeadLimits) -> Result<SoundHead, HeadError> {
    lines(head)?;
    if head.starts_with(b"\r") {
        return Err(HeadError::Form);
    }
    let (mut few, mut many) = ([MaybeUninit::uninit(); 100], Vec::new());
    if limits.fields > few.len() {
        many.resize(limits.fields, MaybeUninit::uninit());
    }
    let fields = few.get_mut(..limits.fields).unwrap_or(&mut many);
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(head, fields) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(HeadError::Fields),
        _ => return Err(HeadError::Form),
    }
    let method = request.method.ok_or(HeadError::Form)?;
    if !is_method(method) {
        return Err(HeadError::Method);
    }
    let target = request.path.ok_or(HeadError::Form)?;
    if target.len() > limits.target_bytes {
        return Err(HeadError::Length);
    }
    let fields = &*request.headers;
    if !is_origin_form(target) || !fields.iter().all(|field| is_name(field.name)) {
        return Err(HeadError::Target);
    }
    let mut hosts = values(fields, "host");
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(HeadError::Host) };
    let name = |b: &u8| b.is_ascii_alphanumeric() || b".-:_[]".contains(b);
    if host.is_empty() || !host.iter().all(name) {
        return Err(HeadError::Host);
    }
    let old = request.version == Some(0);
    let all = |name| values(fields, name).collect::<Vec<_>>();
    let framing = framing(&all("content-length"), &all("transfer-encoding"), old)?;
    let empty = framing == Framing::Length(0);
    if matches!(method, "GET" | "HEAD") && !empty {
        return Err(HeadError::Body);
    }
    // Of other protocols this is the one that is spoken; HTTP/1.0 knows nothing of any, and one
    // that the connection does not name is asked of somebody else (RFC 9110 7.8).
    let is_asked = has_member(values(fields, "upgrade"), "websocket")
        && has_member(values(fields, "connection"), "upgrade");
    let is_websocket = method == "GET" && empty && !old && is_asked;
    let framing = if is_websocket { Framing::Upgrade } else { framing };
    Ok(SoundHead { framing, names_protocol: values(fields, "upgrade").next().is_some() })
}

/// The values of all fields of a name, in whatever case.
fn values<'a>(fields: &'a [httparse::Header<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let named = fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    named.map(|field| field.value)
}

/// Whether a method is one that may pass: in capitals, as all that are registered have it, and none
/// that is for whoever stands between (RFC 9110 9.3.6, 9.3.8).
pub(super) fn is_method(method: &str) -> bool {
    let letters = method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
    let is_word = letters && method.len() <= METHOD_BYTES_MAX;
    is_word && !matches!(method, "CONNECT" | "TRACE")
}

/// Writes an absolute target of this very host, as proxies are sent it, in the one form that passes
/// (RFC 9112 3.2.2).
pub(super) fn in_origin_form(head: &mut Vec<u8>) -> Result<(), HeadError> {
    const SCHEME: &[u8] = b"https://";
    let Some(from) = head.iter().position(|byte| *byte == b' ').map(|place| place + 1) else {
        return Ok(());
    };
    let rest = head.get(from..).unwrap_or_default();
    let Some(length) = rest.iter().position(|byte| b" \r".contains(byte)) else { return Ok(()) };
    let target = rest.get(..length).unwrap_or_default();
    let Some((scheme, behind)) = target.split_at_checked(SCHEME.len()) else { return Ok(()) };
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Ok(());
    }
    let end = behind.iter().position(|byte| b"/?".contains(byte)).unwrap_or(behind.len());
    let (authority, path) = behind.split_at(end);
    let named = head.split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(b"host:".len())?;
        name.eq_ignore_ascii_case(b"host:").then(|| value.trim_ascii())
    });
    if !named.is_some_and(|named| is_same_host(named, authority)) {
        return Err(HeadError::Host);
    }
    let root: &[u8] = if path.starts_with(b"/") { b"" } else { b"/" };
    let written = [root, path].concat();
    head.splice(from..from + length, written);
    Ok(())
}

/// Whether a field that is a list has a member, in whatever case.
fn has_member<'a>(values: impl Iterator<Item = &'a [u8]>, member: &str) -> bool {
    let mut members = values.flat_map(|value| value.split(|byte| *byte == b','));
    members.any(|one| one.trim_ascii().eq_ignore_ascii_case(member.as_bytes()))
}

/// Takes the field out of a head that was checked: what is not held is a request like any other,
/// and the library must not wait for another protocol on its connection.
pub(super) fn without_upgrade(head: &mut Vec<u8>) {
    const FIELD: &[u8] = b"upgrade:";
    let is_one =
        |line: &[u8]| line.get(..FIELD.len()).is_some_and(|name| name.eq_ignore_ascii_case(FIELD));
    if head.split(|byte| *byte == b'\n').any(is_one) {
        let lines = head.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_one(line));
        *head = lines.flatten().copied().collect();
    }
}

/// Which limit a head exceeds that is not whole yet.
pub(super) fn exceeded(head: &[u8], limits: &HeadLimits) -> HeadError {
    let line = head.iter().position(|byte| *byte == b'\r').unwrap_or(head.len());
    if line > limits.target_bytes { HeadError::Length } else { HeadError::Size }
}

/// Every line ends in CR LF, and nothing but tabs and text stands in it.
pub(super) fn lines(head: &[u8]) -> Result<(), HeadError> {
    let mut before = 0;
    for byte in head {
        let fine = match byte {
            b'\n' => before == b'\r',
            _ if before == b'\r' => false,
            b'\r' => true,
            // Behind the end of a line, a field goes on in the next one.
            b' ' | b'\t' => before != b'\n',
            _ => *byte > b' ' && *byte != 0x7f,
        };
        if !fine {
            return Err(HeadError::Line);
        }
        before = *byte;
    }
    Ok(())
}

fn framing(lengths: &[&[u8]], codings: &[&[u8]], old: bool) -> Result<Framing, HeadError> {
    match (lengths, codings) {
        ([], []) => Ok(Framing::Length(0)),
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") && !old => Ok(Framing::Chunked),
        ([length], []) => number(length, LENGTH).map(Framing::Length),
        ([], codings) if !old && ends_in_chunks(codings) => Err(HeadError::Coding),
        _ => Err(HeadError::Framing),
    }
}

/// Whether the codings end in one that says where the body ends, and no other of them is it: they
/// can be read and are not known here (RFC 9112 6.1). All else is no framing (RFC 9112 6.3).
fn ends_in_chunks(codings: &[&[u8]]) -> bool {
    let all = codings.iter().flat_map(|value| value.split(|byte| *byte == b','));
    let mut is_chunked = all.map(|one| one.trim_ascii().eq_ignore_ascii_case(b"chunked")).rev();
    is_chunked.next() == Some(true) && is_chunked.next() == Some(false) && !is_chunked.any(|is| is)
}

/// A number of bytes: its base, and its most digits.
type Digits = (u32, usize);

/// How a body says its length.
pub(super) const LENGTH: Digits = (10, 18);
/// How a chunk says its size.
pub(super) const CHUNK: Digits = (16, 12);

/// Digits without sign or space. One of more digits than are read is too large for whatever limit
/// there is; zeros before it, which others may read or not, make it none.
pub(super) fn number(digits: &[u8], (base, most): Digits) -> Result<u64, HeadError> {
    if digits.is_empty() || !digits.iter().all(|byte| char::from(*byte).is_digit(base)) {
        return Err(HeadError::Framing);
    }
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    if digits.len() - zeros > most {
        return Err(HeadError::Large);
    }
    let text = core::str::from_utf8(digits).ok().filter(|_| digits.len() <= most);
    let number = text.and_then(|text| u64::from_str_radix(text, base).ok());
    number.ok_or(HeadError::Framing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GateLimits;

    fn of(line: &str, fields: &str) -> Result<Framing, HeadError> {
        let head = format!("{line}\r\nHost: a\r\n{fields}\r\n");
        check(head.as_bytes(), &GateLimits::default().of_head()).map(|sound| sound.framing)
    }

    /// Who asks for WebSocket, and for nothing else, waits for it; every other word about a
    /// protocol leaves its request as it is.
    #[test]
    fn an_upgrade_that_is_not_spoken_is_no_more_than_a_field() {
        let named = "Connection: keep-alive, Upgrade\r\n";
        for fields in [
            "Upgrade: websocket\r\n",
            "Upgrade: WebSocket\r\nContent-Length: 0\r\n",
            "Upgrade: h2c, websocket\r\n",
            "Upgrade: h2c\r\nUpgrade: websocket\r\n",
        ] {
            let fields = format!("{named}{fields}");
            assert_eq!(of("GET / HTTP/1.1", &fields), Ok(Framing::Upgrade), "{fields}");
            assert_eq!(of("GET / HTTP/1.0", &fields), Ok(Framing::Length(0)), "{fields}");
            assert_eq!(of("HEAD / HTTP/1.1", &fields), Ok(Framing::Length(0)), "{fields}");
            assert_eq!(of("POST / HTTP/1.1", &fields), Ok(Framing::Length(0)), "{fields}");
        }
        for fields in [
            "Upgrade: websocket\r\n",
            "Upgrade: websocket\r\nConnection: upgrades, keep-alive\r\n",
            "Upgrade: TLS/1.2\r\nConnection: upgrade\r\n",
            "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n",
            "Upgrade: xwebsocket\r\nConnection: upgrade\r\n",
            "Upgrade: websocket/13\r\nConnection: upgrade\r\n",
        ] {
            assert_eq!(of("GET / HTTP/1.1", fields), Ok(Framing::Length(0)), "{fields}");
            let posted = format!("{fields}Content-Length: 3\r\n");
            assert_eq!(of("POST / HTTP/1.1", &posted), Ok(Framing::Length(3)), "{fields}");
        }
        let with_body = format!("{named}Upgrade: websocket\r\nContent-Length: 3\r\n");
        assert_eq!(of("GET / HTTP/1.1", &with_body), Err(HeadError::Body));
        assert_eq!(of("POST / HTTP/1.1", &with_body), Ok(Framing::Length(3)));
    }

    /// The library sees nothing of a protocol that is not spoken, and everything else.
    #[test]
    fn an_upgrade_that_is_not_spoken_is_taken_out() {
        let taken_out = |head: &str| {
            let mut head = head.as_bytes().to_vec();
            without_upgrade(&mut head);
            String::from_utf8(head).unwrap()
        };
        let with = |fields: &str| format!("GET /upgrade: HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        for fields in ["Upgrade: h2c\r\n", "upgrade:\r\n", "UPGRADE: a\r\nUpgrade: b\r\n"] {
            assert_eq!(taken_out(&with(fields)), with(""), "{fields}");
        }
        let others = with("Upgrade-Insecure-Requests: 1\r\nX: upgrade: h2c\r\n");
        assert_eq!(taken_out(&others), others);
    }

    /// A target with its host is that of its path, if the Host field says the same host.
    #[test]
    fn an_absolute_target_is_one_of_this_host() {
        let written = |target: &str, host: &str| {
            let mut head = format!("GET {target} HTTP/1.1\r\nA: b\r\nHost: {host}\r\n\r\n");
            let mut bytes = std::mem::take(&mut head).into_bytes();
            in_origin_form(&mut bytes).map(|()| {
                let text = String::from_utf8(bytes).unwrap();
                text.split(' ').nth(1).unwrap().to_owned()
            })
        };
        for (target, path) in [
            ("https://a/b?c", "/b?c"),
            ("HTTPS://A/b", "/b"),
            ("https://a", "/"),
            ("https://a?c", "/?c"),
            ("/https://a/b", "/https://a/b"),
            ("http://a/b", "http://a/b"),
            ("*", "*"),
        ] {
            assert_eq!(written(target, "a"), Ok(path.to_owned()), "{target}");
        }
        for target in ["https://b/", "https://a:1/", "https://x@a/", "https:///", "https://"] {
            assert_eq!(written(target, "a"), Err(HeadError::Host), "{target}");
        }
    }

    #[test]
    fn methods_are_in_capitals() {
        for method in ["GET", "PROPFIND", "VERSION-CONTROL"] {
            assert!(is_method(method), "{method}");
        }
        for method in ["get", "CONNECT", "TRACE", "GET1", "G T"] {
            assert!(!is_method(method), "{method}");
        }
    }
}
