//! The socket for applications of this machine: whoever may open its file asks. Its owner and its
//! group may; which group that is says the folder, or the unit that the gate runs in.

use super::listen::{CONNECTIONS_MAX, LIMITS};
use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use mtls::listen::{Activity, Limits, PacedStream, drive};
use rustix::fs::{Access, access};
use service::{Metrics, Stop};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the owner and the group may: connect.
const MODE: u32 = 0o660;
/// Largest head, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Pause after a connection that could not be taken.
const AFTER_FAILURE: Duration = Duration::from_millis(50);
/// What is under way at a stop ends within this time.
const END_MAX: Duration = Duration::from_secs(5);

/// Tells whether connections of applications have places left. It is a notice: what applications of
/// this machine hold says nothing about whether people are served.
pub(super) struct CallFullness {
    metrics: Metrics,
    /// Whether none is left, and whether few are.
    told: Mutex<[bool; 2]>,
}

impl CallFullness {
    pub(super) fn of(metrics: Metrics) -> Arc<Self> {
        Arc::new(Self { metrics, told: Mutex::default() })
    }

    /// Whether none is left.
    pub(super) fn full(&self, is_full: bool) {
        self.tell(|[full, _]| *full = is_full);
    }

    /// Whether few are left.
    pub(super) fn nearly_full(&self, is_nearly_full: bool) {
        self.tell(|[_, nearly_full]| *nearly_full = is_nearly_full);
    }

    /// What is newer is told later.
    fn tell(&self, change: impl FnOnce(&mut [bool; 2])) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut told);
        let what = match *told {
            [true, _] => "full",
            [false, true] => "nearly full",
            [false, false] => "",
        };
        self.metrics.notice("calls", what);
    }
}

/// Places of connections, of which it is told how many are left.
struct CallPlaces {
    left: Arc<Semaphore>,
    fullness: Arc<CallFullness>,
}

/// One of them, until it is dropped.
struct CallPlace {
    permit: Option<OwnedSemaphorePermit>,
    of: Arc<CallPlaces>,
}

impl CallPlaces {
    fn of(fullness: Arc<CallFullness>) -> Arc<Self> {
        Arc::new(Self { left: Arc::new(Semaphore::new(CONNECTIONS_MAX)), fullness })
    }

    fn enter(self: &Arc<Self>) -> Option<CallPlace> {
        let permit = self.left.clone().try_acquire_owned().ok()?;
        self.tell();
        Some(CallPlace { permit: Some(permit), of: self.clone() })
    }

    fn tell(&self) {
        self.fullness.tell(|told| {
            let left = self.left.available_permits();
            *told = [left == 0, left <= CONNECTIONS_MAX / 8];
        });
    }
}

impl Drop for CallPlace {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.of.tell();
    }
}

/// Takes the place. What an earlier gate left there is removed, and nothing else is.
pub(super) fn take(path: &Path) -> std::io::Result<UnixListener> {
    let named = |error: Error| named(path, &error);
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => {
            std::fs::remove_file(path).map_err(named)?;
        }
        Ok(_) => return Err(named(ErrorKind::AlreadyExists.into())),
        Err(_) => {}
    }
    let listener = UnixListener::bind(path).map_err(named)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE)).map_err(named)?;
    Ok(listener)
}

/// Whether the place could be taken, which is told in the same words; nothing is taken.
pub(super) fn can_take(path: &Path) -> std::io::Result<()> {
    let named = |error: Error| named(path, &error);
    SocketAddr::from_pathname(path).map_err(named)?;
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => Ok(()),
        Ok(_) => Err(named(ErrorKind::AlreadyExists.into())),
        Err(_) => {
            let folder = path.parent().unwrap_or(path);
            access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| named(error.into()))
        }
    }
}

fn named(path: &Path, error: &Error) -> Error {
    let text = system::speech::both(
        &format!("无法监听 {}（设置：agent.toml: calls）", path.display()),
        &format!("cannot listen on {} (setting: agent.toml: calls)", path.display()),
    );
    Error::new(error.kind(), format!("{text}: {error}"))
}

/// Serves until the stop.
pub(super) async fn serve(
    listener: UnixListener,
    router: Router,
    fullness: Arc<CallFullness>,
    stop: Stop,
) {
    let (places, tasks) = (CallPlaces::of(fullness), TaskTracker::new());
    let stopping = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.wait() => break,
        };
        let Ok((stream, _)) = accepted else {
            // Without a descriptor there is none at once either.
            tokio::time::sleep(AFTER_FAILURE).await;
            continue;
        };
        // Whoever comes beyond them is turned away.
        let Some(place) = places.enter() else { continue };
        let (router, stopping) = (router.clone(), stopping.clone());
        tasks.spawn(async move {
            talk(stream, router, &LIMITS, &stopping).await;
            drop(place);
        });
    }
    stopping.cancel();
    tasks.close();
    let _ = tokio::time::timeout(END_MAX, tasks.wait()).await;
}

