//! What a program of this computer sends into a tunnel. A page can have its reader's browser
//! connect to any port of loopback, and some of what no HTTP is spoken with acts on lines of a
//! request all the same: so whoever speaks HTTP is cut off.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How requests of a page begin. Any other method it has to ask for first, by the last of these.
const REQUESTS: [&[u8]; 4] = [b"GET /", b"POST /", b"HEAD /", b"OPTIONS /"];
/// As many bytes tell one.
const BEGIN_BYTES: usize = 9;

/// A stream that ends where it begins as a request of HTTP.
pub(super) struct ProgramStream<S> {
    inner: S,
    /// How it begins, until that is known.
    begins: Option<Vec<u8>>,
    speaks_http: Arc<AtomicBool>,
}

impl<S> ProgramStream<S> {
    /// What is told when it ends for that.
    pub(super) fn new(inner: S, speaks_http: &Arc<AtomicBool>) -> Self {
        Self { inner, begins: Some(Vec::new()), speaks_http: speaks_http.clone() }
    }

    /// Whether what came so far may go on.
    fn judge(&mut self, came: &[u8]) -> Result<()> {
        let Some(begins) = &mut self.begins else { return Ok(()) };
        let left = BEGIN_BYTES.saturating_sub(begins.len());
        begins.extend(came.iter().take(left));
        if REQUESTS.into_iter().any(|request| begins.starts_with(request)) {
            self.speaks_http.store(true, Ordering::Relaxed);
            return Err(Error::from(ErrorKind::InvalidData));
        }
        if begins.len() >= BEGIN_BYTES {
            self.begins = None;
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ProgramStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        let before = to.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(context, to))?;
        Poll::Ready(this.judge(to.filled().get(before..).unwrap_or_default()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ProgramStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However its bytes come, a request of a page does not go on, and nothing else is held up.
    #[test]
    fn no_page_speaks_through_a_tunnel() {
        let goes_on = |parts: &[&[u8]]| {
            let speaks_http = Arc::default();
            let mut stream = ProgramStream::new((), &speaks_http);
            let goes_on = parts.iter().all(|part| stream.judge(part).is_ok());
            assert_eq!(speaks_http.load(Ordering::Relaxed), !goes_on);
            goes_on
        };
        let requests: [&[&[u8]]; 6] = [
            &[b"GET / HTTP/1.1\r\n"],
            &[b"POST /a HTTP/1.1\r\n"],
            &[b"HEAD /?a"],
            &[b"OPTIONS /a"],
            &[b"GE", b"", b"T", b" /a"],
            &[b"OPTIONS ", b"/"],
        ];
        for request in requests {
            assert!(!goes_on(request), "{request:?}");
        }
        let programs: [&[&[u8]]; 8] = [
            &[b"\0\0\0\x08\x04\xd2\x16/"],
            &[b"\x16\x03\x01\x02\0\x01"],
            &[b"SSH-2.0-OpenSSH\r\n"],
            &[b"*2\r\n$3\r\nGET\r\n"],
            &[b"get /a\r\n"],
            &[b"GET key\r\n", b"GET /"],
            &[b"SET a 1\r\n", b"GET / HTTP/1.1\r\n"],
            &[],
        ];
        for program in programs {
            assert!(goes_on(program), "{program:?}");
        }
    }
}
