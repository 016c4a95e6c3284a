//! Each way to hold a place for nothing, and what is left for others meanwhile.

mod half_closed;
mod halves;
mod lanes;
mod places;
mod refused_requests;
mod sources;
mod stays;
mod taken_back;

use super::accept::{Accepted, ConnectionRefusal, Endpoint, Handshake, serve};
use super::limits::Limits;
use super::places::PeerStanding;
use super::site::{Proof, Site};
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// A limit that a test waits for.
const SHORT: Duration = Duration::from_millis(300);
/// A limit that no test reaches.
const LONG: Duration = Duration::from_secs(60);

fn limits() -> Limits {
    Limits {
        proven: 8,
        proven_per_source: 8,
        unproven: 8,
        per_source: 8,
        handshakes: 8,
        handshakes_per_source: 8,
        reserved: 0,
        reserved_per_source: 0,
        reserved_for_strangers: true,
        handshake: LONG,
        header: LONG,
        body: LONG,
        reserved_time: LONG,
        idle: LONG,
        life: LONG,
        body_bytes: 1 << 20,
        requests_of_one: 64,
        requests_of_source: 64,
    }
}

/// A listener with one route that answers, one that waits, and one that is a brake.
struct Fixture {
    address: SocketAddr,
    is_full: Arc<AtomicBool>,
    _stop: tokio_util::sync::DropGuard,
}

fn site(limits: Limits, is_full: &Arc<AtomicBool>) -> Site {
    let is_full = is_full.clone();
    Site {
        router: Router::new()
            .route("/", get(|| async { "here" }))
            .route("/wait", get(std::future::pending::<&str>))
            .route("/brake", post(|body: String| async move { body })),
        limits,
        proof: Proof::Nothing,
        is_brake: |path| path == "/brake",
        busy: || {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
        },
        refuse: |fault| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = fault.status();
            response
        },
        full: Arc::new(move |full| is_full.store(full, Ordering::SeqCst)),
        nearly_full: Arc::new(|_| ()),
    }
}

async fn start<E: Endpoint>(
    tls: Option<Arc<ServerConfig>>,
    endpoint: impl FnOnce(&Arc<AtomicBool>) -> E,
) -> Fixture {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let is_full = Arc::new(AtomicBool::new(false));
    let stop = CancellationToken::new();
    let endpoint = endpoint(&is_full);
    tokio::spawn(serve(listener, tls, endpoint, stop.clone().cancelled_owned()));
    Fixture { address, is_full, _stop: stop.drop_guard() }
}

impl Fixture {
    async fn send(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(&self, text: &str) -> String {
        read(&mut self.send(text).await).await
    }
}

/// All that comes until the other side closes.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    // A reset is an end as well.
    let _ = tokio::time::timeout(Duration::from_secs(10), reading).await.expect("it is not closed");
    String::from_utf8(bytes).unwrap()
}

async fn closed_in(stream: &mut TcpStream, least: Duration) -> String {
    let began = Instant::now();
    let text = read(stream).await;
    assert!(began.elapsed() >= least / 2, "it was closed at once");
    text
}

const GET: &str = "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
const WAIT: &str = "GET /wait HTTP/1.1\r\nhost: h\r\n\r\n";
const BRAKE: &str =
    "POST /brake HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 4\r\n\r\nstop";

#[tokio::test]
async fn a_stalled_handshake_ends_in_time() {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::server::ResolvesServerCertUsingSni::new()));
    let short = Limits { handshake: SHORT, ..limits() };
    let fixture = start(Some(Arc::new(tls)), |full| site(short, full)).await;
    // The first bytes of a record, and no more.
    let mut stalled = fixture.send("\u{16}\u{3}").await;
    closed_in(&mut stalled, SHORT).await;
}

#[tokio::test]
async fn a_stalled_head_ends_in_time() {
    let short = Limits { header: SHORT, ..limits() };
    let fixture = start(None, |full| site(short, full)).await;
    let mut stalled = fixture.send("GET / HTTP/1.1\r\nhost: ").await;
    closed_in(&mut stalled, SHORT).await;
}

#[tokio::test]
async fn a_stalled_body_ends_in_time() {
    let short = Limits { body: SHORT, ..limits() };
    let fixture = start(None, |full| site(short, full)).await;
    let head = "POST /brake HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n";
    let mut stalled = fixture.send(&format!("{head}a")).await;
    let answer = closed_in(&mut stalled, SHORT).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    // One byte now and then does not help: the whole body has one time.
    let mut slow = fixture.send(head).await;
    let (mut reading, mut writing) = slow.split();
    let drip = async {
        let mut pace = tokio::time::interval(SHORT / 6);
        while writing.write_all(b"a").await.is_ok() {
            pace.tick().await;
        }
    };
    let mut answer = [0; 12];
    tokio::select! {
        read = reading.read_exact(&mut answer) => assert_eq!(read.unwrap(), 12),
        () = drip => {}
        () = tokio::time::sleep(Duration::from_secs(10)) => panic!("it is read for ever"),
    }
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert!(fixture.ask(BRAKE).await.ends_with("stop"));
}

