use super::*;

const LIMITS: AnswerLimits = AnswerLimits { head_bytes: 4_096, fields: 80 };

/// An answer as it was read, and how many bytes that came are none of it.
struct Read {
    answer: ReadAnswer,
    body: String,
    left: usize,
}

/// Reads bytes that come so many at once, up to the end of an answer or of them.
fn read(bytes: &str, at_once: usize, is_of_head: bool) -> Result<Option<Read>, NoAnswer> {
    let (mut came, mut looked) = (BytesMut::new(), 0);
    let (mut answer, mut body): (Option<ReadAnswer>, Vec<u8>) = (None, Vec::new());
    let mut pieces = bytes.as_bytes().chunks(at_once);
    loop {
        if let Some(read) = &mut answer {
            match read.rest.step(&mut came)? {
                AnswerStep::Bytes(bytes) => {
                    assert!(!bytes.is_empty());
                    body.extend_from_slice(&bytes);
                    continue;
                }
                AnswerStep::Over => break,
                AnswerStep::Awaited => {}
            }
        } else {
            answer = take_answer(&mut came, &mut looked, is_of_head, LIMITS)?;
            if answer.is_some() {
                continue;
            }
        }
        let Some(piece) = pieces.next() else { break };
        came.extend_from_slice(piece);
    }
    let body = String::from_utf8(body).unwrap();
    Ok(answer.map(|answer| Read { answer, body, left: came.len() }))
}

/// The same, however the bytes come; what is behind it is counted where all came together.
fn whole(bytes: &str, is_of_head: bool) -> (u16, String, AnswerRest, bool, usize) {
    let mut told = [1, 2, 3, 7, bytes.len()].map(|at_once| {
        let Read { answer, body, left } = read(bytes, at_once, is_of_head).unwrap().unwrap();
        (answer.head.status().as_u16(), body, answer.rest, answer.is_kept, left)
    });
    let all = told[4].clone();
    for one in &mut told {
        one.4 = all.4;
        assert_eq!(*one, all, "{bytes}");
    }
    all
}

/// The end of a body is where its head says, however it comes; what is said before an answer, and
/// fields behind its last chunk, are passed over.
#[test]
fn an_answer_ends_where_its_head_says() {
    use AnswerRest::{Nothing, UntilEnd};
    for (fields_and_body, body, rest, left) in [
        ("Content-Length: 4\r\n\r\nhere", "here", Nothing, 0),
        ("Content-Length: 4\r\n\r\nhereHTTP", "here", Nothing, 4),
        ("content-length: 4, 4\r\nCONTENT-LENGTH:4\r\n\r\nhere", "here", Nothing, 0),
        ("Content-Length: 0\r\n\r\n", "", Nothing, 0),
        ("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", Nothing, 0),
        ("Transfer-Encoding: Chunked\r\n\r\n2\r\nhe\r\n02\r\nre\r\n0\r\n\r\n", "here", Nothing, 0),
        ("transfer-encoding: chunked\r\n\r\n4 ;a=b\r\nhere\r\n0;c\r\n\r\n", "here", Nothing, 0),
        ("Transfer-Encoding: chunked\r\n\r\n4\r\nhere\r\n0\r\nA: b\r\n\r\nX", "here", Nothing, 1),
        ("Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", Nothing, 0),
        ("Transfer-Encoding: gzip\r\n\r\nhere", "here", UntilEnd, 0),
        ("\r\nhere", "here", UntilEnd, 0),
        ("Content-Length: 9\r\n\r\nhere", "here", AnswerRest::Length(5), 0),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{fields_and_body}");
        let is_kept = rest != UntilEnd;
        assert_eq!(whole(&answer, false), (200, body.into(), rest, is_kept, left), "{answer}");
        let hints = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        let hinted = format!("{hints}{answer}");
        assert_eq!(whole(&hinted, false), (200, body.into(), rest, is_kept, left), "{hinted}");
    }
    for (status, is_of_head) in [(200, true), (204, false), (304, false), (101, false)] {
        let answer = format!("HTTP/1.1 {status} Any\r\nContent-Length: 4\r\n\r\n");
        let is_kept = status != 101;
        assert_eq!(whole(&answer, is_of_head), (status, String::new(), Nothing, is_kept, 0));
    }
    for unfinished in ["HTTP/1.1", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n", ""] {
        assert!(read(unfinished, 3, false).unwrap().is_none(), "{unfinished}");
    }
}

/// A connection is kept unless somebody says that it is not; an older application says nothing.
#[test]
fn a_connection_is_kept_unless_its_application_closes_it() {
    for (version, field, is_kept) in [
        ("HTTP/1.1", "", true),
        ("HTTP/1.1", "Connection: keep-alive\r\n", true),
        ("HTTP/1.1", "Connection: close\r\n", false),
        ("HTTP/1.1", "Connection: keep-alive\r\nConnection: X-Field, Close\r\n", false),
        ("HTTP/1.1", "Connection: closed\r\n", true),
        ("HTTP/1.0", "Connection: keep-alive\r\n", false),
        ("HTTP/1.0", "", false),
    ] {
        let answer = format!("{version} 200 OK\r\n{field}Content-Length: 2\r\n\r\nOK");
        assert_eq!(whole(&answer, false).3, is_kept, "{answer}");
    }
}

