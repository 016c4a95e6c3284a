//! Observation, emergencies and suspension where no request of HTTP is made: through a tunnel, and
//! for what an application asks.

use crate::calls::{ask, der};
use crate::tunnels::{FELT, PROTOCOL, Tunnelled, comes_back, echo, socket};
use records::access::ExceptionKind;
use records::record::Event;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::Officer;
use tests::processes::{Office, until};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A document of the office, which nobody of another unit may read.
const DOCUMENT: &str = "/documents/sz-office/2026-001";

/// Two people, of whom the rules let one through, and an application that asks about both.
struct Stage {
    city: Tunnelled,
    person: Officer,
    other: Officer,
    calls: String,
}

impl Stage {
    /// Has something ordered by two.
    async fn order(&self, words: &[&str]) {
        let made = self.city.office.ca_json(words);
        self.city.office.approve_by_security(made["order"].as_str().unwrap()).await;
    }

    /// A tunnel that carries.
    async fn open(&self, who: &Officer) -> TlsStream<TcpStream> {
        let (gate, identity) = (&self.city.gate, Some(who.identity()));
        let mut tunnel = gate.connect(&self.city.office, identity, "localhost", PROTOCOL).await;
        assert!(comes_back(&mut tunnel, b"hello").await);
        tunnel
    }

    /// What the application is told: whether somebody's certificate counts, and whether they may
    /// read the document.
    async fn told(&self, who: &Officer) -> [String; 2] {
        let certificate = json!({ "ask": "certificate", "certificate": der(who) });
        let permission = json!({
            "ask": "permission", "person": who.person, "method": "GET", "target": DOCUMENT,
        });
        let code = |answer: Value| answer["code"].as_str().unwrap().to_owned();
        [code(ask(&self.calls, &certificate).await), code(ask(&self.calls, &permission).await)]
    }

    /// How many passed that rules deny, as the gate counts them.
    async fn excepted(&self) -> u64 {
        let status = self.city.office.admin("agent").get("/status").await.unwrap();
        let status: Value = serde_json::from_slice(status.body()).unwrap();
        status["excepted"].as_u64().unwrap_or(0)
    }

    /// By what tunnels passed that rules deny, as the log has it.
    async fn exceptions(&self) -> BTreeSet<(&'static str, String)> {
        let records = self.city.office.access().await;
        let passed = records.into_iter().filter_map(|record| match record.event {
            Event::Decision(one) if one.method == "CONNECT" => {
                let one = *one;
                let exception = one.exception?;
                assert_eq!(one.outcome, "permitted");
                assert_eq!(one.person, self.other.person);
                Some((exception.by.name(), exception.denied))
            }
            _ => None,
        });
        passed.collect()
    }
}

/// Whatever stood open ends.
async fn is_cut(mut tunnel: TlsStream<TcpStream>) {
    let ended = tokio::time::timeout(FELT * 4, tunnel.read(&mut [0])).await;
    assert!(!matches!(ended.expect("it is cut"), Ok(1..)));
}

/// What rules deny of a tunnel passes while the gate observes and in an emergency, is recorded and
/// counted so, and is cut with the order; no order lets a question pass. A suspended application
/// has neither tunnels nor a yes.
#[tokio::test]
async fn a_mode_and_an_emergency_hold_for_tunnels_and_questions() {
    let (folder, path) = socket();
    let _count = echo(&path);
    let calls = folder.path().join("call").display().to_string();
    let above = format!("calls = \"unix:{calls}\"\n");
    let city = Tunnelled::with(Office::open().await, &path, (above.as_str(), "")).await;
    let person = city.office.gate_official("王小明", "sz-office").await;
    let other = city.office.gate_official("张财务", "sz-finance").await;
    city.until_open(&person).await;
    assert!(!city.says(&other, b"hello").await, "no rule lets them through");
    let stage = Stage { city, person, other, calls };
    let denied = ["yes", "not-permitted"];
    assert_eq!(stage.told(&stage.other).await, denied);
    assert_eq!(stage.told(&stage.person).await, ["yes"; 2]);
    assert_eq!(stage.excepted().await, 0);

    let day = records::time::seconds(service::Clock::system().seconds() + 10 * 86_400);
    let day = day.split('T').next().unwrap();
    stage.order(&["mode", "observe", "exchange", "--until", day]).await;
    until("the gate observes", async || stage.city.says(&stage.other, b"hello").await).await;
    let observed = stage.open(&stage.other).await;
    assert!(stage.excepted().await >= 2, "it is not counted");
    assert_eq!(stage.told(&stage.other).await, denied, "a question is observed by nobody");
    stage.order(&["mode", "enforce", "exchange"]).await;
    is_cut(observed).await;
    assert!(!stage.city.says(&stage.other, b"hello").await, "the gate still observes");

    in_an_emergency(&stage).await;
    let all = [ExceptionKind::Observe, ExceptionKind::Emergency];
    let all: BTreeSet<_> = all.map(|by| (by.name(), "not-permitted".to_owned())).into();
    until("the log has by what they passed", async || stage.exceptions().await == all).await;
}

/// For whom it was opened passes until the application is suspended, and with it everybody.
async fn in_an_emergency(stage: &Stage) {
    let before = stage.excepted().await;
    let people = ["emergency", "open", "exchange", "--person", stage.other.person.as_str()];
    let window = ["--minutes", "60", "--evidence", "汛情值守"];
    stage.order(&[&people[..], &window[..]].concat()).await;
    until("the emergency is open", async || stage.city.says(&stage.other, b"hello").await).await;
    let (helped, own) = (stage.open(&stage.other).await, stage.open(&stage.person).await);
    assert!(stage.excepted().await >= before + 2, "it is not counted");
    assert_eq!(stage.told(&stage.other).await, ["yes", "not-permitted"]);

    stage.order(&["mode", "suspend", "exchange"]).await;
    is_cut(helped).await;
    is_cut(own).await;
    for who in [&stage.other, &stage.person] {
        assert!(!stage.city.says(who, b"hello").await, "a suspended application lets them through");
        assert_eq!(stage.told(who).await, ["application-suspended"; 2]);
    }
}
