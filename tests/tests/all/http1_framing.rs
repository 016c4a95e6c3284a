//! Heads that different programs read differently: refused, or forwarded in the one form that the
//! rules saw. Judged by the bytes that the application got.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use records::record::Event;
use std::time::Duration;
use tests::Officer;
use tests::gate::{ANSWER, Gate, get, status};
use tests::processes::{Office, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) const OWN: &str = "/documents/sz-office/2026-001";

pub(crate) struct Stage {
    pub(crate) office: Office,
    pub(crate) gate: Gate,
    pub(crate) person: Officer,
}

impl Stage {
    pub(crate) async fn open() -> Self {
        let mut office = Office::open().await;
        let gate = office.gate().await;
        let person = office.gate_official("王小明", "sz-office").await;
        Self { office, gate, person }
    }

    /// With limits of its own.
    pub(crate) async fn limited(limits: &str) -> Self {
        Self::set(&format!("[limits]\n{limits}")).await
    }

    /// With settings of its own.
    pub(crate) async fn set(settings: &str) -> Self {
        Self::in_office(Office::open().await, settings).await
    }

    /// The same in an office that is open already.
    pub(crate) async fn in_office(mut office: Office, settings: &str) -> Self {
        office.joined(&["localhost"]).await;
        office.configure_gate(settings);
        let application = tests::gate::Application::serve(office.port(14)).await;
        office.start("agent", &[]).await;
        let gate = Gate { port: office.port(12), application };
        let person = office.gate_official("王小明", "sz-office").await;
        Self { office, gate, person }
    }

    /// Makes the person a handler, who may send documents.
    pub(crate) async fn may_send(&self) {
        let words = ["role", "grant", &self.person.person, "unit-handler", "--scope", "sz-office"];
        let (order, _) = self.office.draft(&words);
        self.office.approve_by_security(&order).await;
        let document = "POST /documents/sz-office HTTP/1.1\r\nHost: localhost\r\n\
                        Content-Length: 5\r\n\r\nhello";
        until("the role is felt", async || self.send(document.as_bytes()).await.0 == 200).await;
    }

    /// The status, and what the application got of it.
    pub(crate) async fn send(&self, bytes: &[u8]) -> (u16, Vec<String>) {
        let before = self.gate.application.count();
        let answer = self.gate.raw(&self.office, &self.person, bytes).await;
        let got = self.gate.application.got.lock().unwrap()[before..].to_vec();
        (status(&answer), got)
    }

    async fn refused(&self, what: &str, bytes: &[u8]) {
        let (status, got) = self.send(bytes).await;
        assert!(matches!(status, 400 | 403 | 421 | 501), "{what}: {status}");
        assert_eq!(got, Vec::<String>::new(), "{what}: the application got something");
    }
}

/// Paths: what could be read in two ways is refused, what is read in one way arrives in one
/// spelling.
#[tokio::test]
async fn paths_have_one_reading() {
    let stage = Stage::open().await;
    let target =
        |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes();
    for path in [
        "/documents/sz-office/../sz-finance/2026-001",
        "/documents/sz-office/%2e%2e/sz-finance/2026-001",
        "/documents/sz-office/.%2E/sz-finance/2026-001",
        "/documents/sz-office/..;/sz-finance/2026-001",
        "/documents/sz-office/2026-001;x=1",
        "/documents/sz-office%2f..%2fsz-finance/2026-001",
        "/documents%2fsz-office/2026-001",
        "/documents/sz-office%5c2026-001",
        "/documents/sz-office\\2026-001",
        "//documents/sz-office/2026-001",
        "/documents//sz-office/2026-001",
        "/documents/sz-office/2026-001%00",
        "/documents/sz-office/2026-001%0a",
        "/documents/sz-office/%c0%ae%c0%ae/2026-001",
        "/documents/sz-office/%252e%252e/2026-001",
        "/documents/sz-office/2026%2",
        "/documents/sz-office/2026-001#fragment",
        "/DOCUMENTS/sz-office/2026-001",
        "/documents/sz-finance/2026-001?/documents/sz-office/2026-001",
        "/admin?x=/documents/sz-office/2026-001",
        "http://localhost/documents/sz-office/2026-001",
        "https://other.localhost/documents/sz-office/2026-001",
        "*",
        "documents/sz-office/2026-001",
    ] {
        stage.refused(path, &target(path)).await;
    }
    for (path, arrives) in [
        (OWN, OWN),
        ("/documents/sz-office/%32026-001", OWN),
        ("/documents/sz-office/a%20b", "/documents/sz-office/a%20b"),
        ("/documents/sz-office/公文", "/documents/sz-office/%E5%85%AC%E6%96%87"),
        ("/documents/sz-office/%e5%85%ac%e6%96%87", "/documents/sz-office/%E5%85%AC%E6%96%87"),
        (
            "/documents/sz-office/2026-001?a=%2e%2e/&x=/../y",
            "/documents/sz-office/2026-001?a=%2e%2e/&x=/../y",
        ),
    ] {
        let (status, got) = stage.send(&target(path)).await;
        assert_eq!(status, 200, "{path}");
        assert!(got[0].starts_with(&format!("GET {arrives} HTTP/1.1\r\n")), "{path}: {}", got[0]);
    }
}

