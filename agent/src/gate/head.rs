//! HTTP/1 heads before the HTTP library sees them. It reads more than a gate may let through: two
//! hosts, lengths beside chunks, other codings, other targets. Here every head is judged and every
//! body counted, so that the library, the rules and the application cannot disagree where a message
//! ends.
//!
//! See [`super::message`] for what becomes of a head that is not accepted.

use crate::config::HeadLimits;
use records::Code;

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
    /// A body where none belongs.
    #[error("body")]
    Body,
    /// An upgrade with a body.
    #[error("upgrade")]
    Upgrade,
}

impl HeadError {
    /// Every one.
    const ALL: [Self; 12] = [
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
        Self::Body,
        Self::Upgrade,
    ];

    /// The code that its sender reads, by the name of the error.
    pub(super) fn code(name: &str) -> Code {
        match Self::ALL.into_iter().find(|error| error.to_string() == name) {
            Some(Self::Size) => Code::HeadTooLarge,
            Some(Self::Fields) => Code::FieldsTooMany,
            Some(Self::Length) => Code::TargetTooLong,
            Some(Self::Late) => Code::RequestLate,
            _ => Code::Malformed,
        }
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

/// Judges a whole head, with its empty line.
pub(super) fn check(head: &[u8], limits: &HeadLimits) -> Result<Framing, HeadError> {
    lines(head)?;
    if head.starts_with(b"\r") {
        return Err(HeadError::Form);
    }
    let mut fields = vec![httparse::EMPTY_HEADER; limits.fields];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(head) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(HeadError::Fields),
        _ => return Err(HeadError::Form),
    }
    let method = request.method.ok_or(HeadError::Form)?;
    if matches!(method, "CONNECT" | "TRACE") || !method.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(HeadError::Method);
    }
    let target = request.path.ok_or(HeadError::Form)?;
    if target.len() > limits.target_bytes {
        return Err(HeadError::Length);
    }
    // What the library cannot read it would refuse itself, without a word why.
    let library = http::Uri::try_from(target).is_ok()
        && http::Method::from_bytes(method.as_bytes()).is_ok()
        && request.headers.iter().all(|field| {
            http::HeaderName::from_bytes(field.name.as_bytes()).is_ok()
                && http::HeaderValue::from_bytes(field.value).is_ok()
        });
    if !library || !target.starts_with('/') || target.contains('#') {
        return Err(HeadError::Target);
    }
    let values = |name: &str| -> Vec<&[u8]> {
        let named = request.headers.iter().filter(|f| f.name.eq_ignore_ascii_case(name));
        named.map(|field| field.value).collect()
    };
    let host = match values("host").as_slice() {
        [host] => host.to_vec(),
        _ => return Err(HeadError::Host),
    };
    let name = |b: &u8| b.is_ascii_alphanumeric() || b".-:".contains(b);
    if host.is_empty() || !host.iter().all(name) {
        return Err(HeadError::Host);
    }
    let old = request.version == Some(0);
    let framing = framing(&values("content-length"), &values("transfer-encoding"), old)?;
    let empty = framing == Framing::Length(0);
    if matches!(method, "GET" | "HEAD") && !empty {
        return Err(HeadError::Body);
    }
    match values("upgrade").as_slice() {
        [] => Ok(framing),
        // HTTP/1.0 knows nothing of it (RFC 9110 7.8).
        _ if old => Ok(framing),
        [_] if empty && values("content-length").is_empty() => Ok(Framing::Upgrade),
        _ => Err(HeadError::Upgrade),
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
            b'\r' | b'\t' => true,
            _ => *byte >= 0x20 && *byte != 0x7f,
        };
        if !fine {
            return Err(HeadError::Line);
        }
        before = *byte;
    }
    // A field that goes on in the next line.
    let folded = head.windows(3).any(|w| matches!(w, [b'\r', b'\n', b' ' | b'\t']));
    if folded { Err(HeadError::Line) } else { Ok(()) }
}

fn framing(lengths: &[&[u8]], codings: &[&[u8]], old: bool) -> Result<Framing, HeadError> {
    match (lengths, codings) {
        ([], []) => Ok(Framing::Length(0)),
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") && !old => Ok(Framing::Chunked),
        ([length], []) => {
            let digits =
                !length.is_empty() && length.len() <= 18 && length.iter().all(u8::is_ascii_digit);
            let text = core::str::from_utf8(length).ok().filter(|_| digits);
            text.and_then(|text| text.parse().ok()).map(Framing::Length).ok_or(HeadError::Framing)
        }
        _ => Err(HeadError::Framing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An older client that names a protocol asks for none: its request is one like any other.
    #[test]
    fn an_upgrade_in_http_1_0_is_no_more_than_a_field() {
        let of = |version: &str, fields: &str| {
            let head = format!("GET / HTTP/{version}\r\nHost: a\r\nUpgrade: h2c\r\n{fields}\r\n");
            check(head.as_bytes(), &HeadLimits::default())
        };
        assert_eq!(of("1.0", ""), Ok(Framing::Length(0)));
        assert_eq!(of("1.0", "Content-Length: 0\r\n"), Ok(Framing::Length(0)));
        assert_eq!(of("1.0", "Content-Length: 3\r\n"), Err(HeadError::Body));
        assert_eq!(of("1.1", ""), Ok(Framing::Upgrade));
        assert_eq!(of("1.1", "Content-Length: 0\r\n"), Err(HeadError::Upgrade));
    }
}