/// Serves HTTP/2 without a handshake that would agree on it.
struct Http2(Site);

impl Endpoint for Http2 {
    type Peer = PeerStanding;

    fn limits(&self) -> Limits {
        self.0.limits()
    }

    fn peer(&self, handshake: &Handshake) -> (PeerStanding, PeerStanding) {
        self.0.peer(handshake)
    }

    fn reject(&self, source: SocketAddr, peer: Option<&PeerStanding>, why: ConnectionRefusal) {
        self.0.reject(source, peer, why);
    }

    fn full(&self, is_full: bool) {
        self.0.full(is_full);
    }

    fn nearly_full(&self, is_nearly_full: bool) {
        self.0.nearly_full(is_nearly_full);
    }

    async fn serve(self: Arc<Self>, mut accepted: Accepted<PeerStanding>) {
        accepted.handshake.http2 = true;
        Arc::new(self.0.clone()).serve(accepted).await;
    }
}

#[tokio::test]
async fn an_idle_connection_of_http2_ends_in_time() {
    let short = Limits { header: SHORT, idle: SHORT, ..limits() };
    let fixture = start(None, |full| Http2(site(short, full))).await;
    let stream = TokioIo::new(TcpStream::connect(fixture.address).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let open = tokio::spawn(connection);
    let uri = format!("http://{}/", fixture.address);
    let request = Request::get(uri).body(Body::empty()).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), StatusCode::OK);
    // Its sender is kept, so that only the server can end it; pings are answered all the time.
    let began = Instant::now();
    let ended = tokio::time::timeout(Duration::from_secs(10), open).await;
    assert!(ended.is_ok(), "an idle connection stays");
    assert!(began.elapsed() >= SHORT / 2);
    // One that says nothing at all ends as well.
    let mut mute = fixture.send("").await;
    closed_in(&mut mute, SHORT).await;
}

