//! HTTP/2 of a connection: its streams are requests like those of HTTP/1.
//!
//! The HTTP library speaks HTTP/2 through the same crate, but has no way to answer an expectation
//! before the final answer (RFC 9110 10.1.1), so it is spoken here.

use super::activity::{ActiveRequest, Activity};
use super::client_body::{ClientBody, Http2Body, Respond};
use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Ping, PingPong, Reason, RecvStream, SendStream};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body_util::BodyExt;
use hyper::body::Body;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

/// Fields of a connection of HTTP/1.1 (RFC 9113 8.2.2).
const OF_CONNECTION: [&str; 5] =
    ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// What answers the requests of a connection.
pub trait Answers: Send + Sync + 'static {
    /// The body of an answer.
    type Body: Body<Data = Bytes> + Unpin + Send + 'static;

    /// Where its requests are counted.
    fn activity(&self) -> Arc<Activity>;

    /// Answers one request.
    fn answer(
        self: Arc<Self>,
        request: Request<ClientBody>,
    ) -> impl Future<Output = Response<Self::Body>> + Send;

    /// The value of the field Date.
    fn date(&self) -> Option<HeaderValue>;

    /// Counts a request that its client took back before all of the answer was handed over; says
    /// whether the connection may go on.
    fn allows_taking_back(&self) -> bool;

    /// How long a client may take nothing of an answer: windows stay shut while pings are answered.
    fn answer_limit(&self) -> Duration;
}

/// Speaks until the connection ends; `close` asks it to end once what is under way is answered. A
/// ping is sent each `ping`, and answered within as much, unless answers go on being taken.
pub async fn speak<A: Answers, S: AsyncRead + AsyncWrite + Unpin>(
    builder: Builder,
    stream: S,
    answers: Arc<A>,
    close: CancellationToken,
    ping: Duration,
) -> Result<(), h2::Error> {
    let mut connection = builder.handshake::<_, Bytes>(stream).await?;
    let moved = Arc::new(AtomicU64::new(0));
    let mut dead = std::pin::pin!(dead(connection.ping_pong(), ping, moved.clone()));
    let (mut is_closing, mut is_cut) = (false, false);
    let excess = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            () = close.cancelled(), if !is_closing => {
                is_closing = true;
                connection.graceful_shutdown();
                continue;
            }
            () = excess.cancelled(), if !is_cut => {
                is_cut = true;
                connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                continue;
            }
            () = &mut dead => return Ok(()),
        };
        let Some(accepted) = accepted else { return Ok(()) };
        let (request, respond) = accepted?;
        moved.fetch_add(1, Ordering::Relaxed);
        // Counted as soon as it is read, before anything else is.
        let under_way = answers.activity().begin();
        let under_way = RunningRequest { request: under_way, moved: moved.clone() };
        let (answers, excess) = (answers.clone(), excess.clone());
        tokio::spawn(async move {
            let outcome = answer(&answers, under_way, request, respond).await;
            let is_taken_back = matches!(outcome, Outcome::TakenBack) && !excess.is_cancelled();
            if is_taken_back && !answers.allows_taking_back() {
                excess.cancel();
            }
        });
    }
}

/// How the request of a stream ended.
enum Outcome {
    /// It was answered, as far as its client took that, or its connection is over.
    Answered,
    /// Its client reset the stream before.
    TakenBack,
}

impl Outcome {
    fn of_reset(reset: &Result<Reason, h2::Error>) -> Self {
        if reset.is_ok() { Self::TakenBack } else { Self::Answered }
    }
}

/// A request, until all of its answer is handed over.
struct RunningRequest {
    request: ActiveRequest,
    /// Counts whatever moves on the connection.
    moved: Arc<AtomicU64>,
}

/// Waits until the other side answers no ping and nothing else moves: on a slow way a ping stands
/// behind all that was sent before it.
async fn dead(pings: Option<PingPong>, every: Duration, moved: Arc<AtomicU64>) {
    let Some(mut pings) = pings else { return std::future::pending().await };
    loop {
        tokio::time::sleep(every).await;
        let mut answered = std::pin::pin!(pings.ping(Ping::opaque()));
        loop {
            let before = moved.load(Ordering::Relaxed);
            match tokio::time::timeout(every, &mut answered).await {
                Ok(Ok(_)) => break,
                Ok(Err(_)) => return,
                Err(_) if moved.load(Ordering::Relaxed) == before => return,
                Err(_) => {}
            }
        }
    }
}

