//! Requests that HTTP allows and that look unusual pass a gate; the nearest that it does not allow
//! is refused.

use crate::http1_framing::{OWN, PREFACE, Stage, frame};
use http_body_util::{BodyExt, Empty};
use tests::clients::ClientFiles;
use tests::gate::ANSWER;
use tests::processes::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// `:status` 200 and 400 (RFC 7541 appendix A).
const STATUS_200: u8 = 0x88;
const STATUS_400: u8 = 0x8c;

/// The first byte of the answer's head to these frames of one stream.
async fn first_of(stage: &Stage, frames: &[Vec<u8>]) -> u8 {
    let identity = Some(stage.person.identity());
    let mut stream = stage.gate.connect(&stage.office, identity, "localhost", "h2").await;
    stream.write_all(&[PREFACE, &frames.concat()].concat()).await.unwrap();
    let answered = async {
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let mut payload = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
            stream.read_exact(&mut payload).await.unwrap();
            if (head[3], head[8]) == (1, 1) {
                return payload[0];
            }
        }
    };
    tokio::time::timeout(ANSWER, answered).await.expect("an answer in time")
}

/// The end of a GET or HEAD over HTTP/2 may stand in a frame of its own (RFC 9113 8.1); a byte in
/// it is a body.
#[tokio::test]
async fn an_empty_frame_may_end_a_request() {
    let stage = Stage::open().await;
    let target = [b"\x87\x04\x1d".as_slice(), OWN.as_bytes(), b"\x41\x09localhost"].concat();
    for method in [b"\x82".as_slice(), b"\x02\x04HEAD"] {
        let length_0 = b"\0\x0econtent-length\x010".as_slice();
        let length_1 = b"\0\x0econtent-length\x011".as_slice();
        for (length, data, status) in [
            (b"".as_slice(), vec![b"".as_slice()], STATUS_200),
            (b"", vec![b"", b""], STATUS_200),
            (length_0, vec![b""], STATUS_200),
            (b"", vec![b"a"], STATUS_400),
            (b"", vec![b"", b"a"], STATUS_400),
            (length_1, vec![b"a"], STATUS_400),
        ] {
            let before = stage.gate.application.count();
            let block = [method, &target, length].concat();
            let mut frames = vec![frame(1, 4, 1, &block)];
            let (last, others) = data.split_last().unwrap();
            frames.extend(others.iter().map(|part| frame(0, 0, 1, part)));
            frames.push(frame(0, 1, 1, last));
            let first = first_of(&stage, &frames).await;
            assert_eq!(first, status, "{method:?} {length:?} {data:?}");
            let passed = stage.gate.application.count() - before;
            assert_eq!(passed, usize::from(status == STATUS_200), "{method:?} {data:?}");
        }
    }
    let files = ClientFiles::of(&stage.office, &stage.person);
    let origin = format!("https://localhost:{}", stage.gate.port);
    let words = [format!("GET {OWN} open"), format!("HEAD {OWN} open")];
    let said = files.node("requests", &[&origin, &words[0], &words[1]]).await;
    assert_eq!(said.matches("\"status\":200").count(), 2, "{said}");
}

