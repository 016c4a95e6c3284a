//! Observe, enforce, suspend: what a gate makes of a denial of its rules, by order of two. What was
//! revoked passes in none of them.

use records::access::{Decision, ExceptionKind};
use records::record::Event;
use tests::gate::Gate;
use tests::processes::{Office, until};

const OWN: &str = "/documents/sz-office/2026-001";
const OTHERS: &str = "/documents/sz-finance/2026-001";

/// Orders a mode and waits until its gate answers for another unit's document as that asks for.
async fn ordered(
    office: &Office,
    (gate, person): (&Gate, &tests::Officer),
    words: &[&str],
    answers: u16,
) {
    let made = office.ca_json(words);
    office.approve_by_security(made["order"].as_str().unwrap()).await;
    until("the gate heard of the mode", async || {
        gate.get(office, person, OTHERS).await.0 == answers
    })
    .await;
}

async fn decisions(office: &Office) -> Vec<Decision> {
    let decision = |record: records::Record| match record.event {
        Event::Decision(decision) => Some(*decision),
        _ => None,
    };
    office.access().await.into_iter().filter_map(decision).collect()
}

#[tokio::test]
async fn a_gate_observes_enforces_and_is_suspended_by_order() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    let lost = office.gate_official("李丹", "sz-office").await;
    let both = (&gate, &person);
    assert_eq!(gate.get(&office, &person, OTHERS).await.0, 403, "enforced without any order");

    let day = records::time::seconds(service::Clock::system().seconds() + 10 * 86_400);
    let day = day.split('T').next().unwrap();
    ordered(&office, both, &["mode", "observe", "exchange", "--until", day], 200).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    // Whoever was revoked, or comes by another spelling, is refused as ever.
    let revoked = office.ca_json(&[
        "revoke",
        &lost.person,
        "--reason",
        "keyCompromise",
        "--evidence",
        "丢失",
    ]);
    office.approve_by_both(revoked["order"].as_str().unwrap()).await;
    until("a revoked certificate is refused while the gate observes", async || {
        gate.get(&office, &lost, OTHERS).await.0 == 401
    })
    .await;
    assert_eq!(gate.get(&office, &person, "/documents/../admin").await.0, 400);
    until("the log has what would be denied, and why", async || {
        let all = decisions(&office).await;
        all.iter().any(|one| {
            let passed = one.exception.as_ref();
            passed.is_some_and(|e| {
                (e.by, e.denied.as_str()) == (ExceptionKind::Observe, "not-permitted")
            }) && (one.outcome.as_str(), one.rule.as_str()) == ("permitted", "")
                && one.resource == "exchange/sz-finance/2026-001"
        })
    })
    .await;
    let status = office.admin("agent").get("/status").await.unwrap();
    let status: serde_json::Value = serde_json::from_slice(status.body()).unwrap();
    assert_eq!(status["mode"], "observe");
    assert!(status["excepted"].as_u64().unwrap() >= 1, "{status}");

    ordered(&office, both, &["mode", "enforce", "exchange"], 403).await;
    let (status, page) = gate.get(&office, &person, OTHERS).await;
    assert_eq!((status, code(&page).as_str()), (403, "not-permitted"));
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);

    let made = office.ca_json(&["mode", "suspend", "exchange"]);
    office.approve_by_security(made["order"].as_str().unwrap()).await;
    until("nobody passes", async || gate.get(&office, &person, OWN).await.0 == 403).await;
    let (_, page) = gate.get(&office, &person, OWN).await;
    assert_eq!(code(&page), "application-suspended");
    ordered_again(&office, &gate, &person).await;
}

/// What lifts a suspension is an order like any other.
async fn ordered_again(office: &Office, gate: &Gate, person: &tests::Officer) {
    let made = office.ca_json(&["mode", "enforce", "exchange"]);
    office.approve_by_security(made["order"].as_str().unwrap()).await;
    until("people pass again", async || gate.get(office, person, OWN).await.0 == 200).await;
}

fn code(page: &str) -> String {
    let page: serde_json::Value = serde_json::from_str(page).unwrap();
    page["code"].as_str().unwrap().to_owned()
}
