//! Every refusal of the gate names its code and a reference, over both protocols, and is recorded;
//! which limit was reached is told by the status. Chains with more than they need are none.

use crate::http1_framing::{OWN, PREFACE, Stage, frame};
use records::record::Event;
use tests::clients::ClientFiles;
use tests::gate::{ANSWER, get, status};
use tests::processes::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The value of a field of an answer.
fn field<'a>(answer: &'a str, name: &str) -> &'a str {
    let start = format!("{name}: ");
    answer.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default()
}

/// Whether a reference stands in the access log, with this code.
async fn is_recorded(stage: &Stage, code: &str, reference: &str) -> bool {
    stage.office.access().await.iter().any(|record| match &record.event {
        Event::Turned(turned) => turned.code == code && turned.reference == reference,
        Event::Decision(decision) => decision.outcome == code && decision.reference == reference,
        Event::Completion(ended) => ended.reference == reference,
        _ => false,
    })
}

/// Heads beyond a limit, with wrong targets and late ones: each has its true status and code; the
/// nearest that fits passes.
#[tokio::test]
async fn each_limit_has_its_status() {
    let stage = Stage::limited("head_seconds = 2\n").await;
    let with = |target: &str, fields: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
    };
    let query = |bytes: usize| format!("{OWN}?{}", "a".repeat(bytes - OWN.len() - 1));
    let cookie = |bytes: usize| format!("Cookie: {}\r\n", "a".repeat(bytes));
    for passes in
        [with(&query(8 * 1024), ""), with(OWN, &cookie(15_000)), with(OWN, &"X: a\r\n".repeat(99))]
    {
        assert_eq!(stage.send(passes.as_bytes()).await.0, 200);
    }
    let before = stage.gate.application.count();
    let length = format!("Content-Length: {}\r\n", "9".repeat(19));
    for (head, wanted, code, limit) in [
        (with(&query(8_500), ""), 414, "target-too-long", "target_bytes=8192"),
        (with(&query(40_000), ""), 414, "target-too-long", "target_bytes=8192"),
        (with(&"/a".repeat(300), ""), 414, "target-too-long", "target_bytes=8192"),
        (with(OWN, &cookie(17_000)), 431, "head-too-large", "head_bytes=16384"),
        (with(OWN, &"X: a\r\n".repeat(110)), 431, "fields-too-many", "fields=100"),
        (with("/a/../b", ""), 400, "malformed", ""),
        (with("/a?b\u{1}", ""), 400, "malformed", ""),
        (with(OWN, "Expect: wonders\r\n"), 417, "expectation-unknown", ""),
        (with(OWN, &length), 413, "too-large", "body_bytes="),
        (with(OWN, "Transfer-Encoding: gzip, chunked\r\n"), 501, "coding-unknown", ""),
        (with(OWN, "Transfer-Encoding: gzip\r\n"), 400, "malformed", ""),
        (format!("GET {OWN} HTTP/1.1\r\nHost: "), 408, "request-late", "head_seconds=2"),
    ] {
        let answer = stage.gate.raw(&stage.office, &stage.person, head.as_bytes()).await;
        let named = (status(&answer), field(&answer, "yinxin-refusal"));
        let what: String = head.chars().take(80).collect();
        assert_eq!(named, (wanted, code), "{what}");
        assert!(field(&answer, "yinxin-limit").starts_with(limit), "{what}: {answer}");
        assert!(answer.contains("\"reference\":\""), "{what}: {answer}");
    }
    // What a library may or may not read is never refused by it alone.
    for sign in ["\"", "<", ">", "{", "}", "|", "^", "`", "[", "]"] {
        for target in [format!("/a{sign}b"), format!("/a?b{sign}c")] {
            let head = with(&target, "");
            let answer = stage.gate.raw(&stage.office, &stage.person, head.as_bytes()).await;
            let code = field(&answer, "yinxin-refusal");
            assert!(matches!(code, "malformed" | "route-unknown"), "{target}: {answer}");
        }
    }
    assert_eq!(stage.gate.application.count(), before);
    until("each code is recorded", async || {
        let codes = ["target-too-long", "head-too-large", "fields-too-many", "request-late"];
        let records = stage.office.access().await;
        codes.iter().all(|code| {
            records.iter().any(|record| match &record.event {
                Event::Turned(turned) => turned.code == *code && !turned.reference.is_empty(),
                _ => false,
            })
        })
    })
    .await;
}