/// Framing: where a body ends is read in one way, or the connection is closed and the application
/// sees nothing.
#[tokio::test]
async fn framing_has_one_reading() {
    let stage = Stage::open().await;
    stage.may_send().await;
    let post = |fields: &str, body: &str| {
        format!("POST /documents/sz-office HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n{body}")
    };
    let smuggled = "0\r\n\r\nGET /documents/sz-finance/1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (fields, body) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", smuggled),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", smuggled),
        ("Content-Length: 5\r\nContent-Length: 5", "hello"),
        ("Content-Length: 5\r\nContent-Length: 6", "hello!"),
        ("Content-Length: 5, 5", "hello"),
        ("Content-Length: +5", "hello"),
        ("Transfer-Encoding: xchunked", smuggled),
        ("Transfer-Encoding: gzip, chunked", smuggled),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", smuggled),
        ("Transfer-Encoding : chunked", smuggled),
        ("Transfer-Encoding: chunked\r\n obs: fold", smuggled),
        ("X: a\nTransfer-Encoding: chunked", smuggled),
        ("Host: other.localhost", ""),
        ("Host: localhost", ""),
    ] {
        stage.refused(fields, post(fields, body).as_bytes()).await;
    }
    let old = post("Transfer-Encoding: chunked", smuggled).replace("HTTP/1.1", "HTTP/1.0");
    stage.refused("chunks in HTTP/1.0", old.as_bytes()).await;
    let old = post("Content-Length: 5", "hello").replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(stage.send(old.as_bytes()).await.0, 200, "a length in HTTP/1.0");
    let bare = post("Content-Length: 5", "hello").replace("\r\n", "\n");
    stage.refused("bare line feeds", bare.as_bytes()).await;
    // A wrong chunk comes after the head was forwarded: the request is given up, nothing is
    // smuggled.
    for chunk in
        ["+5\r\nhello\r\n", "5 x\r\nhello\r\n", "5 \r\nhello\r\n", "5\nhello", "5\r\nhelloX\r\n"]
    {
        let (_, got) = stage.send(post("Transfer-Encoding: chunked", chunk).as_bytes()).await;
        assert_eq!(got, Vec::<String>::new(), "{chunk}");
    }
    // One that is beyond a limit is told as that.
    let trailer = format!("5\r\nhello\r\n0\r\nX: {}\r\n\r\n", "a".repeat(5_000));
    for (chunk, wanted) in [("fffffffffffff\r\n", 413), (trailer.as_str(), 431)] {
        let sent = stage.send(post("Transfer-Encoding: chunked", chunk).as_bytes()).await;
        assert_eq!(sent, (wanted, vec![]), "{chunk}");
    }
    let body = "5;a=forged\r\nhello\r\n0\r\nYinxin-Identity: forged\r\n\r\n";
    let (status, got) = stage.send(post("Transfer-Encoding: chunked", body).as_bytes()).await;
    assert_eq!(status, 200);
    assert!(got[0].contains("hello") && !got[0].contains("forged"), "{}", got[0]);
    let (status, got) = stage.send(post("Content-Length: 5", "hello").as_bytes()).await;
    assert_eq!((status, got.len()), (200, 1));
    assert!(got[0].ends_with("\r\n\r\nhello"), "{}", got[0]);
}

