//! Connections to an application of HTTP/2: many requests of one person's connection at once, each
//! a stream of its own, both of whose ways go on beside each other.
//!
//! A connection has a task that moves its bytes, and so has a body that is sent; what is read of an
//! answer is polled by whoever passes it on, and opens its window by what was taken.

use super::super::fields::Origin;
use super::super::no_answer::NoAnswer;
use super::NotSent;
use super::answer::AnswerLimits;
use super::places::Upstreams;
use super::stream::UpstreamStream;
use crate::config::{GateLimits, UpstreamProtocol};
use crate::fixed::{
    CONNECT_MAX, IDLE_MAX, READ_BEYOND, STREAM_WINDOW_BYTES, STREAMS_MAX, WAITED_MAX,
};
use bytes::Bytes;
use h2::client::{Builder, Connection, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::request::Parts;
use http::uri::{PathAndQuery, Scheme, Uri};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::{Body, Frame, SizeHint};
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;
use tokio::task::AbortHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The connections of HTTP/2 of one person's connection.
pub(super) struct Http2Pool {
    scheme: Scheme,
    builder: Builder,
    /// What a head may be, and what stands behind a body.
    limits: AnswerLimits,
    open: Mutex<Vec<Arc<Http2Connection>>>,
}

impl Http2Pool {
    /// None where HTTP/1.1 is spoken.
    pub(super) fn new(protocol: UpstreamProtocol, limits: &GateLimits) -> Option<Self> {
        let scheme = match protocol {
            UpstreamProtocol::Http1 => return None,
            UpstreamProtocol::H2c => Scheme::HTTP,
            UpstreamProtocol::H2 => Scheme::HTTPS,
        };
        let (head_bytes, fields) = (limits.answer_head_bytes, limits.answer_fields);
        // Read on, so that what exceeds the limits is told as that.
        let read_bytes = u32::try_from(head_bytes.saturating_mul(READ_BEYOND));
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .max_header_list_size(read_bytes.unwrap_or(u32::MAX))
            .initial_max_send_streams(STREAMS_MAX as usize)
            .header_table_size(4 * 1024)
            .initial_window_size(STREAM_WINDOW_BYTES)
            // An answer that is not taken holds no other one up.
            .initial_connection_window_size(STREAM_WINDOW_BYTES * STREAMS_MAX);
        let limits = AnswerLimits { head_bytes, fields };
        Some(Self { scheme, builder, limits, open: Mutex::default() })
    }

    /// A place for a request: on a connection that is open, or on a new one.
    pub(super) async fn take(
        &self,
        (upstreams, from): (&Upstreams, usize),
        (fresh, now): (bool, Instant),
    ) -> io::Result<Http2Turn> {
        if !fresh && let Some(connection) = self.kept(now) {
            return Ok(self.turn(connection));
        }
        let (stream, place) = upstreams.connect(from).await?;
        let shaken = self.builder.handshake::<_, Bytes>(stream).await;
        let (sender, connection) = shaken.map_err(io::Error::other)?;
        let over = CancellationToken::new();
        tokio::spawn(drive(connection, over.clone()));
        let requests = Mutex::new(RequestCount { open: 1, since: Instant::now(), is_late: false });
        let connection = Http2Connection { place, sender, requests, _over: over.drop_guard() };
        let connection = Arc::new(connection);
        let mut open = self.open();
        if open.len() < IDLE_MAX {
            open.push(connection.clone());
        }
        Ok(self.turn(connection))
    }

    /// One that is open and has room.
    fn kept(&self, now: Instant) -> Option<Arc<Http2Connection>> {
        let mut open = self.open();
        open.retain(|one| one.is_kept(now));
        open.iter().find(|one| one.enter()).cloned()
    }

    fn turn(&self, connection: Arc<Http2Connection>) -> Http2Turn {
        Http2Turn { connection, scheme: self.scheme.clone(), limits: self.limits }
    }

    /// Lets go of all: nothing more is asked.
    pub(super) fn clear(&self) {
        self.open().clear();
    }

    fn open(&self) -> MutexGuard<'_, Vec<Arc<Http2Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection, until nobody asks on it any more.
struct Http2Connection {
    /// The number of its place.
    place: usize,
    sender: SendRequest<Bytes>,
    requests: Mutex<RequestCount>,
    _over: DropGuard,
}

/// Requests under way, and since when it is as many.
struct RequestCount {
    open: usize,
    since: Instant,
    /// Whether the application was late with one: others ask elsewhere.
    is_late: bool,
}

impl Http2Connection {
    /// Whether it is used again: the application neither closed it nor says that it will, was late
    /// with nothing, and it did not wait for too long.
    fn is_kept(&self, now: Instant) -> bool {
        let ready = self.sender.clone().poll_ready(&mut Context::from_waker(Waker::noop()));
        let is_closed = matches!(ready, Poll::Ready(Err(_)));
        let requests = self.requests();
        let waited = now.saturating_duration_since(requests.since);
        !is_closed && !requests.is_late && (requests.open > 0 || waited < WAITED_MAX)
    }

    /// Counts one request more, if the application takes that many.
    fn enter(&self) -> bool {
        let most = self.sender.current_max_send_streams().min(STREAMS_MAX as usize);
        let mut requests = self.requests();
        let has_room = requests.open < most;
        if has_room {
            requests.open += 1;
        }
        has_room
    }

    fn leave(&self) {
        let mut requests = self.requests();
        requests.open = requests.open.saturating_sub(1);
        requests.since = Instant::now();
    }

    fn requests(&self) -> MutexGuard<'_, RequestCount> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Moves the bytes of a connection, for a while also when nobody asks on it any more.
async fn drive(connection: Connection<UpstreamStream, Bytes>, over: CancellationToken) {
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, "connection of HTTP/2 to the application");
            }
            return;
        }
        () = over.cancelled() => {}
    }
    // One who takes nothing does not take the goodbye either.
    let _ = tokio::time::timeout(CONNECT_MAX, connection).await;
}

