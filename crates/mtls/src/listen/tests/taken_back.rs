//! Who asks over HTTP/2 and takes it back, again and again.

use super::*;
use crate::listen::taken_back::AT_ONCE;
use std::sync::atomic::AtomicU64;

/// A request that is looked at and reset makes room for the next one: the connection ends once
/// there were too many of them, and so does each other one of the same source by one more. Who
/// takes nothing back is answered there too, and so is everybody else.
#[tokio::test]
async fn who_takes_back_what_they_ask_is_cut_and_nobody_else() {
    let seen = Arc::new(AtomicU64::new(0));
    let looked = seen.clone();
    let fixture = start(None, |full| {
        let site = site(limits(), full);
        let look = move || {
            looked.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<&str>()
        };
        Http2(Site { router: site.router.clone().route("/look", get(look)), ..site })
    })
    .await;
    let first = takes_back(&fixture, &seen, AT_ONCE * 4).await;
    assert!(first >= AT_ONCE, "a connection is cut too early, after {first}");
    assert!(first < AT_ONCE * 2, "a connection goes on, after {first}");
    let second = takes_back(&fixture, &seen, AT_ONCE).await;
    assert!(second < AT_ONCE, "another connection has as many, {second}");

    for address in ["127.0.0.1:0", "127.0.0.2:0"] {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(address.parse().unwrap()).unwrap();
        let stream = TokioIo::new(socket.connect(fixture.address).await.unwrap());
        let (mut sender, open) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(open);
        let request = Request::get("http://h/").body(Body::empty()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{address}");
    }
}

/// Asks and takes back over one connection until that is cut, so many times at most; says how
/// often.
async fn takes_back(fixture: &Fixture, seen: &AtomicU64, most: u64) -> u64 {
    let stream = TokioIo::new(TcpStream::connect(fixture.address).await.unwrap());
    let (mut sender, open) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let open = tokio::spawn(open);
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut count = 0;
    while count < most && sender.ready().await.is_ok() {
        let before = seen.load(Ordering::SeqCst);
        let request = Request::get("http://h/look").body(Body::empty()).unwrap();
        let asking = tokio::spawn(sender.send_request(request));
        while seen.load(Ordering::SeqCst) == before && !open.is_finished() {
            assert!(Instant::now() < deadline, "it is neither looked at nor cut");
            tokio::task::yield_now().await;
        }
        asking.abort();
        count += 1;
    }
    count
}