/// HTTP/2, through Node's client and by its frames: the same codes, and no bare error.
#[tokio::test]
async fn http2_refuses_with_the_same_words() {
    let stage = Stage::open().await;
    let files = ClientFiles::of(&stage.office, &stage.person);
    let origin = format!("https://localhost:{}", stage.gate.port);
    let long = format!("GET {OWN}?{}", "a".repeat(8_500));
    let (own, dots) = (format!("HEAD {OWN}"), "HEAD /a/../b".to_owned());
    let (others, options) = ("HEAD /documents/sz-finance/1".to_owned(), format!("OPTIONS {OWN}"));
    let words = [&origin, &long, &own, &dots, &others, &options, &format!("GET {OWN}")];
    let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
    let lines = files.node("requests", &words).await;
    let answers: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let named: Vec<(u64, &str, bool)> = answers
        .iter()
        .map(|answer| {
            let status = answer["status"].as_u64().unwrap_or_default();
            let body = answer["body"].as_str().unwrap_or_default();
            (status, answer["code"].as_str().unwrap_or_default(), body.is_empty())
        })
        .collect();
    assert_eq!(
        named,
        [
            (414, "target-too-long", false),
            (200, "", true),
            (400, "malformed", true),
            (403, "not-permitted", true),
            (403, "route-unknown", false),
            (200, "", false),
        ]
    );
    for (answer, (_, code, _)) in answers.iter().zip(&named).filter(|(_, named)| named.0 != 200) {
        let reference = answer["reference"].as_str().unwrap().to_owned();
        until(&format!("{code} is recorded"), async || is_recorded(&stage, code, &reference).await)
            .await;
    }
    let before = stage.gate.application.count();
    let get = |path: &[u8], more: &[u8]| {
        let length = u8::try_from(path.len()).unwrap();
        [b"\x82\x87\x04", [length].as_slice(), path, b"\x41\x09localhost", more].concat()
    };
    // It waits for 100, so that its answer waits for no body.
    let post = |digits: &[u8]| {
        let length = u8::try_from(digits.len()).unwrap();
        let waits = b"\x0f\x14\x0c100-continue\x0f\x0d".as_slice();
        let fields = [waits, [length].as_slice(), digits].concat();
        let mut block = get(OWN.as_bytes(), &fields);
        block[0] = 0x83;
        block
    };
    let big = [b"\0\x01x\x7f\xff\xff\x03".as_slice(), &[b'a'; 65_662]].concat();
    for (what, block, code) in [
        ("a quote", get(b"/a\"b", b""), "route-unknown"),
        ("a control character", get(b"/a\x01b", b""), "malformed"),
        ("no UTF-8", get(b"/a\xffb", b""), "malformed"),
        ("no slash", get(b"a", b""), "malformed"),
        ("a field of a connection", get(b"/a", b"\0\x0aconnection\x05close"), "malformed"),
        ("far too large", get(b"/a", &big), "head-too-large"),
        ("a long length", post(b"9999999999999999999"), "too-large"),
        ("a length beyond numbers", post(b"99999999999999999999"), "malformed"),
    ] {
        let said = frames(&stage, &block).await;
        assert!(said.contains(code), "{what}: {said}");
    }
    assert_eq!(stage.gate.application.count(), before);
}

/// All that comes for one stream, until the other side ends it.
async fn frames(stage: &Stage, block: &[u8]) -> String {
    let identity = Some(stage.person.identity());
    let mut stream = stage.gate.connect(&stage.office, identity, "localhost", "h2").await;
    let mut bytes = PREFACE.to_vec();
    let mut parts = block.chunks(16_000).peekable();
    let mut kind = 1;
    // A GET ends with its head, a POST does not.
    let ends = u8::from(block[0] == 0x82);
    while let Some(part) = parts.next() {
        let last = if parts.peek().is_none() { 4 } else { 0 };
        bytes.extend(frame(kind, if kind == 1 { ends | last } else { last }, 1, part));
        kind = 9;
    }
    stream.write_all(&bytes).await.unwrap();
    let answered = async {
        let mut said = Vec::new();
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let mut payload = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
            stream.read_exact(&mut payload).await.unwrap();
            if head[8] == 1 || head[3] == 7 {
                said.extend(payload);
                if head[3] == 7 || (head[3] <= 1 && head[4] & 1 != 0) {
                    return String::from_utf8_lossy(&said).into_owned();
                }
            }
        }
    };
    tokio::time::timeout(ANSWER, answered).await.expect("an answer in time")
}

/// What a refused HEAD gets over HTTP/1.1 has no body, whoever refuses it.
#[tokio::test]
async fn a_refused_head_has_no_body() {
    let stage = Stage::open().await;
    for (target, wanted) in [
        (OWN, 200),
        ("/documents/sz-finance/1", 403),
        ("/unknown/route/of/nobody", 403),
        ("/a/../b", 400),
        ("http://localhost/a", 400),
    ] {
        let head = format!("HEAD {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let answer = stage.gate.raw(&stage.office, &stage.person, head.as_bytes()).await;
        assert_eq!(status(&answer), wanted, "{target}: {answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{target}: {answer}");
        assert_eq!(field(&answer, "yinxin-refusal").is_empty(), wanted == 200, "{target}");
    }
}

/// A chain may hold more than it needs, in any order (RFC 8446 4.4.2), or less; whose root is not
/// ours still leads nowhere.
#[tokio::test]
async fn chains_may_hold_more_than_they_need() {
    let stage = Stage::open().await;
    let own = stage.person.chain.clone();
    let (leaf, issuing, root) = (own[0].clone(), own[1].clone(), own[2].clone());
    let stranger = stage.office.foreign().chain[0].clone();
    let mut many = vec![leaf.clone()];
    many.extend(vec![stranger.clone(); 20]);
    many.extend([root.clone(), leaf.clone(), issuing.clone()]);
    for (what, chain) in [
        ("the leaf alone", vec![leaf.clone()]),
        ("leaf and root", vec![leaf.clone(), root.clone()]),
        ("leaf and a stranger", vec![leaf.clone(), stranger.clone()]),
        ("root before the issuer", vec![leaf.clone(), root, issuing.clone()]),
        ("many before the issuer", many),
    ] {
        let person = tests::Officer {
            person: stage.person.person.clone(),
            chain,
            signer: keys::SoftwareSigner::from_pkcs8(stage.person.signer.pkcs8()).unwrap(),
        };
        let mut open = stage.gate.h1(&stage.office, &person).await;
        assert_eq!(get(&mut open, OWN).await.0, 200, "{what}");
    }
    let mut foreign = stage.office.foreign();
    foreign.chain.push(issuing);
    let mut open = stage.gate.h1(&stage.office, &foreign).await;
    let (status, page) = get(&mut open, OWN).await;
    assert_eq!((status, page.contains("certificate-foreign")), (401, true), "{page}");
}