/// What is no answer, or could be read in two ways, is none, and is said so before its end where
/// that can be known.
#[test]
fn what_can_be_read_in_two_ways_is_no_answer() {
    let ok = |more: &str| format!("HTTP/1.1 200 OK\r\n{more}");
    let chunks = |more: &str| ok(&format!("Transfer-Encoding: chunked\r\n\r\n{more}"));
    for bytes in [
        "SSH-2.0-x\r\n".to_owned(),
        "HTTP/2 200 OK\r\n".into(),
        "\r\nHTTP/1.1 200 OK\r\n".into(),
        "HTTP/1.1 20 OK\r\n\r\n".into(),
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
        ok("A b: c\r\n\r\n"),
        ok("A: b\r\n c\r\n\r\n"),
        ok("Content-Length: +4\r\n\r\n"),
        ok("Content-Length: 4, 5\r\n\r\n"),
        ok("Content-Length: 4\r\nContent-Length: 5\r\n\r\n"),
        ok("Content-Length: 4,\r\n\r\n"),
        ok("Content-Length:\r\n\r\n"),
        chunks("+2\r\nhe\r\n"),
        chunks("\r\nhe\r\n"),
        chunks("2\nhe\r\n"),
        chunks("2\u{c}\r\nhe\r\n"),
        chunks("2;a\rb\r\nhe\r\n"),
        chunks("0\r\nA: b\rC: d\r\n"),
        chunks("2\r\nhere\r\n"),
        chunks("1000000000000\r\n"),
        chunks("0\r\nA: b\n"),
        chunks(&"0".repeat(SIZE_BYTES_MAX + 1)),
        chunks(&format!("0\r\nA: {}", "b".repeat(TRAILER_BYTES_MAX))),
    ] {
        for at_once in [1, bytes.len()] {
            let read = read(&bytes, at_once, false).map(|read| read.map(|read| read.body));
            assert!(matches!(read, Err(NoAnswer::Form)), "{bytes}: {read:?}");
        }
    }
}

/// A head has so many bytes and fields; one that is larger is told apart from what is no answer.
#[test]
fn a_head_has_a_limit() {
    let with = |count: usize| format!("HTTP/1.1 204 Any\r\n{}\r\n", "A: b\r\n".repeat(count));
    for count in [0, FEW_FIELDS, FEW_FIELDS + 1, LIMITS.fields] {
        let Read { answer, .. } = read(&with(count), 100, false).unwrap().unwrap();
        assert_eq!(answer.head.headers().len(), count);
        assert!(answer.head.headers().iter().all(|(name, value)| name == "a" && value == "b"));
    }
    let long = |length: usize| format!("HTTP/1.1 204 Any\r\nA: {}\r\n\r\n", "b".repeat(length));
    let room = LIMITS.head_bytes - long(0).len();
    assert!(read(&long(room), 100, false).unwrap().is_some());
    for bytes in [with(LIMITS.fields + 1), long(room + 1), long(2 * room)] {
        let read = read(&bytes, 100, false).map(|read| read.map(|read| read.body));
        assert!(matches!(read, Err(NoAnswer::TooLarge)), "{read:?}");
    }
}

/// What is left to say of a reading, but for what lies behind an answer: that depends on how much
/// came.
fn told(bytes: &str, at_once: usize, is_of_head: bool) -> Option<(u16, String, AnswerRest, bool)> {
    let read = read(bytes, at_once, is_of_head).ok()?;
    let none = (0, String::new(), AnswerRest::Nothing, false);
    Some(read.map_or(none, |Read { answer, body, .. }| {
        (answer.head.status().as_u16(), body, answer.rest, answer.is_kept)
    }))
}

/// However an answer is changed, it is read to the same end in pieces as at once, and nothing that
/// comes breaks its reader: five thousand changes by numbers that are the same in every run.
#[test]
fn a_changed_answer_is_read_alike_in_pieces() {
    const CORPUS: [&str; 6] = [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhereHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nuntil the end",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\nTransfer-Encoding: a, chunked\r\n\r\n0\r\n",
    ];
    const SIGNS: &[u8] = b"\r\n \t:;,0123456789afFxX+-HTTP/1.chunked";
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for _ in 0..5_000 {
        let mut bytes = CORPUS[draw(CORPUS.len())].as_bytes().to_vec();
        for _ in 0..=draw(3) {
            let (at, sign) = (draw(bytes.len()), SIGNS[draw(SIGNS.len())]);
            match draw(4) {
                0 => bytes[at] = sign,
                1 => bytes.insert(at, sign),
                2 if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => bytes.extend_from_within(at..),
            }
        }
        let (text, is_of_head) = (String::from_utf8(bytes).unwrap(), draw(4) == 0);
        let whole = told(&text, text.len(), is_of_head);
        for at_once in [1, 2, 3, 7] {
            assert_eq!(told(&text, at_once, is_of_head), whole, "{text:?} by {at_once}");
        }
    }
}