/// One connection, to its end: nobody keeps a place by asking nothing, or by taking no answer; who
/// sends no more is answered.
async fn talk(stream: UnixStream, router: Router, limits: &Limits, stopping: &CancellationToken) {
    let activity = Arc::<Activity>::default();
    let (counted, router) = (activity.clone(), TowerToHyperService::new(router));
    let service = service_fn(move |request: Request<Incoming>| {
        let (under_way, answering) = (counted.begin(), router.call(request));
        async move {
            let answered = answering.await;
            drop(under_way);
            answered
        }
    });
    let mut builder = http1::Builder::new();
    // A kept connection may wait longer for a question than its head may take.
    let head = limits.header.max(limits.idle);
    builder.timer(TokioTimer::new()).header_read_timeout(head).max_buf_size(HEAD_BYTES_MAX);
    let stream = TokioIo::new(PacedStream::new(stream, limits.body, activity.clone(), false));
    let speaking = builder.serve_connection(stream, service);
    let close = |c: Pin<&mut _>| http1::Connection::graceful_shutdown(c);
    drive(speaking, close, &activity, limits, true, stopping).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// A limit that a test waits for, and one that it does not reach.
    const SHORT: Duration = Duration::from_millis(300);
    const LONG: Duration = Duration::from_secs(60);
    /// More of an answer than waits between two ends.
    const LARGE_BYTES: usize = 8 * 1024 * 1024;

    /// Speaks at the one end; gives the other one, and the end of the conversation.
    fn spoken(limits: Limits) -> (UnixStream, tokio::task::JoinHandle<()>) {
        let (theirs, ours) = UnixStream::pair().unwrap();
        let late = |body: String| async move {
            for _ in 0..64 {
                tokio::task::yield_now().await;
            }
            body
        };
        let router = Router::new().route("/call", post(late));
        let router = router.route("/large", get(|| async { vec![7_u8; LARGE_BYTES] }));
        let talking = async move {
            talk(ours, router, &limits, &CancellationToken::new()).await;
        };
        (theirs, tokio::spawn(talking))
    }

    async fn is_over(talking: tokio::task::JoinHandle<()>) -> bool {
        matches!(tokio::time::timeout(LONG / 2, talking).await, Ok(Ok(())))
    }

    /// An application that takes no answer, or asks nothing, keeps its place for a time; one that
    /// takes what it asked for has all of it.
    #[tokio::test]
    async fn an_application_that_takes_no_answer_keeps_no_place() {
        let ask = b"GET /large HTTP/1.1\r\nHost: gate\r\n\r\n";
        let (mut theirs, talking) = spoken(Limits { body: SHORT, header: LONG, ..LIMITS });
        theirs.write_all(ask).await.unwrap();
        assert!(is_over(talking).await, "it takes nothing");
        let (mut theirs, talking) = spoken(LIMITS);
        theirs.write_all(ask).await.unwrap();
        let mut answer = vec![0_u8; LARGE_BYTES];
        theirs.read_exact(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"), "it takes all of it");
        drop(theirs);
        assert!(is_over(talking).await);
        let (_theirs, talking) = spoken(Limits { header: SHORT, ..LIMITS });
        assert!(is_over(talking).await, "it asks nothing");
    }

    /// Who sends no more wants its answer all the same, however long that takes to make.
    #[tokio::test]
    async fn an_application_that_sends_no_more_is_answered() {
        let (mut theirs, talking) = spoken(LIMITS);
        let ask = b"POST /call HTTP/1.1\r\nHost: gate\r\nContent-Length: 4\r\n\r\nlate";
        theirs.write_all(ask).await.unwrap();
        theirs.shutdown().await.unwrap();
        let mut answer = String::new();
        theirs.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("late"), "{answer}");
        assert!(is_over(talking).await);
    }

    /// However many applications ask at once, it is told when one more would find no place.
    #[test]
    fn a_full_socket_of_calls_says_so() {
        let metrics = Metrics::default();
        let places = CallPlaces::of(CallFullness::of(metrics.clone()));
        let told = || (metrics.readiness().is_ready, metrics.told());
        let mut held: Vec<CallPlace> = Vec::new();
        while let Some(place) = places.enter() {
            held.push(place);
        }
        assert_eq!(held.len(), CONNECTIONS_MAX);
        assert_eq!(told(), (true, vec!["calls: full".to_owned()]), "people are served");
        held.pop();
        assert_eq!(told(), (true, vec!["calls: nearly full".to_owned()]));
        held.clear();
        assert_eq!(told(), (true, Vec::new()));
    }

    /// The socket is its owner's and its group's, takes the place of one that was left behind, and
    /// of no other file.
    #[tokio::test]
    async fn a_socket_takes_the_place_of_a_socket_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.sock");
        drop(take(&path).unwrap());
        let _listener = take(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, MODE);
        let file = folder.path().join("file");
        std::fs::write(&file, "kept").unwrap();
        let error = take(&file).unwrap_err().to_string();
        assert!(error.contains("agent.toml: calls"), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
        // Whoever only looks finds the same, and takes nothing.
        for free in [&path, &folder.path().join("another.sock")] {
            can_take(free).unwrap();
        }
        assert!(!folder.path().join("another.sock").exists() && path.exists());
        let long = folder.path().join("a".repeat(200));
        for taken in [&file, &folder.path().join("none/call.sock"), &long] {
            let error = can_take(taken).unwrap_err().to_string();
            assert!(error.contains("agent.toml: calls"), "{error}");
        }
    }
}
