//! Streams that must move: who does not take an answer is cut, and so is who takes it by the byte;
//! what is held for them meanwhile is held from others. Who sends no more still gets its answer.

use super::activity::{Activity, UntakenAnswer};
use super::bare_refusal::{self, Refuse};
use super::linger::Linger;
use bytes::{Buf, Bytes};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A client that keeps us waiting takes at least so much of an answer in the time that one may
/// take.
const TAKEN_BYTES_MIN: usize = 8 * 1024;

/// Most bytes that a client of HTTP/1 still gets to send of a request that is answered already.
const LINGER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A stream whose client takes what is written within a time, and not by the byte.
pub struct PacedStream<S> {
    inner: S,
    limit: Duration,
    late: Option<Pin<Box<Sleep>>>,
    /// Over HTTP/1, while its client keeps us waiting with an answer.
    untaken: Option<UntakenAnswer>,
    /// Bytes that were taken since the time began.
    taken: usize,
    activity: Arc<Activity>,
    is_http2: bool,
    end: Option<HeldEnd>,
    /// After our own last byte.
    linger: Option<Linger>,
    /// What is said in place of a bare refusal of the HTTP library.
    refuse: Option<Refuse>,
    /// How many requests there were when all that was written had left and none was under way:
    /// until another one begins, what is written is the library's own.
    quiet: Option<usize>,
    /// What is still to leave in place of such a refusal.
    dressed: Bytes,
}

/// After the client's last byte: what is under way is answered before the HTTP library hears of it,
/// which would take it for the end of all interest (RFC 9112 8, RFC 8446 6.1). A client that is
/// gone looks the same until something is written; it keeps its place as long as one may stall.
struct HeldEnd {
    /// Ready once all is answered.
    answered: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// When nothing has moved for too long.
    gone: Pin<Box<Sleep>>,
    /// Who waits for an answer to leave.
    reader: Option<Waker>,
}

impl<S> PacedStream<S> {
    /// A stream whose requests an activity counts.
    pub fn new(inner: S, limit: Duration, activity: Arc<Activity>, is_http2: bool) -> Self {
        Self {
            inner,
            limit,
            late: None,
            untaken: None,
            taken: 0,
            activity,
            is_http2,
            end: None,
            linger: None,
            refuse: None,
            quiet: None,
            dressed: Bytes::new(),
        }
    }

    /// The same over HTTP/1, from its beginning, where what the library refuses by itself leaves in
    /// the words of the service.
    pub(super) fn refusing(mut self, refuse: Refuse) -> Self {
        self.quiet = self.activity.quiet();
        self.refuse = Some(refuse);
        self
    }

    /// Finds words for what is to be written, if it is a bare refusal.
    fn dress(&mut self, bytes: &[u8], context: &mut Context<'_>) {
        let (Some(refuse), Some(quiet)) = (self.refuse, self.quiet.take()) else { return };
        if self.activity.quiet() != Some(quiet) {
            return;
        }
        let fault = bare_refusal::fault(bytes);
        let words = |fault| bare_refusal::in_place_of(bytes, refuse(fault), context);
        if let Some(refusal) = fault.and_then(words) {
            self.dressed = refusal;
            // Whoever is still sending that head reads it only afterwards.
            self.activity.leave_rest();
        }
    }