/// Of other protocols WebSocket is spoken, by a GET of a connection that names it: every other word
/// about one leaves its request, and its connection, as they are (RFC 9110 7.8).
#[tokio::test]
async fn an_upgrade_that_is_not_spoken_changes_nothing() {
    let stage = Stage::open().await;
    stage.may_send().await;
    let h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
    let mut bytes = Vec::new();
    for (line, fields, body) in [
        ("POST /documents/sz-office", format!("{h2c}Content-Length: 5\r\n"), "hello"),
        ("POST /documents/sz-office", format!("{h2c}Content-Length: 0\r\n"), ""),
        (&format!("GET {OWN}"), h2c.to_owned(), ""),
        (&format!("GET {OWN}"), "Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n".to_owned(), ""),
        (&format!("GET {OWN}"), "Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n".to_owned(), ""),
        (&format!("GET {OWN}"), "Upgrade: websocket\r\n".to_owned(), ""),
        (&format!("HEAD {OWN}"), "Connection: Upgrade\r\nUpgrade: websocket\r\n".to_owned(), ""),
        (&format!("GET {OWN}"), String::new(), ""),
    ] {
        let head = format!("{line} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{body}");
        bytes.extend(head.into_bytes());
    }
    // All on one connection: none of them ends it.
    let before = stage.gate.application.count();
    let identity = Some(stage.person.identity());
    let mut stream = stage.gate.connect(&stage.office, identity, "localhost", "http/1.1").await;
    stream.write_all(&bytes).await.unwrap();
    until("all of them arrive", async || stage.gate.application.count() - before == 8).await;
    let got = stage.gate.application.got.lock().unwrap()[before..].to_vec();
    for one in &got {
        let one = one.to_lowercase();
        assert!(!one.contains("upgrade") && !one.contains("http2-settings"), "{one}");
    }
    assert!(got[0].ends_with("\r\n\r\nhello"), "{}", got[0]);
    // A POST without a body says so: there are servers that refuse one which says nothing.
    let said = got.iter().map(|one| one.to_lowercase().contains("\r\ncontent-length: 0\r\n"));
    assert_eq!(said.filter(|says| *says).count(), 1);
    // One with a body has its connection to the application for itself.
    let alone = got.iter().map(|one| one.to_lowercase().contains("\r\nconnection: close\r\n"));
    let mut wanted = [false; 8];
    wanted[0] = true;
    assert_eq!(alone.collect::<Vec<_>>(), wanted);
}

/// A dot at the end of a host makes it no other (RFC 1034 3.1): it is served, and the application
/// reads the name without it.
#[tokio::test]
async fn a_dot_at_the_end_of_a_host_makes_no_other() {
    let stage = Stage::open().await;
    for (host, status, arrives) in [
        ("localhost.", 200, "host: localhost\r\n"),
        ("LocalHost.:8443", 200, "host: localhost:8443\r\n"),
        ("localhost..", 400, ""),
        ("other.localhost.", 421, ""),
    ] {
        let head = format!("GET {OWN} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let (answered, got) = stage.send(head.as_bytes()).await;
        assert_eq!(answered, status, "{host}");
        let got = got.concat().to_lowercase();
        assert!(got.contains(arrives) && !got.contains("localhost."), "{host}: {got}");
        let mut h2 = stage.gate.h2(&stage.office, &stage.person).await;
        let uri = format!("https://{host}{OWN}");
        let Ok(request) = http::Request::builder().uri(uri).body(Empty::new()) else { continue };
        let answer = h2.send_request(request).await.unwrap();
        assert_eq!(answer.status(), status, "HTTP/2: {host}");
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body).to_lowercase();
        assert!(status != 200 || body.contains(arrives), "HTTP/2: {host}: {body}");
    }
}

