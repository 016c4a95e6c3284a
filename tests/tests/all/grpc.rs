//! An application that speaks HTTP/2 behind a gate: calls whose messages go both ways at once, with
//! their result behind the answer.

use crate::http1_framing::Stage;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use records::record::Event;
use std::convert::Infallible;
use std::future::ready;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tests::gate::{ANSWER, Gate, status};
use tests::processes::{Office, until};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const DOCUMENTS: &str = "/documents/sz-office";
/// A revocation is felt within this long after it was told as done.
const FELT: Duration = Duration::from_secs(5);

/// An application that begins its answer at once, says each message again, and its result behind
/// the last one.
#[derive(Clone, Default)]
struct EchoOfCalls {
    heads: Arc<Mutex<Vec<http::request::Parts>>>,
    connections: Arc<AtomicUsize>,
}

impl EchoOfCalls {
    async fn serve(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let echo = Self::default();
        let served = echo.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                served.connections.fetch_add(1, Ordering::SeqCst);
                let served = served.clone();
                let answers = service_fn(move |request: Request<Incoming>| {
                    let (head, body) = request.into_parts();
                    let is_reset = head.headers.contains_key("x-reset");
                    served.heads.lock().unwrap().push(head);
                    let mut fields = HeaderMap::new();
                    fields.insert("grpc-status", HeaderValue::from_static("0"));
                    fields.insert("set-cookie", HeaderValue::from_static("a=b"));
                    fields.insert("yinxin-identity", HeaderValue::from_static("forged"));
                    let body = body.with_trailers(ready(Some(Ok(fields))));
                    ready(match is_reset {
                        true => Err(std::io::Error::other("no answer")),
                        false => Ok(Response::new(body)),
                    })
                });
                let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                tokio::spawn(builder.serve_connection(TokioIo::new(stream), answers));
            }
        });
        echo
    }

    fn count(&self) -> usize {
        self.heads.lock().unwrap().len()
    }
}

/// The messages of a call, as somebody says them.
struct Messages(mpsc::UnboundedReceiver<Bytes>);

impl Body for Messages {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let said = self.get_mut().0.poll_recv(context);
        said.map(|message| message.map(|bytes| Ok(Frame::data(bytes))))
    }
}

type Says = mpsc::UnboundedSender<Bytes>;

/// A person's connection of HTTP/2 for calls.
async fn caller(stage: &Stage) -> http2::SendRequest<Messages> {
    let who = Some(stage.person.identity());
    let stream = stage.gate.connect(&stage.office, who, "localhost", "h2").await;
    let io = TokioIo::new(stream);
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Begins a call.
async fn call(
    caller: &mut http2::SendRequest<Messages>,
    field: (&str, &str),
) -> (Says, Response<Incoming>) {
    let (says, said) = mpsc::unbounded_channel();
    let request = Request::post(format!("https://localhost{DOCUMENTS}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("yinxin-identity", "forged")
        .header(field.0, field.1)
        .body(Messages(said))
        .unwrap();
    caller.ready().await.unwrap();
    let answer = tokio::time::timeout(ANSWER, caller.send_request(request)).await;
    (says, answer.expect("an answer in time").unwrap())
}

/// The next message of an answer.
async fn heard(answer: &mut Response<Incoming>) -> Bytes {
    let frame = tokio::time::timeout(ANSWER, answer.frame()).await.expect("a message in time");
    frame.unwrap().unwrap().into_data().unwrap()
}

/// Calls pass by rule, each recorded and with who asks, and go both ways at once over one
/// connection to the application; what stands behind their answers passes to clients of HTTP/2
/// alone, without what names an identity. A revocation cuts them.
#[tokio::test]
async fn calls_of_grpc_pass_and_are_cut() {
    let mut office = Office::open().await;
    let echo = EchoOfCalls::serve(office.port(14)).await;
    office.joined(&["localhost"]).await;
    office.configure_gate("upstream_protocol = \"h2c\"\n");
    office.start("agent", &[]).await;
    let gate = Gate { port: office.port(12), application: Default::default() };
    let (official, collected) = office.official("李丹", "sz-office").await;
    let report = office.loss_of(&official);
    let person = office.officer(official, &collected);
    let stage = Stage { office, gate, person };
    stage.may_send().await;

    let before = (echo.count(), echo.connections.load(Ordering::SeqCst));
    let mut sender = caller(&stage).await;
    let (says, mut answer) = call(&mut sender, ("grpc-timeout", "1H")).await;
    let (other, mut others) = call(&mut sender, ("grpc-timeout", "2H")).await;
    let now = (echo.count(), echo.connections.load(Ordering::SeqCst));
    assert_eq!(now, (before.0 + 2, before.1 + 1), "two calls on one connection");
    for message in ["one", "two"] {
        says.send(message.into()).unwrap();
        assert_eq!(heard(&mut answer).await, message);
    }
    other.send("three".into()).unwrap();
    assert_eq!(heard(&mut others).await, "three");
    drop(says);
    let last = answer.frame().await.unwrap().unwrap().into_trailers().unwrap();
    assert_eq!((last.len(), &last["grpc-status"]), (1, &HeaderValue::from_static("0")));
    assert!(answer.frame().await.is_none());
    {
        let heads = echo.heads.lock().unwrap();
        let head = &heads[before.0];
        assert_eq!((head.version, head.uri.path()), (Version::HTTP_2, DOCUMENTS));
        assert_eq!(head.uri.authority().unwrap(), "localhost");
        let said = |name: &str| head.headers[name].to_str().unwrap();
        assert_eq!((said("te"), said("grpc-timeout")), ("trailers", "1H"));
        assert_eq!((said("x-forwarded-proto"), head.headers.get("host")), ("https", None));
        let tokens: Vec<_> = head.headers.get_all("yinxin-identity").iter().collect();
        assert!(tokens.len() == 1 && tokens[0] != "forged", "{tokens:?}");
    }

    let (_says, answer) = call(&mut sender, ("x-reset", "1")).await;
    assert_eq!(answer.status(), 502, "who resets a stream gives no answer");
    let old = format!(
        "POST {DOCUMENTS} HTTP/1.1\r\nHost: localhost\r\nTE: trailers\r\nConnection: TE\r\n\
         Content-Length: 5\r\n\r\nhello"
    );
    let old = stage.gate.raw(&stage.office, &stage.person, old.as_bytes()).await;
    assert_eq!(status(&old), 200, "{old}");
    assert!(old.contains("hello") && !old.contains("grpc-status"), "{old}");
    let count = echo.count();
    let refused = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    let refused = stage.gate.raw(&stage.office, &stage.person, refused).await;
    assert!(matches!(status(&refused), 403 | 404), "{refused}");
    assert_eq!(echo.count(), count, "it was asked for what no rule permits");

    stage.office.report(&report).await;
    let started = Instant::now();
    let cut = tokio::time::timeout(ANSWER, others.frame()).await.expect("it is cut");
    assert!(cut.is_some_and(|frame| frame.is_err()), "it ended as if it were whole");
    assert!(started.elapsed() < FELT);
    until("the call is recorded as cut", async || {
        let records = stage.office.access().await;
        records.iter().any(|record| match &record.event {
            Event::Completion(ended) => ended.outcome == "cut" && ended.up == 5 && ended.down == 5,
            _ => false,
        })
    })
    .await;
}