/// A place for one request on a connection.
pub(super) struct Http2Turn {
    connection: Arc<Http2Connection>,
    scheme: Scheme,
    limits: AnswerLimits,
}

impl Drop for Http2Turn {
    fn drop(&mut self) {
        self.connection.leave();
    }
}

impl Http2Turn {
    /// The number of its place.
    pub(super) fn place(&self) -> usize {
        self.connection.place
    }

    /// The application is late with this one: it may be gone, so nothing more is asked there.
    pub(super) fn retire(&self) {
        self.connection.requests().is_late = true;
    }

    /// Sends a request and waits for the head of its answer; its body goes on by itself. One of
    /// which nothing was sent comes back.
    pub(super) async fn send<B>(
        &self,
        request: Request<B>,
        origin: Option<&Origin>,
    ) -> Result<Response<Http2Answer>, Box<NotSent<B>>>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let failed = |error| -> Box<NotSent<B>> { Box::new(NotSent { unsent: None, error }) };
        let (parts, body) = request.into_parts();
        let is_alone = body.is_end_stream();
        let length = body.size_hint().exact().filter(|_| !is_alone);
        let is_head = parts.method == Method::HEAD;
        let head = head(&self.scheme, &parts, (origin, length));
        let head = head.map_err(|error| failed(io::Error::other(error).into()))?;
        let mut sender = self.connection.sender.clone();
        let (answer, stream) = match sender.send_request(head, is_alone) {
            Ok(sent) => sent,
            Err(error) => {
                let unsent = Some(Request::from_parts(parts, body));
                return Err(Box::new(NotSent { unsent, error: error.into() }));
            }
        };
        let upload = (!is_alone).then(|| Upload::start(body, stream));
        let answer = answer.await.map_err(|error| failed(error.into()))?;
        if exceeds(answer.headers(), self.limits) {
            return Err(failed(NoAnswer::TooLarge));
        }
        let has_none = matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let is_over = is_head || has_none;
        let limits = self.limits;
        Ok(answer.map(|stream| Http2Answer { stream, limits, is_over, _upload: upload }))
    }
}