/// What a connection nominates stays on it, on both ways: a cookie too, and whatever else stands
/// in the field. One that is no list of names is refused, and recorded.
#[tokio::test]
async fn what_a_connection_nominates_passes_on_no_way() {
    let stage = Stage::open().await;
    let get = |fields: &[u8]| {
        let line = format!("GET {OWN} HTTP/1.1\r\nHost: localhost\r\n");
        [line.as_bytes(), fields, b"\r\n\r\n"].concat()
    };
    for (fields, status) in [
        (b"Cookie: a=forged\r\nConnection: Cookie".as_slice(), 200),
        (b"Cookie: a=forged\r\nCookie: b=forged\r\nConnection: keep-alive, cookie", 200),
        (b"X-Secret: forged\r\nConnection: close,\tX-SECRET", 200),
        (b"X-Secret: forged\r\nConnection: X-Secret, \xff", 400),
        (b"X-Secret: forged\r\nConnection: X-Secret, \"", 400),
        (b"X-Secret: forged\r\nConnection: X Secret", 400),
    ] {
        let what = String::from_utf8_lossy(fields);
        let (answered, got) = stage.send(&get(fields)).await;
        assert_eq!((answered, got.len()), (status, usize::from(status == 200)), "{what}");
        assert!(!got.concat().contains("forged"), "{what}: {got:?}");
    }
    until("the refusals are recorded", async || {
        stage.office.access().await.iter().any(|record| {
            matches!(&record.event, records::record::Event::Turned(turned)
                if turned.code == "malformed" && turned.stage == "head")
        })
    })
    .await;
    for connection in [b"X-Secret".as_slice(), b"X-Secret, \xff", b"\xe4\xb8,x-secret"] {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Secret: forged\r\nConnection: ";
        let answer = [head.as_slice(), connection, b"\r\n\r\nbody"].concat();
        stage.gate.application.script(OWN, &answer);
        let got = stage.gate.raw(&stage.office, &stage.person, &get(b"X-A: b")).await;
        assert!(got.ends_with("body") && !got.contains("forged"), "{connection:?}: {got}");
    }
}

/// Where an owner lists the fields that pass, these and the standard ones do; a field of any other
/// name stays at the gate, and what never passes does so if it is listed.
#[tokio::test]
async fn a_gate_passes_listed_fields_and_no_other() {
    let stage =
        Stage::set("request_fields = [\"X-App-*\", \"X-Name-Of-Ours\", \"Remote-User\"]\n").await;
    let fields = "Accept: kept\r\nUser-Agent: kept\r\nX-App-Version: kept\r\nCookie: a=kept\r\n\
                  X-Name-Of-Ours: kept\r\nRemote-User: forged\r\nX-Name-Of-Yours: forged\r\n\
                  UID: forged\r\n";
    let head = format!("GET {OWN} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    let (status, got) = stage.send(head.as_bytes()).await;
    assert_eq!((status, got.len()), (200, 1));
    assert_eq!(got[0].matches("kept").count(), 5, "{}", got[0]);
    assert!(!got[0].contains("forged"), "{}", got[0]);
}

/// Over HTTP/2 a Host field alone names the host, as who passes on HTTP/1.1 sends it (RFC 9113
/// 8.3.1); without either, and with another one beside the authority, nothing passes.
#[tokio::test]
async fn a_host_field_alone_names_the_host() {
    let stage = Stage::open().await;
    let target = [b"\x82\x87\x04\x1d".as_slice(), OWN.as_bytes()].concat();
    let (field, other) = (b"\0\x04host\x09localhost".as_slice(), b"\0\x04host\x05other".as_slice());
    let authority = b"\x41\x09localhost".as_slice();
    for (fields, status) in [
        (vec![field], STATUS_200),
        (vec![authority, field], STATUS_200),
        (vec![authority, other], STATUS_400),
        (vec![], STATUS_400),
    ] {
        let block = [target.as_slice(), &fields.concat()].concat();
        assert_eq!(first_of(&stage, &[frame(1, 5, 1, &block)]).await, status, "{fields:?}");
    }
}

/// An absolute target of this host, an empty line before a request and extensions of chunks are
/// what HTTP has everybody take (RFC 9112 2.2, 3.2.2, 7.1.1); of another host nothing passes.
#[tokio::test]
async fn old_forms_of_http_1_pass() {
    let stage = Stage::open().await;
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    for (request, passes) in [
        (get(&format!("https://localhost{OWN}")), true),
        (format!("\r\n{}", get(OWN)), true),
        (get(&format!("https://other{OWN}")), false),
        (get(&format!("http://localhost{OWN}")), false),
    ] {
        let (status, got) = stage.send(request.as_bytes()).await;
        assert_eq!((status, got.len()), (if passes { 200 } else { 400 }, usize::from(passes)));
        assert!(got.iter().all(|one| one.starts_with(&format!("GET {OWN} "))), "{got:?}");
    }
}
