//! The reading side of an HTTP/1 connection, judged before the HTTP library reads it.

use super::head::HeadError;
use super::message::Reader;
use crate::fixed::{SWALLOW_MAX, SWALLOWED_BYTES_MAX};
use mtls::listen::{HeadLimits, Linger};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// Lets a held connection go on as a tunnel.
#[derive(Clone, Debug, Default)]
pub(super) struct UpgradeSwitch(Arc<Mutex<(bool, Option<Waker>)>>);

impl UpgradeSwitch {
    /// The other protocol is agreed.
    pub(super) fn tunnel(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = true;
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }

    fn poll(&self, context: &Context<'_>) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.0 {
            state.1 = Some(context.waker().clone());
        }
        state.0
    }
}

/// Why a connection is read no more, for whoever is handed a body that breaks off for it.
pub(super) type EndOfReading = Arc<OnceLock<HeadError>>;

/// A stream whose reading side goes through a [`Reader`].
pub(super) struct StrictHttp1<S> {
    inner: S,
    reader: Reader,
    upgrade: UpgradeSwitch,
    end: EndOfReading,
    ready: Vec<u8>,
    given: usize,
    buffer: Box<[u8]>,
    /// How long a head may take from its first byte on, and when the present one is late.
    head: Duration,
    late: Option<Pin<Box<Sleep>>>,
    /// After our own last byte.
    linger: Option<Linger>,
}

impl<S> StrictHttp1<S> {
    /// Judges a stream from its beginning.
    pub(super) fn new(
        inner: S,
        word: &str,
        (upgrade, end): (UpgradeSwitch, EndOfReading),
        (limits, head): (HeadLimits, Duration),
    ) -> Self {
        let buffer = vec![0; 16 * 1024].into_boxed_slice();
        let (reader, ready) = (Reader::new(word, limits), Vec::new());
        // The first head has its time from the handshake on.
        let late = Some(Box::pin(tokio::time::sleep(head)));
        Self { inner, reader, upgrade, end, ready, given: 0, buffer, head, late, linger: None }
    }

    /// Whether a head that began takes too long.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        if !self.reader.is_in_head() {
            return false;
        }
        let late = self.late.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.head)));
        late.as_mut().poll(context).is_ready()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StrictHttp1<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if let Some(rest) = this.ready.get(this.given..).filter(|rest| !rest.is_empty()) {
                let part = rest.get(..rest.len().min(to.remaining())).unwrap_or_default();
                to.put_slice(part);
                this.given += part.len();
                if this.given == this.ready.len() {
                    this.ready.clear();
                    this.given = 0;
                }
                return Poll::Ready(Ok(()));
            }
            if this.reader.is_over() {
                // Not an end: what is refused is still answered, and its client may still leave.
                return Poll::Pending;
            }
            if this.reader.is_held() {
                if !this.upgrade.poll(context) {
                    return Poll::Pending;
                }
                this.reader.tunnel();
            }
            let mut buffer = ReadBuf::new(&mut this.buffer);
            match Pin::new(&mut this.inner).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => {
                    this.reader.take(buffer.filled(), &mut this.ready);
                    if let Some(error) = this.reader.refused() {
                        this.end.get_or_init(|| error);
                    }
                    if !this.ready.is_empty() {
                        // What comes next has a time of its own.
                        this.late = None;
                    }
                }
                // One who sends no more without saying so still wants its answer; that a message
                // is whole, its own framing shows.
                Poll::Ready(Err(error))
                    if error.kind() == io::ErrorKind::UnexpectedEof && !this.reader.is_tunnel() =>
                {
                    return Poll::Ready(Ok(()));
                }
                Poll::Pending if this.is_late(context) => {
                    this.reader.refuse(HeadError::Late, &mut this.ready);
                }
                other => return other,
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for StrictHttp1<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.inner).poll_shutdown(context))?;
        }
        if !this.reader.is_over() {
            return Poll::Ready(Ok(()));
        }
        // Whoever is still sending what was refused reads why only afterwards.
        let linger = || Linger::new(SWALLOWED_BYTES_MAX, SWALLOW_MAX);
        this.linger.get_or_insert_with(linger).poll(&mut this.inner, context).map(Ok)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
