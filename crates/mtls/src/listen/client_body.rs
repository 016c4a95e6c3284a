//! The body of a request as it comes from a client, over either protocol.

use super::head::waits_for_more;
use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

/// Why a body breaks off: its client, or what it sent.
#[derive(Debug, thiserror::Error)]
pub enum BrokenBody {
    /// The body broke off over HTTP/1.
    #[error(transparent)]
    Http1(#[from] hyper::Error),
    /// The body broke off over HTTP/2.
    #[error(transparent)]
    Http2(#[from] h2::Error),
}

/// What an answer is sent with; shared with the body, which may have to ask for more first.
pub(super) type Respond = Arc<Mutex<SendResponse<Bytes>>>;

/// The body of a request as it arrives, within the times and bytes of its listener.
pub enum ClientBody {
    /// None, or one that somebody else reads.
    Empty,
    /// The body comes over HTTP/1.
    Http1(Incoming),
    /// The body comes over HTTP/2.
    Http2(Http2Body),
}

/// The body of a stream of HTTP/2.
pub struct Http2Body {
    inner: RecvStream,
    /// Where 100 is said once the body is wanted, if its client waits for that.
    waits: Option<Respond>,
    /// Bytes to come, if that was said.
    left: Option<u64>,
}

impl Http2Body {
    pub(super) fn new(inner: RecvStream, headers: &HeaderMap, respond: &Respond) -> Self {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length = length.and_then(|length| length.parse().ok());
        let left = if inner.is_end_stream() { Some(0) } else { length };
        let waits = waits_for_more(headers).then(|| respond.clone());
        Self { inner, waits, left }
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        if let Some(respond) = self.waits.take().filter(|_| !self.inner.is_end_stream()) {
            let mut more = Response::new(());
            *more.status_mut() = StatusCode::CONTINUE;
            let mut respond = respond.lock().unwrap_or_else(PoisonError::into_inner);
            respond.send_informational(more)?;
        }
        let Some(read) = ready!(self.inner.poll_data(context)) else { return Poll::Ready(None) };
        let bytes = read?;
        self.inner.flow_control().release_capacity(bytes.len())?;
        self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl ClientBody {
    /// The final answer stands: 100 is not said any more.
    #[must_use]
    pub fn without_waiting(mut self) -> Self {
        if let Self::Http2(body) = &mut self {
            body.waits = None;
        }
        self
    }

    /// Reads to the end of what should have no bytes: whether that is so. HTTP/2 may say the end of
    /// a request without a body in a frame of its own (RFC 9113 8.1). Whoever waits for 100 has
    /// bytes to send.
    pub async fn ends_empty(&mut self) -> bool {
        while !self.is_end_stream() {
            if matches!(self, Self::Http2(body) if body.waits.is_some()) {
                return false;
            }
            match self.frame().await {
                None => return true,
                Some(Ok(frame)) if frame.data_ref().is_none_or(Bytes::is_empty) => {}
                Some(_) => return false,
            }
        }
        true
    }
}

impl Body for ClientBody {
    type Data = Bytes;
    type Error = BrokenBody;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Http1(body) => Pin::new(body).poll_frame(context).map_err(BrokenBody::from),
            Self::Http2(body) => body.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(body) => body.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Http1(body) => body.size_hint(),
            Self::Http2(body) => body.left.map(SizeHint::with_exact).unwrap_or_default(),
        }
    }
}
