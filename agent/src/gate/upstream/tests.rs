use super::*;
use crate::config::{UpstreamAddress, UpstreamAddresses};
use http_body_util::Empty;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// An application that answers so many requests of each connection and closes it then.
struct Application {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Application {
    async fn start(of_each: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    for _ in 0..of_each {
                        head(&mut stream).await;
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhere";
                        stream.write_all(answer).await.unwrap();
                    }
                });
            }
        });
        Self { address, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn pool<B>(address: SocketAddr) -> Pool<B>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let addresses = UpstreamAddresses::from(UpstreamAddress::from(address));
    Pool::new(&Arc::new(Upstreams::new(&addresses, None)), &GateLimits::default())
}

/// Reads a head without a body.
async fn head(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    head
}

/// Who speaks on a connection.
#[derive(Clone, Copy, PartialEq)]
enum Spoken {
    /// Whoever asks.
    Direct,
    /// The library, moved by whoever asks.
    Library,
    /// The library, in a task of its own.
    Alone,
}

/// Asks, and reads the whole answer.
async fn ask(pool: &Pool<Empty<Bytes>>, by: Spoken) -> Vec<u8> {
    ask_by(pool, by, "GET").await
}

/// The same by another method.
async fn ask_by(pool: &Pool<Empty<Bytes>>, by: Spoken, method: &str) -> Vec<u8> {
    let request = Request::builder().method(method).uri("/").header("host", "a");
    said(pool, by, request.body(Empty::new()).unwrap()).await
}

/// The whole answer to a request.
async fn said(pool: &Pool<Empty<Bytes>>, by: Spoken, request: Request<Empty<Bytes>>) -> Vec<u8> {
    let mut upstream = pool.take((false, by == Spoken::Direct), Instant::now()).await.unwrap();
    if by == Spoken::Alone {
        upstream.detach();
    }
    let answer = upstream.send(request, None).await.map_err(|failed| failed.error).unwrap();
    let (mut body, mut read) = (answer.into_body(), Vec::new());
    while let Some(frame) = poll_fn(|context| upstream.poll_frame(&mut body, context)).await {
        read.extend(frame.unwrap().into_data().unwrap());
    }
    pool.give_back(upstream);
    read
}

/// Fails where something takes for ever.
async fn in_time<T>(waits: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), waits).await.expect("it waits for ever")
}

/// One that waits is used again, by itself or moved by whoever asks; one that the application
/// closed meanwhile is not, whether or not somebody watched it.
#[tokio::test]
async fn a_kept_connection_is_used_while_the_application_keeps_it() {
    for by in [Spoken::Direct, Spoken::Library, Spoken::Alone] {
        let application = Application::start(2).await;
        let pool = pool(application.address);
        for _ in 0..2 {
            assert_eq!(in_time(ask(&pool, by)).await, b"here");
            assert_eq!(application.connections(), 1);
        }
        let closed = async {
            loop {
                // It may be seen to be closed already with the last answer.
                let Some(mut kept) = pool.kept(Instant::now()) else { return };
                if !kept.is_ready() {
                    return;
                }
                pool.idle.lock().unwrap().push((kept, Instant::now()));
                tokio::task::yield_now().await;
            }
        };
        in_time(closed).await;
        for _ in 0..2 {
            assert_eq!(in_time(ask(&pool, by)).await, b"here");
            assert_eq!(application.connections(), 2);
        }
    }
    let application = Application::start(1).await;
    let pool = pool(application.address);
    assert_eq!(in_time(ask(&pool, Spoken::Direct)).await, b"here");
    let let_go = poll_fn(|context| {
        pool.watch(context);
        if pool.idle.lock().unwrap().is_empty() { Poll::Ready(()) } else { Poll::Pending }
    });
    in_time(let_go).await;
    assert_eq!(in_time(ask(&pool, Spoken::Direct)).await, b"here");
    assert_eq!(application.connections(), 2);
}

/// A kept connection is handed to the library where more than a head is sent, and stays there.
#[tokio::test]
async fn a_kept_connection_is_handed_to_the_library() {
    let application = Application::start(4).await;
    let pool = pool(application.address);
    for by in [Spoken::Direct, Spoken::Direct, Spoken::Library, Spoken::Direct] {
        assert_eq!(in_time(ask(&pool, by)).await, b"here");
        assert_eq!(application.connections(), 1);
    }
}

