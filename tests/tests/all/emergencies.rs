//! Break-glass: two open an emergency for one person, what rules deny them passes and is recorded
//! so, everybody else is refused as before, and a lost certificate opens nothing.

use records::access::{Decision, ExceptionKind};
use records::record::Event;
use tests::processes::{Office, until};

const OTHERS: &str = "/documents/sz-finance/2026-001";

#[tokio::test]
async fn an_emergency_lets_its_person_past_the_rules_until_somebody_looks() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    let other = office.gate_official("李丹", "sz-office").await;
    assert_eq!(gate.get(&office, &person, OTHERS).await.0, 403);
    let open: [&str; 9] = [
        "emergency",
        "open",
        "exchange",
        "--person",
        &person.person,
        "--minutes",
        "60",
        "--evidence",
        "汛情值守",
    ];
    let made = office.ca_json(&open);
    office.approve_by_security(made["order"].as_str().unwrap()).await;
    until("the gate heard of the emergency", async || {
        gate.get(&office, &person, OTHERS).await.0 == 200
    })
    .await;
    assert_eq!(gate.get(&office, &other, OTHERS).await.0, 403, "nobody else");
    assert_eq!(gate.get(&office, &person, "/admin").await.0, 403, "no route is none");
    let refused = office.ca_refused(&open);
    assert!(refused.contains("emergency-open"), "{refused}");
    let mut order = String::new();
    until("the log has what passed, and by which order", async || {
        let decided = |record: records::Record| match record.event {
            Event::Decision(decision) => Some(*decision),
            _ => None,
        };
        let all: Vec<Decision> = office.access().await.into_iter().filter_map(decided).collect();
        let passed = all.into_iter().filter_map(|one| one.exception.zip(Some(one.person)));
        let passed: Vec<_> = passed.collect();
        order = passed.first().map_or_else(String::new, |(one, _)| one.order.to_string());
        let is_own = |(one, who): &(records::access::Exception, String)| {
            one.by == ExceptionKind::Emergency && *who == person.person
        };
        !passed.is_empty() && passed.iter().all(is_own)
    })
    .await;
    // Whoever loses their certificate meanwhile is refused, emergency or not.
    let revoked = office.ca_json(&[
        "revoke",
        &person.person,
        "--reason",
        "keyCompromise",
        "--evidence",
        "丢失",
    ]);
    office.approve_by_both(revoked["order"].as_str().unwrap()).await;
    until("a revoked certificate opens nothing", async || {
        gate.get(&office, &person, OTHERS).await.0 == 401
    })
    .await;
    let case = office.ca_json(&["emergency", "review", &order, "--evidence", "已逐项核查"]);
    assert!(!case["order"].as_str().unwrap().is_empty());
}