/// A field named like ours, in every spelling, never reaches the application; neither do fields
/// that would turn the request into another.
#[tokio::test]
async fn identity_has_one_source() {
    let stage = Stage::open().await;
    for field in [
        "Yinxin-Identity: forged",
        "yinxin-identity: forged",
        "YINXIN-IDENTITY: forged\r\nYinxin-Identity: forged",
        "Yinxin_Identity: forged",
        "yinxin_identity: forged\r\nConnection: yinxin_identity",
        "X-Secret: forged\r\nConnection: keep-alive, X-Secret",
        "X-HTTP-Method-Override: forged",
        "X-Original-URL: /forged",
        "X-Rewrite-URL: /forged",
        "X-Forwarded-For: forged\r\nForwarded: for=forged\r\nX-Real-IP: forged",
        "Client-Cert: forged\r\nSSL-Client-Cert: forged\r\nX-SSL-Client-S-DN: forged",
        "Remote-User: forged\r\nREMOTE_USER: forged",
        "Proxy-Authorization: forged",
        "WL-Proxy-Client-Cert: forged\r\nWL-Proxy-Client-IP: forged\r\nX-ARR-ClientCert: forged",
        "X-MS-Client-Principal: forged\r\nX-Amzn-Oidc-Data: forged\r\nX-WebAuth-User: forged",
        "Client-IP: forged\r\nCF-Connecting-IP: forged\r\nSSL_CLIENT_S_DN: forged",
        "X-Remote-Group: forged\r\nFront-End-Https: forged\r\nX-Url-Scheme: forged",
    ] {
        let head = format!("GET {OWN} HTTP/1.1\r\nHost: localhost\r\n{field}\r\n\r\n");
        let (status, got) = stage.send(head.as_bytes()).await;
        assert_eq!((status, got.len()), (200, 1), "{field}");
        assert!(!got[0].contains("forged"), "{field}: {}", got[0]);
        assert_eq!(got[0].to_lowercase().matches("yinxin-identity:").count(), 1, "{field}");
    }
    // The application's copies do not come back either, nor what it is made of.
    let answer = stage
        .gate
        .raw(
            &stage.office,
            &stage.person,
            format!("GET {OWN} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes(),
        )
        .await;
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    assert!(!head.to_lowercase().contains("yinxin-identity"), "{head}");
    assert!(!head.to_lowercase().contains("server:"), "{head}");
}

/// Of two pipelined requests the second is judged by itself; both are recorded.
#[tokio::test]
async fn pipelined_requests_are_judged_one_by_one() {
    let stage = Stage::open().await;
    let one = format!("GET {OWN} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let two = "GET /documents/sz-finance/2026-001 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer =
        stage.gate.raw(&stage.office, &stage.person, format!("{one}{two}").as_bytes()).await;
    let codes: Vec<&str> =
        answer.match_indices("HTTP/1.1 ").map(|(at, _)| &answer[at + 9..at + 12]).collect();
    // The first answer repeats the request that it got.
    assert_eq!((codes.first(), codes.last()), (Some(&"200"), Some(&"403")), "{answer}");
    assert_eq!(stage.gate.application.count(), 1);
}

/// HTTP/2 has its own ways to say two things: refused, while neighbours go on.
#[tokio::test]
async fn http2_heads_are_judged_alike() {
    let stage = Stage::open().await;
    let Stage { office, gate, person } = &stage;
    let mut neighbour = gate.h1(office, person).await;
    assert_eq!(get(&mut neighbour, OWN).await.0, 200);
    for (what, path, fields) in [
        ("dots", "/documents/sz-office/../sz-finance/1", vec![]),
        ("host beside authority", OWN, vec![("host", "other.localhost")]),
        ("an upgrade", OWN, vec![("x-a", "b"), ("yinxin-identity", "forged")]),
    ] {
        let before = gate.application.count();
        let mut h2 = gate.h2(office, person).await;
        let mut request = http::Request::builder().uri(format!("https://localhost{path}"));
        for (name, value) in &fields {
            request = request.header(*name, *value);
        }
        let request = request.body(http_body_util::Empty::new()).unwrap();
        let answer = h2.send_request(request).await.unwrap();
        match what {
            "an upgrade" => {
                assert_eq!(answer.status(), 200);
                assert!(!gate.application.last().contains("forged"));
            }
            _ => {
                assert_eq!(answer.status(), 400, "{what}");
                assert_eq!(gate.application.count(), before, "{what}");
            }
        }
    }
    a_get_with_a_body(&stage).await;
    flood(&stage).await;
    assert_eq!(get(&mut neighbour, OWN).await.0, 200);
}

/// The client's preface with empty settings.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// HTTP/1.1 upstream could read a body of GET as the next request: it stays here.
async fn a_get_with_a_body(stage: &Stage) {
    let before = stage.gate.application.count();
    let identity = Some(stage.person.identity());
    let mut stream = stage.gate.connect(&stage.office, identity, "localhost", "h2").await;
    let block = [b"\x82\x87\x04\x1d".as_slice(), OWN.as_bytes(), b"\x41\x09localhost"].concat();
    assert_eq!(OWN.len(), 0x1d);
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(1, 4, 1, &block));
    bytes.extend(frame(0, 1, 1, b"GET / HTTP/1.1\r\n\r\n"));
    stream.write_all(&bytes).await.unwrap();
    let answered = async {
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let mut payload = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
            stream.read_exact(&mut payload).await.unwrap();
            if head[3] == 1 {
                return payload[0];
            }
        }
    };
    // RFC 7541 appendix A: 12 is :status 400.
    assert_eq!(tokio::time::timeout(ANSWER, answered).await.unwrap(), 0x80 | 12);
    assert_eq!(stage.gate.application.count(), before);
}

