//! HTTP/2 of a connection: its streams are requests like those of HTTP/1.
//!
//! The HTTP library speaks HTTP/2 through the same crate, but has no way to answer an expectation
//! before the final answer (RFC 9110 10.1.1), so it is spoken here.

use super::client_body::{ClientBody, Http2Body, Respond};
use super::connection_context::ConnectionContext;
use super::frames::AnsweredStreams;
use super::response_body::ResponseBody;
use super::serve::serve;
use crate::fixed::{
    CONNECTION_WINDOW_BYTES, LOCAL_RESETS_MAX, PENDING_RESETS_MAX, PING, READ_BEYOND,
    SEND_BUFFER_BYTES_MAX, STREAM_WINDOW_BYTES, STREAMS_MAX,
};
use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Ping, PingPong, Reason, RecvStream, SendStream};
use http::{HeaderValue, Request, Response, Version, header};
use http_body_util::BodyExt;
use hyper::body::Body;
use mtls::listen::Transport;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, ready};
use std::time::{Duration, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;

/// Every limit of the protocol, written out.
fn builder(head_bytes: usize) -> Builder {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(u32::try_from(head_bytes * READ_BEYOND).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(Some(LOCAL_RESETS_MAX))
        .max_send_buffer_size(SEND_BUFFER_BYTES_MAX)
        .header_table_size(4 * 1024)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    builder
}

/// Speaks until the connection ends; `close` asks it to end once what is under way is answered.
pub(super) async fn speak(
    context: Arc<ConnectionContext>,
    stream: Transport,
    close: CancellationToken,
) -> Result<(), h2::Error> {
    let builder = builder(context.gate.limits.head_bytes);
    let stream = AnsweredStreams::new(stream, context.clone());
    let mut connection = builder.handshake::<_, Bytes>(stream).await?;
    let mut dead = std::pin::pin!(dead(connection.ping_pong()));
    let mut is_closing = false;
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            () = close.cancelled(), if !is_closing => {
                is_closing = true;
                connection.graceful_shutdown();
                continue;
            }
            () = &mut dead => return Ok(()),
        };
        let Some(accepted) = accepted else { return Ok(()) };
        let (request, respond) = accepted?;
        let under_way = context.activity.begin();
        let context = context.clone();
        tokio::spawn(async move {
            answer(context, request, respond).await;
            drop(under_way);
        });
    }
}

/// Waits until the other side answers no ping.
async fn dead(ping: Option<PingPong>) {
    let Some(mut ping) = ping else { return std::future::pending().await };
    loop {
        tokio::time::sleep(PING).await;
        let answered = tokio::time::timeout(PING, ping.ping(Ping::opaque())).await;
        if !matches!(answered, Ok(Ok(_))) {
            return;
        }
    }
}

/// Answers the request of one stream, unless its client takes it back.
async fn answer(
    context: Arc<ConnectionContext>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
) {
    let respond: Respond = Arc::new(Mutex::new(respond));
    let (head, body) = request.into_parts();
    let body = Http2Body::new(body, &head.headers, &respond);
    let request = Request::from_parts(head, ClientBody::Http2(body));
    let taken_back =
        poll_fn(|waker| respond.lock().unwrap_or_else(PoisonError::into_inner).poll_reset(waker));
    let response = tokio::select! {
        response = serve(context.clone(), request) => response,
        _ = taken_back => return,
    };
    let (head, mut body) = response.into_parts();
    let mut head = Response::from_parts(head, ());
    *head.version_mut() = Version::HTTP_2;
    let headers = head.headers_mut();
    headers.remove(header::CONNECTION);
    let now = UNIX_EPOCH + Duration::from_secs(context.gate.clock.seconds());
    if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(now)) {
        headers.entry(header::DATE).or_insert(date);
    }
    let is_over = body.is_end_stream();
    if let Some(length) = body.size_hint().exact().filter(|_| !is_over) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    let sent = respond.lock().unwrap_or_else(PoisonError::into_inner).send_response(head, is_over);
    match sent {
        Ok(_) if is_over => {}
        Ok(mut stream) => {
            if let Err(error) = pass(&mut body, &mut stream).await {
                tracing::debug!(%error, "stream");
            }
        }
        Err(error) => tracing::debug!(%error, "stream"),
    }
}

/// Sends a body as its client takes it. Nothing is asked of the application before.
async fn pass(body: &mut ResponseBody, stream: &mut SendStream<Bytes>) -> Result<(), h2::Error> {
    loop {
        stream.reserve_capacity(1);
        let is_wanted = poll_fn(|waker| {
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
        });
        if !is_wanted.await? {
            return Ok(());
        }
        let frame = tokio::select! {
            frame = body.frame() => frame,
            taken_back = poll_fn(|waker| stream.poll_reset(waker)) => return taken_back.map(|_| ()),
        };
        match frame {
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { continue };
                let is_last = body.is_end_stream();
                stream.send_data(data, is_last)?;
                if is_last {
                    return Ok(());
                }
            }
            Some(Err(_)) => {
                stream.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            }
            None => return stream.send_data(Bytes::new(), true),
        }
    }
}