    /// Whether the end of what the client sends is told now.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (limit, is_http2) = (self.limit, self.is_http2);
        let end = self.end.get_or_insert_with(|| {
            let activity = self.activity.clone();
            let answered = async move { activity.until_all_is_answered(is_http2).await };
            let gone = Box::pin(tokio::time::sleep(limit));
            HeldEnd { answered: Some(Box::pin(answered)), gone, reader: None }
        });
        if end.gone.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        if let Some(answered) = &mut end.answered {
            ready!(answered.as_mut().poll(context));
            end.answered = None;
        }
        if self.late.is_some() {
            // The last of an answer is still to leave.
            end.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    /// Passes on what a write came to, unless too little has moved for too long.
    fn wrote(
        &mut self,
        polled: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &polled {
            self.taken = self.taken.saturating_add(*bytes);
            if let Some(end) = &mut self.end {
                end.gone.as_mut().reset(Instant::now() + self.limit);
            }
        }
        match &polled {
            // Nobody waited: nothing is slow.
            Poll::Ready(_) if self.late.is_none() => polled,
            _ => self.in_time(polled, context),
        }
    }

    /// Passes on whether everything was taken.
    fn flushed(
        &mut self,
        polled: Poll<io::Result<()>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if polled.is_ready() {
            (self.late, self.untaken) = (None, None);
            if self.refuse.is_some() {
                self.quiet = self.activity.quiet();
            }
            if let Some(reader) = self.end.as_mut().and_then(|end| end.reader.take()) {
                reader.wake();
            }
            return polled;
        }
        self.in_time(polled, context)
    }

    fn in_time<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        loop {
            if self.late.is_none() {
                self.taken = 0;
            }
            // Over HTTP/2 it is known of each stream.
            if !self.is_http2 && self.untaken.is_none() {
                self.untaken = Some(self.activity.awaits_taking());
            }
            let limit = self.limit;
            let late = self.late.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
            if late.as_mut().poll(context).is_pending() {
                return polled;
            }
            if self.taken < TAKEN_BYTES_MIN {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.late = None;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PacedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.end.is_none() {
            let before = to.filled().len();
            match ready!(Pin::new(&mut this.inner).poll_read(context, to)) {
                Ok(()) if to.filled().len() > before || to.remaining() == 0 => {
                    return Poll::Ready(Ok(()));
                }
                // TLS without its last word is an end as well: that a message is whole, its own
                // framing shows.
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    return Poll::Ready(Err(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        this.poll_end(context)
    }
}

impl<S: AsyncWrite + Unpin> PacedStream<S> {
    /// Writes what leaves in place of so many bytes.
    fn poll_dressed(
        &mut self,
        length: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        while !self.dressed.is_empty() {
            let polled = Pin::new(&mut self.inner).poll_write(context, &self.dressed);
            match ready!(self.wrote(polled, context))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.dressed.advance(count),
            }
        }
        Poll::Ready(Ok(length))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for PacedStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.dress(bytes, context);
        if !this.dressed.is_empty() {
            return this.poll_dressed(bytes.len(), context);
        }
        let polled = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.wrote(polled, context)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_flush(context);
        this.flushed(polled, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            let polled = Pin::new(&mut this.inner).poll_shutdown(context);
            ready!(this.flushed(polled, context))?;
        }
        if !this.activity.leaves_rest() {
            return Poll::Ready(Ok(()));
        }
        let limit = this.limit;
        let linger = this.linger.get_or_insert_with(|| Linger::new(LINGER_BYTES_MAX, limit));
        linger.poll(&mut this.inner, context).map(Ok)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // It comes in one piece: of more, there is none to look at.
        let alone: &[u8] = if let [one] = slices { one } else { &[] };
        this.dress(alone, context);
        if !this.dressed.is_empty() {
            return this.poll_dressed(alone.len(), context);
        }
        let polled = Pin::new(&mut this.inner).poll_write_vectored(context, slices);
        this.wrote(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const LIMIT: Duration = Duration::from_millis(600);

    /// Whoever takes an answer by the byte is cut like whoever takes nothing of it; whoever is slow
    /// and takes it is not.
    #[tokio::test]
    async fn an_answer_that_is_taken_by_the_byte_ends_in_time() {
        let (ours, mut theirs) = duplex(1);
        let drip = tokio::spawn(async move {
            let mut pace = tokio::time::interval(LIMIT / 30);
            while theirs.read_u8().await.is_ok() {
                pace.tick().await;
            }
        });
        let mut stream = PacedStream::new(ours, LIMIT, Arc::default(), false);
        let written = stream.write_all(&[7; 64 * 1024]);
        let written = tokio::time::timeout(Duration::from_secs(20), written).await;
        let error = written.expect("it is written for ever").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drip.abort();

        let (ours, mut theirs) = duplex(TAKEN_BYTES_MIN);
        let taking = tokio::spawn(async move {
            let (mut pace, mut piece) = (tokio::time::interval(LIMIT / 6), [0; TAKEN_BYTES_MIN]);
            let mut taken = 0;
            while let Ok(1..) = theirs.read_exact(&mut piece).await {
                taken += piece.len();
                pace.tick().await;
            }
            taken
        });
        let mut stream = PacedStream::new(ours, LIMIT, Arc::default(), false);
        stream.write_all(&[7; 10 * TAKEN_BYTES_MIN]).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(taking.await.unwrap(), 10 * TAKEN_BYTES_MIN);
    }
}