/// Whether fields are more than may be, reckoned as they stand in a head of HTTP/1.1.
fn exceeds(fields: &HeaderMap, limits: AnswerLimits) -> bool {
    let bytes = fields.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    fields.len() > limits.fields || bytes.sum::<usize>() > limits.head_bytes
}

/// A head as the application gets it: its host is the authority (RFC 9113 8.3.1).
fn head(
    scheme: &Scheme,
    parts: &Parts,
    (origin, length): (Option<&Origin>, Option<u64>),
) -> Result<Request<()>, http::Error> {
    let mut headers = parts.headers.clone();
    if let Some(origin) = origin {
        origin.tell(&mut headers);
    }
    let host = headers.remove(header::HOST).unwrap_or_else(|| HeaderValue::from_static(""));
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    let target = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let uri = Uri::builder().scheme(scheme.clone()).authority(host.as_bytes());
    let uri = uri.path_and_query(target).build()?;
    let mut head = Request::builder().method(parts.method.clone()).uri(uri).body(())?;
    *head.headers_mut() = headers;
    Ok(head)
}

/// The body of a request on its way, until nobody wants the answer any more.
struct Upload(AbortHandle);

impl Drop for Upload {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Upload {
    fn start<B>(body: B, stream: SendStream<Bytes>) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Self(tokio::spawn(upload(body, stream)).abort_handle())
    }
}

/// Sends a body as the application takes it. Nothing is asked of whoever sends it before. Fields
/// behind it are dropped.
async fn upload<B: Body<Data = Bytes>>(body: B, mut stream: SendStream<Bytes>) {
    let mut body = pin!(body);
    loop {
        stream.reserve_capacity(1);
        if !poll_fn(|context| poll_room(&mut stream, context)).await {
            return;
        }
        let frame = tokio::select! {
            frame = poll_fn(|context| body.as_mut().poll_frame(context).map_err(drop)) => frame,
            // An application may have enough of it, and answer all the same.
            _ = poll_fn(|context| stream.poll_reset(context)) => return,
        };
        let (bytes, is_last) = match frame {
            None => (Bytes::new(), true),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => (bytes, body.is_end_stream()),
                Err(_) => continue,
            },
            Some(Err(_)) => {
                stream.send_reset(Reason::CANCEL);
                return;
            }
        };
        if bytes.is_empty() && !is_last {
            continue;
        }
        if stream.send_data(bytes, is_last).is_err() || is_last {
            return;
        }
    }
}

/// Whether the application has room for more of a body; not so where it wants no more of it.
fn poll_room(stream: &mut SendStream<Bytes>, context: &mut Context<'_>) -> Poll<bool> {
    if stream.poll_reset(context).is_ready() {
        return Poll::Ready(false);
    }
    while stream.capacity() == 0 {
        match ready!(stream.poll_capacity(context)) {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Poll::Ready(false),
        }
    }
    Poll::Ready(true)
}

/// The body of an answer. Who lets go of it before its end takes the request back.
pub(crate) struct Http2Answer {
    stream: RecvStream,
    limits: AnswerLimits,
    is_over: bool,
    _upload: Option<Upload>,
}

impl Http2Answer {
    /// The next bytes, and behind all of them the fields, if there are any.
    pub(super) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, NoAnswer>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        while let Some(read) = ready!(self.stream.poll_data(context)) {
            let bytes = read?;
            if !bytes.is_empty() {
                self.stream.flow_control().release_capacity(bytes.len())?;
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
        }
        let fields = ready!(self.stream.poll_trailers(context))?;
        self.is_over = true;
        Poll::Ready(match fields {
            None => None,
            Some(fields) if exceeds(&fields, self.limits) => Some(Err(NoAnswer::TooLarge)),
            Some(fields) => Some(Ok(Frame::trailers(fields))),
        })
    }

    /// Whether nothing more comes.
    pub(super) fn is_end_stream(&self) -> bool {
        self.is_over || self.stream.is_end_stream()
    }

    /// How much comes: where it ends says the stream alone.
    pub(super) fn size_hint(&self) -> SizeHint {
        if self.is_end_stream() { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}

#[cfg(test)]
mod tests;
