//! Services renew their keys by themselves, also where that is killed on its way.

use super::{asked, post, request, url, written};
use std::process::Command;
use tests::Office;
use tests::processes::until;

/// 50 days, in seconds: half of the OCSP key's life is over.
const HALF: &str = "4320000";

/// A renewal that is killed on its way goes on with the same use: no key that may ask next is lost.
#[tokio::test]
async fn a_killed_renewal_goes_on() {
    let mut office = Office::open().await;
    let serial = |office: &Office| {
        let text = std::fs::read_to_string(office.path("ca/log/tls.pem")).unwrap();
        let leaf = &pki::pem::read(text.as_bytes(), pki::pem::Kind::Certificate).unwrap()[0];
        pki::Certificate::read(leaf).unwrap().serial().to_string()
    };
    let first = serial(&office);
    let killed = office.ca_with(&["renew", "log"], &[("YINXIN_CRASH_AT", "renew-after-use")]);
    assert!(!killed.status.success() && serial(&office) == first);
    let half = [("YINXIN_CRASH_AT", "renew-half-exchanged")];
    let killed = office.ca_with(&["renew", "log"], &half);
    assert!(!killed.status.success() && serial(&office) == first);
    office.stop("log");
    office.start("log", &[]).await;
    let second = serial(&office);
    assert_ne!(second, first, "the start finishes the exchange");
    let used = office.control().await.into_iter().filter(|record| {
        let records::record::Event::Used { authorization, .. } = &record.event else {
            return false;
        };
        authorization == "renew-log-log"
    });
    assert_eq!(used.count(), 1, "one use, however often it was asked for");
    office.ca_json(&["renew", "log"]);
    assert_ne!(serial(&office), second);

    office.stop("status");
    let killing = [("YINXIN_CLOCK_OFFSET", HALF), half[0]];
    let _ = office.ca_with(&["doctor", "--confirm-clock"], &killing[..1]);
    office.spawn("status", &killing);
    office.ended("status").await;
    let _ = office.ca(&["doctor", "--confirm-clock"]);
    let other = written(&office, "other.pem", office.first("officer-1").leaf());
    office.start("status", &[]).await;
    assert!(asked(&office, &["-cert", &other]).contains(": good"));
    // Without any key of its own it still takes losses, and asks who wants an answer to come again.
    office.stop("status");
    std::fs::write(office.path("ca/status/ocsp.pem"), "").unwrap();
    office.spawn("status", &[]);
    let admin = office.admin("status");
    until("it runs", async || admin.get("/healthz").await.is_ok()).await;
    let good = request(&office, &["-no_nonce", "-cert", &other]);
    let try_later = [0x30, 3, 0x0a, 1, 3];
    let listens = url(&office).replace("http://", "").replace("/ocsp", "");
    let listens = listens.rsplit_once(':').unwrap().1.parse().unwrap();
    let connects = async || tokio::net::TcpStream::connect(("127.0.0.1", listens)).await.is_ok();
    until("it listens", connects).await;
    until("it answers", async || {
        post(&office, "application/ocsp-request", good.clone()).await.2 == try_later
    })
    .await;
    until("it says so", async || !admin.get("/readyz").await.unwrap().status().is_success()).await;
}

/// Half-way through its life the responder renews its key by itself, and goes on answering.
#[tokio::test]
async fn the_key_of_answers_renews_itself() {
    let mut office = Office::open().await;
    let kept =
        |office: &Office| std::fs::read_to_string(office.path("ca/status/ocsp.pem")).unwrap();
    let first = kept(&office);
    office.stop("status");
    let half = [("YINXIN_CLOCK_OFFSET", HALF)];
    let _ = office.ca_with(&["doctor", "--confirm-clock"], &half);
    office.start("status", &half).await;
    until("the key is renewed", async || kept(&office) != first).await;
    office.stop("status");
    let _ = office.ca(&["doctor", "--confirm-clock"]);
    office.start("status", &[]).await;
    let other = written(&office, "other.pem", office.first("officer-1").leaf());
    assert!(asked(&office, &["-cert", &other]).contains(": good"));
    let path = office.path("answer.der").display().to_string();
    asked(&office, &["-cert", &other, "-respout", &path]);
    let words = ["ocsp", "-respin", &path, "-resp_text", "-noverify"];
    let shown = Command::new("openssl").args(words).output().unwrap().stdout;
    let shown = String::from_utf8_lossy(&shown).to_lowercase();
    let renewed =
        &pki::pem::read(kept(&office).as_bytes(), pki::pem::Kind::Certificate).unwrap()[0];
    let serial = pki::Certificate::read(renewed).unwrap().serial().to_string();
    let shown: String = shown.chars().filter(|c| *c != ':').collect();
    assert!(shown.contains(&serial), "{shown}");
    tests::invariants::hold(&office).await;
}
