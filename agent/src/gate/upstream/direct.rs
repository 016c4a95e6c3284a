//! A connection to the application on which requests without a body are sent: whoever asks writes
//! the head himself and reads the answer, and hands nothing over to anybody. Where more than a head
//! is sent, the HTTP library takes the stream.

use super::super::no_answer::NoAnswer;
use super::answer::{AnswerLimits, AnswerRest, AnswerStep, ReadAnswer, take_answer};
use super::stream::UpstreamStream;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Response};
use hyper::body::Frame;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio_util::io::poll_read_buf;

/// What is read at once, at first.
const PIECE_BYTES: usize = 8 * 1024;
/// The same where much comes.
const LARGE_PIECE_BYTES: usize = 64 * 1024;

/// A connection that takes one request at a time, each a head alone.
pub(super) struct DirectConnection {
    stream: UpstreamStream,
    limits: AnswerLimits,
    /// What came and was not taken yet, and how much of it is no whole head.
    came: BytesMut,
    looked: usize,
    piece: usize,
    /// Whether it takes another request when the present answer is over.
    is_kept: bool,
    /// Whether it takes none now.
    is_busy: bool,
}

impl DirectConnection {
    /// One on which nothing was sent.
    pub(super) fn new(stream: UpstreamStream, limits: AnswerLimits) -> Self {
        let (came, looked, piece) = (BytesMut::new(), 0, PIECE_BYTES);
        Self { stream, limits, came, looked, piece, is_kept: true, is_busy: false }
    }

    /// For whoever speaks on it otherwise: nothing that came is lost, since it takes a request.
    pub(super) fn into_stream(self) -> UpstreamStream {
        self.stream
    }

    /// Whether it takes a request, as far as is known by now; whoever asks is woken when that
    /// changes. Nothing comes on one that waits: what does is no answer to anything.
    pub(super) fn is_ready(&mut self, context: &mut Context<'_>) -> bool {
        if !self.is_closed() {
            let mut byte = [0; 1];
            let read = Pin::new(&mut self.stream).poll_read(context, &mut ReadBuf::new(&mut byte));
            self.is_busy = read.is_ready();
        }
        !self.is_closed()
    }

    /// Whether it takes no request any more.
    pub(super) fn is_closed(&self) -> bool {
        self.is_busy || !self.came.is_empty()
    }

    /// Sends a request that is its head alone, with the fields that are written already, and waits
    /// for the head of the answer. Until all of the answer was read, and after any error, it takes
    /// no other one.
    pub(super) async fn send(
        &mut self,
        asked: &Parts,
        beside: &[u8],
    ) -> Result<Response<AnswerRest>, NoAnswer> {
        self.is_busy = true;
        (self.looked, self.piece) = (0, PIECE_BYTES);
        self.stream.write_all(&written(asked, beside)).await?;
        self.stream.flush().await?;
        let is_of_head = asked.method == Method::HEAD;
        loop {
            if poll_fn(|context| self.poll_more(context)).await? == 0 {
                return Err(NoAnswer::Ended);
            }
            let (came, looked) = (&mut self.came, &mut self.looked);
            if let Some(answer) = take_answer(came, looked, is_of_head, self.limits)? {
                let ReadAnswer { head, rest, is_kept } = answer;
                self.is_kept = is_kept;
                self.settle(rest);
                return Ok(head.map(|()| rest));
            }
        }
    }

    /// The next bytes of the body of the answer.
    pub(super) fn poll_frame(
        &mut self,
        rest: &mut AnswerRest,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, NoAnswer>>> {
        loop {
            match rest.step(&mut self.came) {
                Ok(AnswerStep::Bytes(bytes)) => {
                    self.settle(*rest);
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Ok(AnswerStep::Over) => {
                    self.settle(*rest);
                    return Poll::Ready(None);
                }
                Ok(AnswerStep::Awaited) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
            match ready!(self.poll_more(context)) {
                Ok(0) if *rest == AnswerRest::UntilEnd => *rest = AnswerRest::Nothing,
                Ok(0) => return Poll::Ready(Some(Err(NoAnswer::Ended))),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }

    /// Behind the last byte of an answer it takes the next request, if it is kept.
    fn settle(&mut self, rest: AnswerRest) {
        if rest != AnswerRest::Nothing {
            return;
        }
        self.is_busy = !self.is_kept;
        if self.piece > PIECE_BYTES && self.came.is_empty() {
            // One that waits holds little.
            self.came = BytesMut::new();
        }
    }

    /// Reads what is there behind what came before; nothing at the end.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.came.reserve(self.piece);
        let stream = Pin::new(&mut self.stream);
        let read = ready!(poll_read_buf(stream, context, &mut self.came))?;
        if read >= self.piece {
            self.piece = LARGE_PIECE_BYTES.min(self.piece * 2);
        }
        Poll::Ready(Ok(read))
    }
}

/// A head as it is sent.
fn written(asked: &Parts, beside: &[u8]) -> Vec<u8> {
    let target = asked.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let fields = asked.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let size = 64 + target.len() + beside.len() + fields.sum::<usize>();
    let mut head = Vec::with_capacity(size);
    for part in [asked.method.as_str(), " ", target, " HTTP/1.1\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
    head.extend_from_slice(beside);
    for (name, value) in &asked.headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}
