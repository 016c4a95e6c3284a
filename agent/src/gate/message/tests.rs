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
    let (out, error) = read(&[b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
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
        "Content-Length: 0000000000000000003",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity",
    ] {
        assert_eq!(with(fields), Some(HeadError::Framing), "{fields}");
    }
    // A coding that can be read and is not known here is told apart (RFC 9112 6.1).
    for fields in [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: Chunked",
    ] {
        assert_eq!(with(fields), Some(HeadError::Coding), "{fields}");
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
        ("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", HeadError::Framing),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", HeadError::Form),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::Form),
        ("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::Line),
    ] {
        assert_eq!(refused(head.as_bytes()), Some(error), "{head}");
    }
    // Whether such a host is one of the gate's is asked later, and told as that.
    for host in ["[::1]", "[2001:db8::1]:8443", "10.0.0.1:8443", "a_b.example", "A.:443"] {
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(refused(head.as_bytes()), None, "{host}");
    }
    for (target, host) in [("https://a:443/", "a"), ("https://A./", "a"), ("https://a", "a:443")] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(refused(head.as_bytes()), None, "{target}");
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
    let post = |fields: &str, body: &str| {
        let mut reader = Reader::new("w", limits);
        let head = format!("POST / HTTP/1.1\r\nHost: app\r\n{fields}\r\n\r\n{body}");
        reader.take(head.as_bytes(), &mut Vec::new());
        reader.refused()
    };
    let length = |digits: usize| format!("Content-Length: {}", "9".repeat(digits));
    assert_eq!(post(&length(18), ""), None);
    assert_eq!(post(&length(19), ""), Some(HeadError::Large));
    assert_eq!(post(&length(40), ""), Some(HeadError::Large));
    let chunked = |body: &str| post("Transfer-Encoding: chunked", body);
    assert_eq!(chunked("ffffffffffff\r\n"), None);
    assert_eq!(chunked("fffffffffffff\r\n"), Some(HeadError::Large));
    let extended = |bytes: usize| format!("1;{}\r\nx", "a".repeat(bytes));
    assert_eq!(chunked(&extended(SIZE_BYTES_MAX - 4)), None);
    assert_eq!(chunked(&extended(SIZE_BYTES_MAX - 3)), Some(HeadError::Large));
    let trailers = |lines: usize| format!("0\r\n{}\r\n", field.repeat(lines));
    let fit = (TRAILER_BYTES_MAX - 2) / field.len();
    assert_eq!(chunked(&trailers(fit)), None);
    assert_eq!(chunked(&trailers(fit + 1)), Some(HeadError::Trailer));
    let one = format!("0\r\nX: {}\r\n\r\n", "a".repeat(TRAILER_BYTES_MAX));
    assert_eq!(chunked(&one), Some(HeadError::Trailer));
}

/// A head has as many fields as its owner allows, few or many.
#[test]
fn a_head_has_as_many_fields_as_are_allowed() {
    for fields in [8, 99, 100, 101, 300] {
        let limits = HeadLimits { fields, ..GateLimits::default().of_head() };
        let with = |count: usize| {
            let more = "X: a\r\n".repeat(count - 1);
            let mut reader = Reader::new("w", limits);
            reader.take(
                format!("GET / HTTP/1.1\r\nHost: a\r\n{more}\r\n").as_bytes(),
                &mut Vec::new(),
            );
            reader.refused
        };
        assert_eq!((with(fields), with(fields + 1)), (None, Some(HeadError::Fields)), "{fields}");
    }
}

/// A word on the way to the service names each error, and its code.
#[test]
fn every_error_of_a_head_has_its_code() {
    use records::Code;
    for (name, code) in [
        ("size", Code::HeadTooLarge),
        ("fields", Code::FieldsTooMany),
        ("length", Code::TargetTooLong),
        ("late", Code::RequestLate),
        ("coding", Code::CodingUnknown),
        ("large", Code::TooLarge),
        ("trailer", Code::TrailersTooLarge),
        ("framing", Code::Malformed),
        ("anything", Code::Malformed),
    ] {
        assert_eq!(HeadError::code_of(name), code, "{name}");
    }
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
        ("1\nx", HeadError::Line),
        ("1\r\nxy\r\n", HeadError::Framing),
        ("1\r\nx\n", HeadError::Framing),
        ("0000000000000000000001\r\nx", HeadError::Framing),
        (long.as_str(), HeadError::Large),
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