/// A client over HTTP/2 opens no window for its answer, and answers pings: the answer is cut all
/// the same, and what else is asked on the connection is answered.
#[tokio::test]
async fn an_answer_that_nobody_takes_ends_in_time() {
    let short = Limits { body: SHORT, ..limits() };
    let fixture = start(None, |full| Http2(site(short, full))).await;
    let stream = TokioIo::new(TcpStream::connect(fixture.address).await.unwrap());
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(0);
    let (mut sender, connection) = builder.handshake(stream).await.unwrap();
    let open = tokio::spawn(connection);
    let uri = format!("http://{}/", fixture.address);
    let request = || Request::get(&uri).body(Body::empty()).unwrap();
    let answer = sender.send_request(request()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let taken = tokio::time::timeout(Duration::from_secs(10), answer.into_body().collect()).await;
    assert!(taken.expect("whoever takes nothing stays").is_err());
    assert_eq!(sender.send_request(request()).await.unwrap().status(), StatusCode::OK);
    open.abort();
}

#[tokio::test]
async fn one_source_cannot_take_all_places() {
    // Whoever is gone looks like one who sends no more, and may be for so long.
    let few = Limits { per_source: 2, body: SHORT, ..limits() };
    let fixture = start(None, |full| site(few, full)).await;
    let mut held = vec![fixture.send(WAIT).await, fixture.send(WAIT).await];
    // Their places are taken once a third is turned away.
    let deadline = Instant::now() + Duration::from_secs(10);
    while !fixture.ask(GET).await.is_empty() {
        assert!(Instant::now() < deadline, "one source takes what it wants");
    }
    assert!(!fixture.is_full.load(Ordering::SeqCst), "places are left for others");
    // Another address of loopback is another source.
    let other = tokio::net::TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = other.connect(fixture.address).await.unwrap();
    other.write_all(GET.as_bytes()).await.unwrap();
    assert!(read(&mut other).await.ends_with("here"));
    // Whoever leaves gives the place back.
    held.clear();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !fixture.ask(GET).await.ends_with("here") {
        assert!(Instant::now() < deadline, "a place is lost");
    }
}

#[tokio::test]
async fn a_full_listener_says_so_and_keeps_places_for_brakes() {
    let few = Limits { unproven: 3, reserved: 2, reserved_per_source: 2, body: SHORT, ..limits() };
    let fixture = start(None, |full| site(few, full)).await;
    let held = [fixture.send(WAIT).await, fixture.send(WAIT).await, fixture.send(WAIT).await];
    let deadline = Instant::now() + Duration::from_secs(10);
    while !fixture.is_full.load(Ordering::SeqCst) {
        assert!(Instant::now() < deadline, "nobody hears that it is full");
        tokio::task::yield_now().await;
    }
    let refused = fixture.ask(GET).await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    // A long wait cannot take a reserved place either.
    assert!(fixture.ask(WAIT).await.starts_with("HTTP/1.1 503"));
    for _ in 0..8 {
        let carried_out = fixture.ask(BRAKE).await;
        assert!(carried_out.ends_with("stop"), "{carried_out}");
    }
    drop(held);
    let deadline = Instant::now() + Duration::from_secs(10);
    while fixture.is_full.load(Ordering::SeqCst) {
        assert!(Instant::now() < deadline, "nobody hears that places are free");
        tokio::task::yield_now().await;
    }
    assert!(fixture.ask(GET).await.ends_with("here"));
}

/// However many connections and streams a sender asks over, it has so many answers under way and no
/// more; another sender, and the sender's own brakes, find their places.
#[tokio::test]
async fn one_sender_asks_for_so_much_at_once_and_keeps_nobody_out() {
    let few =
        Limits { unproven: 64, per_source: 32, requests_of_source: 4, body: SHORT, ..limits() };
    let fixture = start(None, |full| site(few, full)).await;
    let mut held = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(10);
    // The last of many: those before it are counted once it is refused.
    let refused = loop {
        assert!(Instant::now() < deadline, "one sender asks for what it wants");
        held.push(fixture.send(WAIT).await);
        let answer = fixture.ask(GET).await;
        if !answer.ends_with("here") {
            break answer.to_lowercase();
        }
        assert!(held.len() < 16, "{answer}");
    };
    assert!(refused.starts_with("http/1.1 503"), "{refused}");
    assert!(refused.contains("retry-after: 1"), "{refused}");
    assert!(fixture.ask(BRAKE).await.ends_with("stop"), "its own brake");
    let other = tokio::net::TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = other.connect(fixture.address).await.unwrap();
    other.write_all(GET.as_bytes()).await.unwrap();
    assert!(read(&mut other).await.ends_with("here"), "another sender");
    drop(held);
    while !fixture.ask(GET).await.ends_with("here") {
        assert!(Instant::now() < deadline, "a place is lost");
    }
}

/// Halves of brakes keep no other one of the same address out, and are answered when the rest
/// comes: in an office of a thousand people one of them could send what all others may.
#[tokio::test]
async fn half_a_brake_keeps_no_other_one_out() {
    let few = Limits { unproven: 64, per_source: 32, requests_of_source: 2, ..limits() };
    let fixture = start(None, |full| site(few, full)).await;
    let mut halves = Vec::new();
    for _ in 0..8 {
        let half = "POST /brake HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nst";
        halves.push(fixture.send(half).await);
    }
    for _ in 0..8 {
        let carried_out = fixture.ask(BRAKE).await;
        assert!(carried_out.ends_with("stop"), "{carried_out}");
    }
    for half in &mut halves {
        half.write_all(b"op").await.unwrap();
        let mut status = [0; 12];
        half.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }
}

/// Bodies of a listener are held up to a bound, a share by each sender; brakes have their own.
#[tokio::test]
async fn bodies_that_are_held_have_a_bound() {
    let few = Limits { body_bytes: 32 * 1024, ..limits() };
    let fixture = start(None, |full| {
        let held = Router::new()
            .route("/held", post(|_: String| std::future::pending::<&str>()))
            .route("/brake", post(|body: String| async move { body }));
        Site { router: held, ..site(few, full) }
    })
    .await;
    let body = "a".repeat(1000);
    let text = |path: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\n{body}")
    };
    // One source has a thirty-second of it.
    let _held = fixture.send(&text("/held")).await;
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let mut other = fixture.send(&text("/held")).await;
        let mut answer = [0; 12];
        let read = tokio::time::timeout(SHORT, other.read_exact(&mut answer)).await;
        if read.is_ok_and(|read| read.is_ok()) {
            assert_eq!(&answer, b"HTTP/1.1 503");
            break;
        }
        assert!(Instant::now() < deadline, "one source holds what it wants");
    }
    assert!(fixture.ask(BRAKE).await.ends_with("stop"), "brakes have bytes of their own");
}
