use super::*;
use crate::config::{UpstreamAddress, UpstreamAddresses};
use http_body_util::Full;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// An application that says each body again and a field behind it, and says goodbye on a connection
/// once it has so many requests of it.
struct EchoingApplication {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl EchoingApplication {
    async fn start(of_each: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    let mut left = of_each;
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        left = left.saturating_sub(1);
                        if left == 0 {
                            connection.graceful_shutdown();
                        }
                        tokio::spawn(echo(request, respond));
                    }
                });
            }
        });
        Self { address, connections }
    }
}

async fn echo(request: Request<RecvStream>, mut respond: h2::server::SendResponse<Bytes>) {
    assert_eq!(request.uri(), "http://app.example/a?b");
    assert!(!request.headers().contains_key(header::HOST));
    assert_eq!(request.headers()["content-length"], "5");
    let mut body = request.into_body();
    let mut stream = respond.send_response(Response::new(()), false).unwrap();
    while let Some(Ok(bytes)) = body.data().await {
        body.flow_control().release_capacity(bytes.len()).unwrap();
        stream.send_data(bytes, false).unwrap();
    }
    let mut fields = HeaderMap::new();
    fields.insert("grpc-status", HeaderValue::from_static("0"));
    stream.send_trailers(fields).unwrap();
}

/// A person's connection to a gate in front of an application.
struct Asking {
    upstreams: Upstreams,
    pool: Http2Pool,
}

impl Asking {
    fn of(address: SocketAddr) -> Self {
        let addresses = UpstreamAddresses::from(UpstreamAddress::from(address));
        let upstreams = Upstreams::new(&addresses, None).speaking(UpstreamProtocol::H2c);
        let pool = Http2Pool::new(upstreams.protocol(), &GateLimits::default()).unwrap();
        Self { upstreams, pool }
    }

    async fn turn(&self) -> Http2Turn {
        let taken = self.pool.take((&self.upstreams, 0), (false, Instant::now()));
        in_time(taken).await.unwrap()
    }

    /// What stands in the body of an answer, and behind it.
    async fn ask(&self) -> Result<(Vec<u8>, Option<HeaderMap>), NoAnswer> {
        let turn = self.turn().await;
        let body = Full::new(Bytes::from_static(b"hello"));
        let request = Request::post("/a?b").header("host", "app.example").body(body).unwrap();
        let answer = in_time(turn.send(request, None)).await.map_err(|failed| failed.error)?;
        let (mut body, mut read, mut fields) = (answer.into_body(), Vec::new(), None);
        while let Some(frame) = in_time(poll_fn(|context| body.poll_frame(context))).await {
            match frame?.into_data() {
                Ok(bytes) => read.extend(bytes),
                Err(frame) => fields = frame.into_trailers().ok(),
            }
        }
        assert!(body.is_end_stream());
        Ok((read, fields))
    }
}

/// Fails where something takes for ever.
async fn in_time<T>(waits: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), waits).await.expect("it waits for ever")
}

/// Requests at once have a connection together, and an answer ends with the fields behind it. One
/// that says goodbye answers what it has; the next request goes to another one.
#[tokio::test]
async fn an_application_of_http2_is_asked_by_streams() {
    let application = EchoingApplication::start(2).await;
    let asking = Asking::of(application.address);
    let _first = asking.turn().await;
    let (read, fields) = asking.ask().await.unwrap();
    assert_eq!(read, b"hello");
    assert_eq!(fields.unwrap()["grpc-status"], "0");
    assert_eq!(application.connections.load(Ordering::SeqCst), 1, "beside the other");
    assert_eq!(asking.ask().await.unwrap().0, b"hello");
    assert_eq!(application.connections.load(Ordering::SeqCst), 1, "one behind the other");
    assert_eq!(asking.ask().await.unwrap().0, b"hello");
    assert_eq!(application.connections.load(Ordering::SeqCst), 2, "behind the goodbye");
}

/// One that waited for too long is not used again, and nothing is when its person's is over.
#[tokio::test]
async fn a_connection_of_http2_is_not_kept_for_long() {
    let application = EchoingApplication::start(100).await;
    let asking = Asking::of(application.address);
    let now = Instant::now();
    drop(asking.turn().await);
    assert!(asking.pool.kept(now).is_some_and(|one| {
        one.leave();
        true
    }));
    assert!(asking.pool.kept(Instant::now() + WAITED_MAX).is_none());
    drop(asking.turn().await);
    asking.pool.clear();
    assert!(asking.pool.kept(Instant::now()).is_none());
}

/// One on which the application is late takes no other request: what is gone without a word is not
/// asked again and again.
#[tokio::test]
async fn a_connection_of_http2_that_is_late_is_asked_nothing_more() {
    let application = EchoingApplication::start(100).await;
    let asking = Asking::of(application.address);
    let late = asking.turn().await;
    let kept = || asking.pool.kept(Instant::now()).map(|one| one.leave());
    assert!(kept().is_some());
    late.retire();
    assert!(kept().is_none());
    let _other = asking.turn().await;
    assert!(kept().is_some(), "another one is");
}

/// What speaks something else is no application, and told as one that lies.
#[tokio::test]
async fn who_speaks_no_http2_gives_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let asking = Asking::of(listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let error = asking.ask().await.unwrap_err();
    assert!(error.is_none() && !error.is_broken_off(), "{error:?}");
}

/// The head of an answer, and what stands behind it, are held to the limits of one of HTTP/1.1.
#[test]
fn an_answer_of_http2_has_the_limits_of_others() {
    let mut fields = HeaderMap::new();
    fields.insert("grpc-status", HeaderValue::from_static("0"));
    fields.insert("grpc-message", HeaderValue::from_static("fine"));
    let bytes = "grpc-status: 0\r\ngrpc-message: fine\r\n".len();
    for (head_bytes, most, is_more) in
        [(bytes, 2, false), (bytes - 1, 2, true), (bytes, 1, true), (bytes + 1, 3, false)]
    {
        let limits = AnswerLimits { head_bytes, fields: most };
        assert_eq!(exceeds(&fields, limits), is_more, "{head_bytes} {most}");
    }
}
