//! Requests of which the rest does not come, and what is left for others behind the same address.

use super::*;

/// The first half of a request whose body has four bytes.
fn half(path: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 4\r\n\r\nst")
}

async fn with_notes(limits: Limits) -> Fixture {
    start(None, |full| {
        let site = site(limits, full);
        let router = site.router.clone().route("/note", post(|body: String| async move { body }));
        Site { router, ..site }
    })
    .await
}

/// Halves of requests take no place of whole ones. When the rest comes they are answered; and where
/// all places are taken by then, they are asked to come again, as a whole one is.
#[tokio::test]
async fn halves_keep_no_other_request_out() {
    let few = Limits { unproven: 64, per_source: 32, requests_of_source: 2, ..limits() };
    let fixture = with_notes(few).await;
    let mut halves = Vec::new();
    for _ in 0..8 {
        halves.push(fixture.send(&half("/note")).await);
    }
    for _ in 0..8 {
        assert!(fixture.ask(GET).await.ends_with("here"));
    }
    for mut half in halves.split_off(1) {
        half.write_all(b"op").await.unwrap();
        let answer = read(&mut half).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("stop"), "{answer}");
    }
    let _held = [fixture.send(WAIT).await, fixture.send(WAIT).await];
    let deadline = Instant::now() + Duration::from_secs(10);
    while fixture.ask(GET).await.ends_with("here") {
        assert!(Instant::now() < deadline, "what is whole has so many places");
    }
    let mut last = halves.pop().unwrap();
    last.write_all(b"op").await.unwrap();
    let answer = read(&mut last).await.to_lowercase();
    assert!(answer.starts_with("http/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: 1"), "{answer}");
}

/// Halves that hold nearly all bytes that one address may have give way to a report, which is
/// smaller; to what is as large they do not.
#[tokio::test]
async fn large_halves_of_brakes_keep_no_small_one_out() {
    let few = Limits { unproven: 64, per_source: 32, body_bytes: 32 * 4_000, ..limits() };
    let fixture = with_notes(few).await;
    let sent = |path: &str, all: usize, bytes: usize| {
        let fields = format!("host: h\r\nconnection: close\r\ncontent-length: {all}");
        format!("POST {path} HTTP/1.1\r\n{fields}\r\n\r\n{}", "a".repeat(bytes))
    };
    let large = sent("/brake", 9_000, 1_900);
    let mut halves = [fixture.send(&large).await, fixture.send(&large).await];
    let deadline = Instant::now() + Duration::from_secs(10);
    while fixture.ask(&sent("/brake", 1_900, 1_900)).await.starts_with("HTTP/1.1 200") {
        assert!(Instant::now() < deadline, "two of them are nearly all that there is");
    }
    let answer = fixture.ask(&sent("/brake", 400, 400)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let [first, second] = &mut halves;
    let answer = tokio::select! {
        answer = read(first) => answer,
        answer = read(second) => answer,
    };
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
}