/// Answers the request of one stream, unless its client takes it back.
async fn answer<A: Answers>(
    answers: &Arc<A>,
    under_way: RunningRequest,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
) -> Outcome {
    let is_head = request.method() == Method::HEAD;
    let respond: Respond = Arc::new(Mutex::new(respond));
    let (head, body) = request.into_parts();
    let body = Http2Body::new(body, &head.headers, &respond);
    let request = Request::from_parts(head, ClientBody::Http2(body));
    let taken_back =
        poll_fn(|waker| respond.lock().unwrap_or_else(PoisonError::into_inner).poll_reset(waker));
    let response = tokio::select! {
        answered = answers.clone().answer(request) => answered,
        // An error is the end of the connection, and nobody's wish.
        taken_back = taken_back => return Outcome::of_reset(&taken_back),
    };
    let (head, mut body) = response.into_parts();
    let mut head = Response::from_parts(head, ());
    *head.version_mut() = Version::HTTP_2;
    let headers = head.headers_mut();
    for name in OF_CONNECTION {
        headers.remove(HeaderName::from_static(name));
    }
    if let Some(date) = answers.date() {
        headers.entry(header::DATE).or_insert(date);
    }
    let is_over = body.is_end_stream();
    let has_length = head.status() != StatusCode::NO_CONTENT && !is_over;
    let headers = head.headers_mut();
    if let Some(length) = body.size_hint().exact().filter(|_| has_length) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    // Whoever answers, these have no content (RFC 9110 9.3.2, 15.3.5, 15.4.5).
    let is_over = is_over
        || is_head
        || matches!(head.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let sent = respond.lock().unwrap_or_else(PoisonError::into_inner).send_response(head, is_over);
    let passed = match sent {
        Ok(_) if is_over => Ok(Outcome::Answered),
        Ok(mut stream) => pass(&mut body, &mut stream, (&under_way, answers.answer_limit())).await,
        Err(error) => Err(error),
    };
    passed.unwrap_or_else(|error| {
        tracing::debug!(%error, "stream");
        Outcome::Answered
    })
}

/// Sends a body as its client takes it, and the fields behind it. Nothing is asked of whoever
/// answers before.
async fn pass<B: Body<Data = Bytes> + Unpin>(
    body: &mut B,
    stream: &mut SendStream<Bytes>,
    (under_way, limit): (&RunningRequest, Duration),
) -> Result<Outcome, h2::Error> {
    loop {
        stream.reserve_capacity(1);
        let mut untaken = None;
        let is_wanted = poll_fn(|waker| {
            let polled = poll_room(stream, waker);
            if polled.is_pending() {
                untaken.get_or_insert_with(|| under_way.request.awaits_taking());
            }
            polled
        });
        let is_wanted = tokio::time::timeout(limit, is_wanted).await;
        drop(untaken);
        match is_wanted {
            Ok(Ok(true)) => {}
            Ok(ended) => return ended.map(|_| Outcome::TakenBack),
            // Whoever takes nothing of one answer may be taking others.
            Err(_) => {
                stream.send_reset(Reason::CANCEL);
                return Ok(Outcome::Answered);
            }
        }
        under_way.moved.fetch_add(1, Ordering::Relaxed);
        let frame = tokio::select! {
            frame = body.frame() => frame,
            taken_back = poll_fn(|waker| stream.poll_reset(waker)) => {
                return taken_back.map(|_| Outcome::TakenBack);
            }
        };
        match frame {
            Some(Ok(frame)) => {
                let data = match frame.into_data() {
                    Ok(data) => data,
                    Err(frame) => match frame.into_trailers() {
                        Ok(fields) => {
                            return stream.send_trailers(fields).map(|()| Outcome::Answered);
                        }
                        Err(_) => continue,
                    },
                };
                let is_last = body.is_end_stream();
                stream.send_data(data, is_last)?;
                if is_last {
                    return Ok(Outcome::Answered);
                }
            }
            Some(Err(_)) => {
                stream.send_reset(Reason::INTERNAL_ERROR);
                return Ok(Outcome::Answered);
            }
            None => return stream.send_data(Bytes::new(), true).map(|()| Outcome::Answered),
        }
    }
}

/// Whether a client has room for more of an answer; not so where it took its request back.
fn poll_room(
    stream: &mut SendStream<Bytes>,
    waker: &mut Context<'_>,
) -> Poll<Result<bool, h2::Error>> {
    if let Poll::Ready(taken_back) = stream.poll_reset(waker) {
        return Poll::Ready(taken_back.map(|_| false));
    }
    while stream.capacity() == 0 {
        match ready!(stream.poll_capacity(waker)) {
            Some(Ok(_)) => {}
            Some(Err(error)) => return Poll::Ready(Err(error)),
            None => return Poll::Ready(Ok(false)),
        }
    }
    Poll::Ready(Ok(true))
}