/// An answer that ends before its length breaks off; one that has none ends with its connection,
/// which is not kept.
#[tokio::test]
async fn an_answer_ends_with_its_connection_where_it_says_no_length() {
    for (fields, is_whole) in [("content-length: 9\r\n", false), ("", true)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            head(&mut stream).await;
            let answer = format!("HTTP/1.1 200 OK\r\n{fields}\r\nhere");
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let pool = pool(address);
        let mut upstream = in_time(pool.take((false, true), Instant::now())).await.unwrap();
        let empty = Empty::<Bytes>::new();
        let request = Request::get("/").header("host", "a").body(empty).unwrap();
        let answer =
            in_time(upstream.send(request, None)).await.map_err(|failed| failed.error).unwrap();
        let (mut body, mut read) = (answer.into_body(), Vec::new());
        let end = loop {
            let next = poll_fn(|context| upstream.poll_frame(&mut body, context));
            match in_time(next).await {
                Some(Ok(frame)) => read.extend(frame.into_data().unwrap()),
                end => break end,
            }
        };
        assert_eq!(read, b"here");
        assert_eq!((end.is_none(), body.is_end_stream()), (is_whole, is_whole), "{fields}");
        assert!(upstream.is_closed(), "{fields}");
    }
}

/// Where a request comes from is said once, whoever speaks, and also if it was said before.
#[tokio::test]
async fn where_a_request_comes_from_is_said_once() {
    let origin = Origin::new("192.0.2.7".parse().unwrap(), "app.example").unwrap();
    for (is_head_alone, was_told) in [(true, false), (true, true), (false, false), (false, true)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let application = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let asked = head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            String::from_utf8(asked).unwrap()
        });
        let pool = pool(address);
        let taken = in_time(pool.take((false, is_head_alone), Instant::now())).await;
        let empty = Empty::<Bytes>::new();
        let mut request = Request::get("/a?b").header("x-a", "b").body(empty).unwrap();
        if was_told {
            origin.tell(request.headers_mut());
        }
        let answer = in_time(taken.unwrap().send(request, Some(&origin))).await;
        assert!(answer.is_ok_and(|answer| answer.status() == 204));
        let asked = in_time(application).await.unwrap();
        assert!(asked.starts_with("GET /a?b HTTP/1.1\r\n"), "{asked}");
        for line in ["host: app.example", "x-forwarded-for: 192.0.2.7", "x-a: b"] {
            assert_eq!(asked.matches(&format!("\r\n{line}\r\n")).count(), 1, "{asked}");
        }
    }
}

/// The body of a request as it comes, and whether there is none.
struct Upload(mpsc::UnboundedReceiver<Bytes>, bool);

impl Body for Upload {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.get_mut().0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.1
    }
}

/// An application that answers before it has everything gets the rest although nobody reads its
/// answer yet: the connection goes on by itself then.
#[tokio::test]
async fn what_sends_and_receives_at_once_goes_on_by_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let application = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await;
        let early = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\n";
        stream.write_all(early).await.unwrap();
        let mut chunk = [0; 8];
        stream.read_exact(&mut chunk).await.unwrap();
        chunk
    });
    let pool = pool(address);
    let mut upstream = in_time(pool.take((false, false), Instant::now())).await.unwrap();
    let (client, upload) = mpsc::unbounded_channel();
    let request = Request::post("/").header("host", "a").body(Upload(upload, false)).unwrap();
    let answer =
        in_time(upstream.send(request, None)).await.map_err(|failed| failed.error).unwrap();
    assert_eq!(answer.status(), 200);
    upstream.detach();
    client.send(Bytes::from_static(b"end")).unwrap();
    assert_eq!(&in_time(application).await.unwrap(), b"3\r\nend\r\n");
}

/// What has a body is not sent as a head alone: the rest of it would be lost.
#[tokio::test]
async fn what_has_a_body_is_no_head_alone() {
    let application = Application::start(1).await;
    let pool = pool(application.address);
    let mut upstream = in_time(pool.take((false, true), Instant::now())).await.unwrap();
    let (_client, upload) = mpsc::unbounded_channel();
    let request = Request::post("/").header("host", "a").body(Upload(upload, false)).unwrap();
    assert!(in_time(upstream.send(request, None)).await.is_err());
}

