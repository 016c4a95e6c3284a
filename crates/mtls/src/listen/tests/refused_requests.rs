//! What a service says of a head before anybody looks at its request, over both protocols.

use super::half_closed::{frame, http2_request};
use super::*;
use crate::listen::RequestFault;
use http::HeaderValue;

async fn over_http1(fixture: &Fixture, target: &str, fields: &[(&str, &str)]) -> u16 {
    let fields: String =
        fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("GET {target} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{fields}\r\n");
    let answer = fixture.ask(&head).await;
    answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default()
}

async fn over_http2(fixture: &Fixture, target: &str, fields: &[(&str, &str)]) -> u16 {
    let stream = TokioIo::new(TcpStream::connect(fixture.address).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::get(format!("http://h{target}"));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let answer = sender.send_request(request.body(Body::empty()).unwrap()).await.unwrap();
    answer.status().as_u16()
}

/// Each limit has its status, and the nearest that fits passes.
#[tokio::test]
async fn each_limit_of_a_service_has_its_status() {
    let plain = start(None, |full| site(limits(), full)).await;
    let http2 = start(None, |full| Http2(site(limits(), full))).await;
    let query = |bytes: usize| format!("/?{}", "a".repeat(bytes - 2));
    let (fits, long) = ("a".repeat(15_000), "a".repeat(17_000));
    let fields = |count: usize| vec![("x-a", "a"); count];
    for (target, fields, status) in [
        (query(8 * 1024), vec![], 200),
        (query(8 * 1024 + 1), vec![], 414),
        (query(8_500), vec![], 414),
        ("/".into(), vec![("cookie", fits.as_str())], 200),
        ("/".into(), vec![("cookie", long.as_str())], 431),
        ("/".into(), fields(95), 200),
        ("/".into(), fields(110), 431),
        ("/".into(), vec![("expect", "100-Continue")], 200),
        ("/".into(), vec![("expect", "")], 200),
        ("/".into(), vec![("expect", "100-continue ,")], 200),
        ("/".into(), vec![("expect", "100-continue, wonders")], 417),
        ("/".into(), vec![("expect", "wonders")], 417),
        ("/".into(), vec![("expect", "100-continue"), ("expect", "wonders")], 417),
    ] {
        let what: String = format!("{target} {fields:?}").chars().take(60).collect();
        assert_eq!(over_http1(&plain, &target, &fields).await, status, "HTTP/1.1: {what}");
        assert_eq!(over_http2(&http2, &target, &fields).await, status, "HTTP/2: {what}");
    }
}

/// A request of HTTP/1.1 names one host, which may be an empty one (RFC 9112 3.2); an older one
/// need not, and one whose target has it repeats it.
#[tokio::test]
async fn a_request_names_one_host() {
    let fixture = start(None, |full| site(limits(), full)).await;
    for (head, status) in [
        ("GET / HTTP/1.1\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: h\r\nhost: h\r\n", "400"),
        ("GET / HTTP/1.0\r\nhost: h\r\nHost: h\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost:\r\n", "200"),
        ("GET http://h/ HTTP/1.1\r\nhost: h\r\n", "200"),
        ("GET / HTTP/1.0\r\n", "200"),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n", "200"),
    ] {
        let said = fixture.ask(&format!("{head}connection: close\r\n\r\n")).await;
        assert_eq!(said.get(9..12), Some(status), "{head}: {said}");
    }
}

/// What HTTP/2 lets reach nobody is refused with the fields of the service: a head that is far too
/// large, and one that HTTP/2 forbids. The next request on the connection is answered.
#[tokio::test]
async fn what_http2_refuses_by_itself_has_the_fields_of_the_service() {
    let says = |fault: RequestFault| {
        let mut response = Response::new(Body::from("our words"));
        *response.status_mut() = fault.status();
        let name = if fault == RequestFault::Size { "size" } else { "form" };
        response.headers_mut().insert("x-fault", HeaderValue::from_static(name));
        response
    };
    let fixture = start(None, |full| Http2(Site { refuse: says, ..site(limits(), full) })).await;
    let stream = TokioIo::new(TcpStream::connect(fixture.address).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    for (bytes, status, fault) in [(70_000, 431, Some("size")), (100, 200, None)] {
        let request = Request::get("http://h/").header("x-a", "a".repeat(bytes));
        let request = request.body(Body::empty()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        let told = answer.headers().get("x-fault").map(|value| value.to_str().unwrap());
        assert_eq!((answer.status().as_u16(), told), (status, fault), "{bytes}");
        assert!(status == 200 || !answer.headers().contains_key("content-length"), "{bytes}");
    }
    let mut stream = TcpStream::connect(fixture.address).await.unwrap();
    stream.write_all(&http2_request(2, "/", b"\0\x02te\x04gzip", None)).await.unwrap();
    let (kind, flags, head) = next_of_stream(&mut stream).await;
    assert_eq!((kind, flags & 1), (1, 1), "{head:?}");
    assert!(head.ends_with(b"\0\x07x-fault\x04form"), "{head:?}");
}

/// The text 100 in the code of RFC 7541 appendix B.
const STATUS_100: &[u8] = &[0x82, 0x08, 0x01];

/// Who waits for 100 over HTTP/2 gets it as soon as the body is wanted; who is refused gets the
/// final status, and its stream ends when it says so itself.
#[tokio::test]
async fn an_expectation_over_http2_is_answered_at_once() {
    let fixture = start(None, |full| Http2(site(limits(), full))).await;
    let expect = b"\0\x06expect\x0c100-continue";
    for (path, is_wanted) in [("/brake", true), ("/nowhere", false)] {
        let whole = http2_request(3, path, expect, Some(b""));
        // Without the last frame, which would end the stream.
        let head = &whole[..whole.len() - frame(0, 1, 1, b"").len()];
        let mut stream = TcpStream::connect(fixture.address).await.unwrap();
        stream.write_all(head).await.unwrap();
        let first = next_of_stream(&mut stream).await;
        assert_eq!(first.0, 1, "{path}: a head");
        assert_eq!(first.2.ends_with(STATUS_100), is_wanted, "{path}: {first:?}");
        stream.write_all(&frame(0, 1, 1, b"stop")).await.unwrap();
        if is_wanted {
            let (head, data) =
                (next_of_stream(&mut stream).await, next_of_stream(&mut stream).await);
            assert_eq!((head.0, data.2.as_slice()), (1, b"stop".as_slice()));
        } else {
            // 404 without a body: the head was the end of the answer.
            assert_eq!(first.1 & 1, 1, "{first:?}");
        }
    }
}

/// The next frame of the first stream that says anything: kind, flags, payload.
async fn next_of_stream(stream: &mut TcpStream) -> (u8, u8, Vec<u8>) {
    let read = async {
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let mut payload = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
            stream.read_exact(&mut payload).await.unwrap();
            if head[8] == 1 && head[3] <= 1 {
                return (head[3], head[4], payload);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), read).await.expect("no answer")
}

/// What the library refuses by itself has the words of the service, on a connection that says
/// nothing else and on one that was answered before; who still sends such a head reads them. What a
/// service answers stays as it is, also where it looks alike.
#[tokio::test]
async fn what_the_library_refuses_leaves_in_our_words() {
    let bare = |fault: RequestFault| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = fault.status();
        response
    };
    let says = |fault: RequestFault| {
        let mut response = Response::new(Body::from(format!("our words: {fault:?}")));
        *response.status_mut() = fault.status();
        response
    };
    let plain = start(None, |full| {
        let site = site(limits(), full);
        let router = site.router.clone().route("/bare", get(|| async { StatusCode::BAD_REQUEST }));
        Site { router, refuse: says, ..site }
    })
    .await;
    let fields = "x-a: a\r\n".repeat(1_100);
    let large = "a".repeat(200_000);
    for (head, status, fault) in [
        ("GET /a<b HTTP/1.1\r\nhost: h\r\n\r\n".to_owned(), 400, "Form"),
        ("GET / HTTP/1.1\r\nhost: h\r\nx-a: \u{1}\r\n\r\n".to_owned(), 400, "Form"),
        (format!("GET / HTTP/1.1\r\nhost: h\r\n{fields}\r\n"), 431, "Size"),
        (format!("GET / HTTP/1.1\r\nhost: h\r\nx-a: {large}\r\n\r\n"), 431, "Size"),
    ] {
        for before in ["", "GET / HTTP/1.1\r\nhost: h\r\n\r\n"] {
            let what: String = head.chars().take(40).collect();
            let mut stream = plain.send(before).await;
            let mut first = Vec::new();
            while !before.is_empty() && !first.ends_with(b"here") {
                assert!(stream.read_buf(&mut first).await.unwrap() > 0, "{what}");
            }
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let said = read(&mut stream).await;
            let line = format!("HTTP/1.1 {status} ");
            assert!(said.starts_with(&line), "{what}: {said}");
            assert!(said.contains("\r\nconnection: close\r\n"), "{what}: {said}");
            assert!(said.ends_with(&format!("\r\n\r\nour words: {fault}")), "{what}: {said}");
        }
    }
    let said = plain.ask("GET /bare HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 400 ") && said.ends_with("\r\n\r\n"), "{said}");

    let silent = start(None, |full| Site { refuse: bare, ..site(limits(), full) }).await;
    let said = silent.ask("GET /a<b HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
}
