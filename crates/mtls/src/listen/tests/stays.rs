//! Whose connection may wait for another request.

use super::super::site::ProvenAsker;
use super::*;
use axum::Extension;

/// Reads an answer whose body this is.
async fn answered(stream: &mut TcpStream) {
    let mut answer = Vec::new();
    while !answer.ends_with(b"here") {
        answer.push(stream.read_u8().await.expect("it is not closed"));
    }
}

/// Where no handshake proves anything, who proves it by what they ask keeps the connection between
/// two questions. All others have the time of a head, and so have those who ask nothing.
#[tokio::test]
async fn who_proves_it_by_asking_may_stay() {
    let router = Router::new()
        .route("/", get(|| async { "here" }))
        .route("/proven", get(|| async { (Extension(ProvenAsker), "here") }));
    let short = Limits { header: SHORT, ..limits() };
    let fixture =
        start(None, |full| Site { router, proof: Proof::Asked, ..site(short, full) }).await;
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: h\r\n\r\n");
    let mut proven = fixture.send(&ask("/proven")).await;
    answered(&mut proven).await;
    let mut stranger = fixture.send(&ask("/")).await;
    assert!(closed_in(&mut stranger, SHORT).await.ends_with("here"));
    closed_in(&mut fixture.send("").await, SHORT).await;
    // Its time would be over for long.
    proven.write_all(ask("/proven").as_bytes()).await.unwrap();
    answered(&mut proven).await;
}
