//! HTTP/2 of a connection: its streams are requests like those of HTTP/1.

use super::answered_streams::AnsweredStreams;
use super::connection_context::ConnectionContext;
use super::response_body::ResponseBody;
use super::serve::serve;
use crate::fixed::{
    CONNECTION_WINDOW_BYTES, LOCAL_RESETS_MAX, PENDING_RESETS_MAX, PING, READ_BEYOND,
    SEND_BUFFER_BYTES_MAX, STREAM_WINDOW_BYTES, STREAMS_MAX,
};
use h2::server::Builder;
use http::{HeaderValue, Request, Response};
use mtls::listen::http2::{self, Answers};
use mtls::listen::{Activity, ClientBody, Transport};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;

/// The sweep comes around in less.
const BEHIND_SWEEP: Duration = Duration::from_secs(3);

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
    http2::speak(builder, stream, context, close, PING).await
}

impl Answers for ConnectionContext {
    type Body = ResponseBody;

    fn activity(&self) -> Arc<Activity> {
        self.activity.clone()
    }

    /// Each request of a certificate is counted by itself, however it ends.
    fn allows_taking_back(&self) -> bool {
        self.of_one.is_some() || self._slot.allows_taking_back(self.source.ip())
    }

    async fn answer(self: Arc<Self>, request: Request<ClientBody>) -> Response<ResponseBody> {
        serve(self, request).await
    }

    fn date(&self) -> Option<HeaderValue> {
        let now = UNIX_EPOCH + Duration::from_secs(self.gate.clock.seconds());
        HeaderValue::from_str(&httpdate::fmt_http_date(now)).ok()
    }

    /// Behind the sweep, which says of a request that was forwarded why it ends.
    fn answer_limit(&self) -> Duration {
        Duration::from_secs(self.gate.limits.body_idle_seconds) + BEHIND_SWEEP
    }
}