/// Streams opened and reset in a hurry, a field block without an end: the connection ends, the gate
/// does not.
async fn flood(stage: &Stage) {
    let preface = PREFACE.to_vec();
    // GET / on localhost: indexed :method GET, :scheme https, :path /, :authority literal.
    let block = [b"\x82\x87\x84\x41\x09".as_slice(), b"localhost"].concat();
    let mut resets = preface.clone();
    for stream in 0..2_000u32 {
        let stream = stream * 2 + 1;
        resets.extend(frame(1, 5, stream, &block));
        resets.extend(frame(3, 0, stream, &8u32.to_be_bytes()));
    }
    let mut endless = preface.clone();
    endless.extend(frame(1, 1, 1, &block));
    for _ in 0..4_000 {
        // A literal field that nobody knows, again and again.
        endless.extend(frame(9, 0, 1, b"\x00\x03x-a\x7f\x01"));
        endless.extend(frame(9, 0, 1, &[b'a'; 128]));
    }
    for (what, bytes) in [("rapid reset", resets), ("continuation", endless)] {
        let identity = Some(stage.person.identity());
        let mut stream = stage.gate.connect(&stage.office, identity, "localhost", "h2").await;
        let ended = async {
            let _ = stream.write_all(&bytes).await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        };
        assert!(tokio::time::timeout(ANSWER, ended).await.is_ok(), "{what}: the connection stays");
    }
    frames_that_ask_for_nothing(stage, &block).await;
}

/// Frames without an end that only cost an answer, or nothing: whoever sends no more of them is
/// gone, and nothing of them is left.
async fn frames_that_ask_for_nothing(stage: &Stage, block: &[u8]) {
    const MANY: usize = 5_000;
    let posted = [b"\x83".as_slice(), &block[1..]].concat();
    let body = [frame(1, 4, 1, &posted), frame(0, 0, 1, b"").repeat(MANY), frame(0, 1, 1, b"")];
    for (what, bytes) in [
        ("ping", frame(6, 0, 0, &[7; 8]).repeat(MANY)),
        ("settings", frame(4, 0, 0, b"").repeat(MANY)),
        ("window update", frame(8, 0, 0, &1u32.to_be_bytes()).repeat(MANY)),
        ("unknown", frame(0xbe, 0, 0, &[7; 64]).repeat(MANY)),
        ("empty data", body.concat()),
    ] {
        let identity = Some(stage.person.identity());
        let stream = stage.gate.connect(&stage.office, identity, "localhost", "h2").await;
        let (mut theirs, mut ours) = tokio::io::split(stream);
        let sent = async {
            let _ = ours.write_all(&[PREFACE, bytes.as_slice()].concat()).await;
            let _ = ours.shutdown().await;
        };
        let ended = async {
            let mut rest = Vec::new();
            let _ = theirs.read_to_end(&mut rest).await;
        };
        let both = async { tokio::join!(sent, ended) };
        assert!(tokio::time::timeout(ANSWER, both).await.is_ok(), "{what}: the connection stays");
    }
}

