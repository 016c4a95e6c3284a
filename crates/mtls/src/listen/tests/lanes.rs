//! Which thread serves a connection.

use super::*;
use crate::listen::accept::serve_in;
use crate::listen::lanes::Lanes;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;

/// An endpoint that says which thread serves a connection, before and after a byte of its client.
struct Named;

fn thread() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

impl Endpoint for Named {
    type Peer = ();

    fn limits(&self) -> Limits {
        limits()
    }

    fn peer(&self, _: &Handshake) -> ((), PeerStanding) {
        ((), PeerStanding::Unproven)
    }

    fn reject(&self, _: SocketAddr, _: Option<&()>, _: ConnectionRefusal) {}

    fn full(&self, _: bool) {}

    fn nearly_full(&self, _: bool) {}

    async fn serve(self: Arc<Self>, mut accepted: Accepted<()>) {
        let first = thread();
        accepted.stream.write_all(first.as_bytes()).await.unwrap();
        let mut byte = [0];
        if accepted.stream.read_exact(&mut byte).await.is_ok() {
            // A task of its own is there as well.
            let then = tokio::spawn(async { thread() }).await.unwrap();
            let _ = accepted.stream.write_all(then.as_bytes()).await;
        }
    }
}

static BEGUN: AtomicUsize = AtomicUsize::new(0);

/// Each lane has as many as the other, what a connection does goes on where it began, and all lanes
/// end with their listener.
#[tokio::test]
async fn connections_are_spread_over_lanes_and_stay_where_they_are() {
    let count = || {
        BEGUN.fetch_add(1, Ordering::SeqCst);
    };
    let lanes = Arc::new(Lanes::start(2, count).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let until = stop.clone().cancelled_owned();
    let served = tokio::spawn(async move { serve_in(&lanes, listener, None, Named, until).await });
    let (mut open, mut of_lane) = (Vec::new(), BTreeMap::new());
    for _ in 0..4 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut name = [0; "lane 0".len()];
        stream.read_exact(&mut name).await.unwrap();
        *of_lane.entry(name).or_insert(0) += 1;
        open.push((name, stream));
    }
    assert_eq!(of_lane, BTreeMap::from([(*b"lane 0", 2), (*b"lane 1", 2)]));
    assert_eq!(BEGUN.load(Ordering::SeqCst), 2, "each began before it served");
    for (name, stream) in &mut open {
        stream.write_all(b"x").await.unwrap();
        let mut again = [0; "lane 0".len()];
        stream.read_exact(&mut again).await.unwrap();
        assert_eq!(again, *name);
    }
    drop(open);
    stop.cancel();
    served.await.unwrap().unwrap();
}
