//! Lanes: threads that each serve connections of their own, from the handshake to the end. Nothing
//! that goes on on a connection wakes another thread, and no lane looks for work in another one's
//! queue.
//!
//! One socket is listened on, and each connection goes to the lane that has the fewest: no other
//! process can share the address, and few connections are spread as evenly as many.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;
use tokio_util::task::TaskTracker;

/// A lane looks up at least this often. A limit of a request, which is longer, is then never the
/// next thing that it waits for: to set one takes no call of the system.
const LOOK: Duration = Duration::from_millis(500);

/// The lanes of a listener; dropped, they end with all that is served in them.
pub struct Lanes(Vec<Lane>);

pub(super) struct Lane {
    handle: Handle,
    /// How many connections it has.
    open: Arc<AtomicUsize>,
    /// Dropped, it ends the thread.
    _until: oneshot::Sender<()>,
}

/// A connection that a lane has.
struct InLane(Arc<AtomicUsize>);

impl Lanes {
    /// None: connections are served where they are accepted.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// So many. `begin` is called on the thread of each, within its runtime, before it serves.
    pub fn start(count: usize, begin: fn()) -> io::Result<Self> {
        let lanes = (0..count).map(|number| Lane::start(number, begin));
        lanes.collect::<io::Result<Vec<Lane>>>().map(Self)
    }

    /// The one that has the fewest connections.
    pub(super) fn least(&self) -> Option<&Lane> {
        self.0.iter().min_by_key(|lane| lane.open.load(Ordering::Relaxed))
    }
}

impl Lane {
    fn start(number: usize, begin: fn()) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (until, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name(format!("lane {number}"));
        thread.spawn(move || runtime.block_on(live(begin, ended)))?;
        Ok(Self { handle, open: Arc::default(), _until: until })
    }

    /// Takes a connection over, and serves it here.
    pub(super) fn serve<F>(
        &self,
        tasks: &TaskTracker,
        stream: TcpStream,
        serve: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) -> io::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Whoever accepted it does not hear of its bytes any more.
        let stream = stream.into_std()?;
        self.open.fetch_add(1, Ordering::Relaxed);
        let place = InLane(self.open.clone());
        let served = async move {
            let _place = place;
            match TcpStream::from_std(stream) {
                Ok(stream) => serve(stream).await,
                Err(error) => tracing::warn!(%error, "a lane takes no connection"),
            }
        };
        tasks.spawn_on(served, &self.handle);
        Ok(())
    }
}

impl Drop for InLane {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn live(begin: fn(), mut ended: oneshot::Receiver<()>) {
    begin();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = &mut ended => return,
            _ = look.tick() => {}
        }
    }
}