/// An application that says more behind an answer than that had, at whatever moment and whoever
/// speaks: no later request takes it for an answer of its own.
#[tokio::test]
async fn what_comes_behind_an_answer_answers_no_other_request() {
    const FOREIGN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nforeign";
    for (method, head) in [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 57\r\n\r\n"),
        ("DELETE", "HTTP/1.1 204 No Content\r\ncontent-length: 57\r\n\r\n"),
        (
            "GET",
            "HTTP/1.1 200 OK\r\ncontent-length: 62\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        ("GET", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
    ] {
        for by in [Spoken::Direct, Spoken::Library, Spoken::Alone] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move {
                let (mut first, _) = listener.accept().await.unwrap();
                self::head(&mut first).await;
                first.write_all(head.as_bytes()).await.unwrap();
                // Behind the first byte of the next request: nobody who looks before sees it.
                let mut next = tokio::select! {
                    accepted = listener.accept() => accepted.unwrap().0,
                    Ok(_) = first.read_u8() => {
                        first.write_all(FOREIGN.as_bytes()).await.unwrap();
                        std::future::pending().await
                    }
                };
                self::head(&mut next).await;
                next.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhere").await.unwrap();
                // It stays open until the test is over.
                std::future::pending::<()>().await;
            });
            let pool = pool(address);
            assert_eq!(in_time(ask_by(&pool, by, method)).await, b"");
            assert_eq!(in_time(ask(&pool, by)).await, b"here", "{method} {head}");
        }
    }
}

/// What an application leaves unread of a body is nobody's request: it is told to close its
/// connection behind the answer, and gets no other request on that.
#[tokio::test]
async fn a_body_that_nobody_reads_is_no_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let application = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = head(&mut stream).await;
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        (asked, stream)
    });
    let pool = pool(address);
    let mut upstream = in_time(pool.take((false, false), Instant::now())).await.unwrap();
    let (client, upload) = mpsc::unbounded_channel();
    client.send(Bytes::from_static(b"GET /admin HTTP/1.1\r\n\r\n")).unwrap();
    drop(client);
    let request = Request::post("/").header("host", "a").body(Upload(upload, false)).unwrap();
    let answer =
        in_time(upstream.send(request, None)).await.map_err(|failed| failed.error).unwrap();
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body();
    let next = poll_fn(|context| upstream.poll_frame(&mut body, context));
    assert!(in_time(next).await.is_none());
    pool.give_back(upstream);
    assert!(pool.kept(Instant::now()).is_none());
    let (asked, _stream) = in_time(application).await.unwrap();
    let asked = String::from_utf8(asked).unwrap();
    assert_eq!(asked.matches("\r\nconnection: close\r\n").count(), 1, "{asked}");
}

/// An application that does not agree on another protocol answers as ever, and gets no request more
/// on the connection that was to become one.
#[tokio::test]
async fn what_was_to_become_a_tunnel_takes_no_other_request() {
    let application = Application::start(2).await;
    let pool = pool(application.address);
    for asked in 1..=2 {
        let request = Request::get("/").header("host", "a").header("connection", "upgrade");
        let request = request.header("upgrade", "websocket").body(Empty::new()).unwrap();
        assert_eq!(in_time(said(&pool, Spoken::Alone, request)).await, b"here");
        assert!(pool.kept(Instant::now()).is_none());
        assert_eq!(application.connections(), asked);
    }
}

/// An upload takes a connection that waits, in place of a new one, as the last request of it.
#[tokio::test]
async fn an_upload_is_the_last_request_of_a_kept_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let application = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        let asked = head(&mut stream).await;
        let mut chunk = [0; 13];
        stream.read_exact(&mut chunk).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        (String::from_utf8(asked).unwrap(), chunk, stream)
    });
    let pool = pool(address);
    for is_upload in [false, true] {
        let mut upstream = in_time(pool.take((false, !is_upload), Instant::now())).await.unwrap();
        let (client, upload) = mpsc::unbounded_channel();
        if is_upload {
            client.send(Bytes::from_static(b"end")).unwrap();
        }
        drop(client);
        let body = Upload(upload, !is_upload);
        let request = Request::post("/").header("host", "a").body(body).unwrap();
        let answer =
            in_time(upstream.send(request, None)).await.map_err(|failed| failed.error).unwrap();
        assert_eq!(answer.status(), 200);
        let mut body = answer.into_body();
        let next = poll_fn(|context| upstream.poll_frame(&mut body, context));
        assert!(in_time(next).await.is_none());
        pool.give_back(upstream);
        assert_eq!(pool.idle.lock().unwrap().is_empty(), is_upload);
    }
    let (asked, chunk, _stream) = in_time(application).await.unwrap();
    assert_eq!(asked.matches("\r\nconnection: close\r\n").count(), 1, "{asked}");
    assert_eq!(&chunk, b"3\r\nend\r\n0\r\n\r\n");
}
