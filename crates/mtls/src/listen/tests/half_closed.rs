//! Who sends no more still wants its answer; who is gone keeps no place.

use super::*;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The client's preface with empty settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A frame of HTTP/2.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A request over HTTP/2 with a body or none: its method is an index of RFC 7541 appendix A.
pub(super) fn http2_request(method: u8, path: &str, fields: &[u8], body: Option<&[u8]>) -> Vec<u8> {
    let length = u8::try_from(path.len()).unwrap();
    let named = [&[0x80 | method, 0x86, 0x04, length], path.as_bytes(), b"\x41\x01h", fields];
    let end = if body.is_some() { 4 } else { 5 };
    let data = body.map(|body| frame(0, 1, 1, body)).unwrap_or_default();
    [PREFACE, &frame(1, end, 1, &named.concat()), &data].concat()
}

const GET_INDEX: u8 = 2;
const POST_INDEX: u8 = 3;

/// A site whose answers wait until somebody else was answered.
fn slow(limits: Limits, full: &Arc<AtomicBool>) -> (Site, Arc<tokio::sync::Notify>) {
    let go = Arc::new(tokio::sync::Notify::new());
    let waits = go.clone();
    let site = site(limits, full);
    let router = site.router.clone().route(
        "/slow",
        post(move |body: String| async move {
            waits.notified().await;
            body
        }),
    );
    (Site { router: router.route("/large", get(|| async { vec![7; LARGE_BYTES] })), ..site }, go)
}

const LARGE_BYTES: usize = 8 * 1024 * 1024;

async fn all(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    // Without a last word of TLS there is an error at the end.
    let _ = tokio::time::timeout(Duration::from_secs(20), reading).await.expect("it is not closed");
    bytes
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

const POST_SLOW: &str = "POST /slow HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nlate";

/// Keep-alive or not, answered at once or late, over both protocols; a large answer arrives whole.
#[tokio::test]
async fn who_sends_no_more_is_answered() {
    let (mut go, mut other) = (None, None);
    let fixture = start(None, |full| {
        let (site, waits) = slow(limits(), full);
        go = Some(waits);
        site
    })
    .await;
    let http2 = start(None, |full| {
        let (site, waits) = slow(limits(), full);
        other = Some(waits);
        Http2(site)
    })
    .await;
    let keep = GET.replace("connection: close\r\n", "");
    let large = keep.replace("GET / ", "GET /large ");
    let over2 = |method, path, body| http2_request(method, path, b"", body);
    for (fixture, go, request, wanted) in [
        (&fixture, None, GET.as_bytes().to_vec(), "here"),
        (&fixture, None, keep.as_bytes().to_vec(), "here"),
        (&fixture, None, BRAKE.as_bytes().to_vec(), "stop"),
        (&fixture, None, format!("{keep}{keep}{BRAKE}").into_bytes(), "stop"),
        (&fixture, go, POST_SLOW.as_bytes().to_vec(), "late"),
        (&http2, None, over2(GET_INDEX, "/", None), "here"),
        (&http2, None, over2(POST_INDEX, "/brake", Some(b"stop")), "stop"),
        (&http2, other, over2(POST_INDEX, "/slow", Some(b"late")), "late"),
    ] {
        let mut stream = TcpStream::connect(fixture.address).await.unwrap();
        stream.write_all(&request).await.unwrap();
        stream.shutdown().await.unwrap();
        if let Some(go) = go {
            go.notify_one();
        }
        let answer = all(&mut stream).await;
        assert!(contains(&answer, wanted), "{}", String::from_utf8_lossy(&answer));
    }
    let mut stream = fixture.send(&large).await;
    stream.shutdown().await.unwrap();
    assert!(all(&mut stream).await.len() > LARGE_BYTES);
}

/// A request that breaks off is told so at once: nobody waits for the rest of it.
#[tokio::test]
async fn half_a_request_is_refused_when_its_client_sends_no_more() {
    let fixture = start(None, |full| site(limits(), full)).await;
    for body in ["content-length: 4\r\n\r\nst", "transfer-encoding: chunked\r\n\r\n4\r\nst"] {
        let mut stream = fixture.send(&format!("POST /brake HTTP/1.1\r\nhost: h\r\n{body}")).await;
        stream.shutdown().await.unwrap();
        let answer = read(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{body}: {answer}");
    }
}

/// Whoever is gone looks the same until its time is over, over both protocols.
#[tokio::test]
async fn who_is_gone_keeps_no_place() {
    let one = Limits { per_source: 1, body: SHORT, ..limits() };
    let plain = start(None, |full| site(one.clone(), full)).await;
    let http2 = start(None, |full| Http2(site(one, full))).await;
    let get = http2_request(GET_INDEX, "/", b"", None);
    let wait = http2_request(GET_INDEX, "/wait", b"", None);
    for (fixture, wait, get) in
        [(&plain, WAIT.as_bytes(), GET.as_bytes()), (&http2, wait.as_slice(), get.as_slice())]
    {
        let mut gone = TcpStream::connect(fixture.address).await.unwrap();
        gone.write_all(wait).await.unwrap();
        drop(gone);
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            assert!(Instant::now() < deadline, "a place is lost");
            let mut stream = TcpStream::connect(fixture.address).await.unwrap();
            // One that is turned away may be closed before it is written to.
            let _ = stream.write_all(get).await;
            let _ = stream.shutdown().await;
            if contains(&all(&mut stream).await, "here") {
                break;
            }
        }
    }
}

/// Keys of a listener, and of a client that knows it, for one protocol.
fn keys(protocol: &str) -> (ServerConfig, ClientConfig) {
    let made = rcgen::generate_simple_self_signed(vec!["h".to_owned()]).unwrap();
    let der: CertificateDer<'static> = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = [&rustls::version::TLS13];
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&versions)
        .unwrap()
        .with_no_client_auth();
    let mut server = server.with_single_cert(vec![der.clone()], key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(der).unwrap();
    let client =
        ClientConfig::builder_with_provider(provider).with_protocol_versions(&versions).unwrap();
    let mut client = client.with_root_certificates(roots).with_no_client_auth();
    server.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    client.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    (server, client)
}

async fn connect(fixture: &Fixture, client: &Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(fixture.address).await.unwrap();
    let name = ServerName::try_from("h").unwrap();
    TlsConnector::from(client.clone()).connect(name, stream).await.unwrap()
}

/// Over TLS with a last word before the end, and without.
#[tokio::test]
async fn who_sends_no_more_over_tls_is_answered() {
    let keep = GET.replace("connection: close\r\n", "");
    for (protocol, get, post) in [
        ("http/1.1", keep.into_bytes(), BRAKE.as_bytes().to_vec()),
        (
            "h2",
            http2_request(GET_INDEX, "/", b"", None),
            http2_request(POST_INDEX, "/brake", b"", Some(b"stop")),
        ),
    ] {
        let (server, client) = keys(protocol);
        let fixture = start(Some(Arc::new(server)), |full| site(limits(), full)).await;
        let client = Arc::new(client);
        for (request, wanted) in [(&get, "here"), (&post, "stop")] {
            for is_polite in [true, false] {
                let mut stream = connect(&fixture, &client).await;
                stream.write_all(request).await.unwrap();
                stream.flush().await.unwrap();
                match is_polite {
                    true => stream.shutdown().await.unwrap(),
                    false => stream.get_mut().0.shutdown().await.unwrap(),
                }
                let answer = all(&mut stream).await;
                let shown = String::from_utf8_lossy(&answer);
                assert!(contains(&answer, wanted), "{protocol}, polite: {is_polite}: {shown}");
            }
        }
    }
}