/// Who is still sending an upload reads why it is refused, over both protocols.
#[tokio::test]
async fn a_refused_upload_reads_its_refusal() {
    let Stage { office, gate, person } = &Stage::open().await;
    let before = gate.application.count();
    let upload = vec![b'x'; 8 * 1024 * 1024];
    let identity = || Some(person.identity());
    let mut stream = gate.connect(office, identity(), "localhost", "http/1.1").await;
    let head = format!(
        "POST /unknown HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        upload.len()
    );
    stream.write_all(&[head.as_bytes(), &upload].concat()).await.unwrap();
    let mut answers = String::new();
    let read = stream.read_to_string(&mut answers);
    tokio::time::timeout(ANSWER, read).await.unwrap().unwrap();
    assert_eq!(status(&answers), 403, "{answers}");
    assert!(answers.contains("route-unknown"), "{answers}");

    // A head that is refused itself, and chunks that go wrong on their way.
    let large = head.replace("\r\n\r\n", &format!("\r\nCookie: {}\r\n\r\n", "a".repeat(17_000)));
    let wrong =
        "POST /unknown HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n";
    for (head, said, code) in [(large.as_str(), 431, "head-too-large"), (wrong, 400, "malformed")] {
        let mut stream = gate.connect(office, identity(), "localhost", "http/1.1").await;
        stream.write_all(&[head.as_bytes(), &upload].concat()).await.expect(code);
        let mut answers = String::new();
        let read = stream.read_to_string(&mut answers);
        tokio::time::timeout(ANSWER, read).await.unwrap().expect(code);
        assert!([said, 403].contains(&status(&answers)), "{answers}");
        assert!(answers.contains(code) || answers.contains("route-unknown"), "{answers}");
    }

    let stream = gate.connect(office, identity(), "localhost", "h2").await;
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post("https://localhost/unknown");
    let request = request.body(Full::<Bytes>::from(upload)).unwrap();
    let answer = tokio::time::timeout(ANSWER, sender.send_request(request)).await.unwrap().unwrap();
    assert_eq!(answer.status(), 403);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("route-unknown"));
    assert_eq!(gate.application.count(), before);
}

/// A body over the limit is refused before it is forwarded, or ended where it grows too large; one
/// whose sender leaves has that as its end.
#[tokio::test]
async fn bodies_end_for_a_reason_that_is_recorded() {
    let stage = Stage::limited("body_bytes = 2000\n").await;
    let post = |fields: &str, body: &str| {
        format!("POST /documents/sz-office HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n{body}")
            .into_bytes()
    };
    stage.may_send().await;
    let fits = post("Content-Length: 2000", &"x".repeat(2_000));
    assert_eq!(stage.send(&fits).await.0, 200);
    let declared = post("Content-Length: 2001", &"x".repeat(2_001));
    assert_eq!(stage.send(&declared).await, (413, vec![]));
    let chunks = format!("3e8\r\n{}\r\n", "x".repeat(1_000)).repeat(3);
    let grows = post("Transfer-Encoding: chunked", &format!("{chunks}0\r\n\r\n"));
    assert_eq!(stage.send(&grows).await.0, 413);
    let identity = Some(stage.person.identity());
    let mut leaves = stage.gate.connect(&stage.office, identity, "localhost", "http/1.1").await;
    leaves.write_all(&post("Content-Length: 1000", "half")).await.unwrap();
    leaves.shutdown().await.unwrap();
    drop(leaves);
    let outcomes = async || -> Vec<String> {
        let records = stage.office.access().await.into_iter();
        let ended = records.filter_map(|record| match record.event {
            Event::Completion(completion) => Some(completion.outcome),
            _ => None,
        });
        ended.collect()
    };
    until("all requests ended", async || outcomes().await.len() == 4).await;
    assert_eq!(outcomes().await, ["done", "done", "too-large", "client-gone"]);
}

/// A head that comes a byte at a time is cut in time; a connection that waits for its next request
/// is not.
#[tokio::test]
async fn a_slow_head_is_cut() {
    let Stage { office, gate, person } = Stage::limited("head_seconds = 2\n").await;
    let mut kept = gate.h1(&office, &person).await;
    assert_eq!(get(&mut kept, OWN).await.0, 200);
    let mut stream = gate.connect(&office, Some(person.identity()), "localhost", "http/1.1").await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(8), stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the connection waits for ever");
    let mut silent = gate.connect(&office, None, "localhost", "h2").await;
    let ended = tokio::time::timeout(Duration::from_secs(8), silent.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "a connection that asks nothing keeps its place");
    assert_eq!(gate.application.count(), 1);
    assert_eq!(get(&mut kept, OWN).await.0, 200);
}
