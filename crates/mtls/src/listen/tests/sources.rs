//! Where a connection comes from.

use super::*;

/// An endpoint that says from where it was reached.
struct Mirror;

impl Endpoint for Mirror {
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
        let source = accepted.source.ip().to_string();
        accepted.stream.write_all(source.as_bytes()).await.unwrap();
    }
}

/// Who reaches a listener on every address by IPv4 is named by that address, for limits, records
/// and applications alike.
#[tokio::test]
async fn an_address_of_ipv4_has_one_spelling() {
    for (listen, reach) in [("[::]:0", "127.0.0.1"), ("[::]:0", "::1"), ("0.0.0.0:0", "127.0.0.1")]
    {
        let listener = TcpListener::bind(listen).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, None, Mirror, stop.clone().cancelled_owned()));
        let mut stream = TcpStream::connect((reach, port)).await.unwrap();
        assert_eq!(read(&mut stream).await, reach, "{listen}");
        stop.cancel();
    }
}
