//! A gate follows what is signed, whoever writes rows: no number in one stops it, and a receipt
//! reaches it while no list can be made of it.

use super::brakes::{execute, swallow, swallow_no_more};
use tests::Office;
use tests::gate::AGENT;
use tests::processes::until;

const OWN: &str = "/documents/sz-office/2026-001";

/// Rows of snapshots under the next number and under one far ahead: the next snapshot comes all the
/// same. While the record of a loss is swallowed, the gate turns its holder away, also after a
/// restart of its own; and so it does while a head that a hand moved lets nobody follow the log.
#[tokio::test]
async fn no_row_keeps_a_gate_behind() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let database = office.database().await;
    for (number, content) in [
        ("number + 1", "signature"),
        ("1000000000000", "snapshot"),
        ("9007199254740992", "snapshot"),
    ] {
        let hand = format!(
            "insert into people_snapshot select agent_id, {number}, {content}, signature \
             from people_snapshot where number = (select min(number) from people_snapshot)"
        );
        // What the issuer made meanwhile may stand there.
        execute(&database, &format!("{hand} on conflict do nothing")).await;
    }
    let (official, collected) = office.official("王小明", "sz-office").await;
    let (other, theirs) = office.official("李丹", "sz-office").await;
    let (loss, other_loss) = (office.loss_of(&official), office.loss_of(&other));
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    let person = office.officer(official, &collected);
    let other = office.officer(other, &theirs);
    gate.until_status(&office, &person, OWN, 200).await;

    // Nobody makes a list that could hold it: the gate hears of it beside the last one.
    office.stop("issuer");
    swallow(&database).await;
    office.report(&loss).await;
    gate.until_status(&office, &person, OWN, 401).await;
    gate.until_status(&office, &other, OWN, 200).await;
    office.spawn("issuer", &[]);
    // The issuer hears of it past the database, and its list holds it.
    office.listed(&serial).await;
    office.stop("agent");
    office.stop("status");
    office.spawn("agent", &[]);
    let root = office.trust.root_sha256.digest().unwrap();
    until("the gate is there", async || gate.try_h1(&other, root).await.is_some()).await;
    assert_eq!(gate.get(&office, &other, OWN).await.0, 200);
    assert_eq!(gate.get(&office, &person, OWN).await.0, 401, "it is kept");
    office.spawn("status", &[]);
    swallow_no_more(&database).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 401);
    assert_eq!(gate.get(&office, &other, OWN).await.0, 200);

    let moved = "update log_head set size = size - 1 where log_id = 'control'";
    execute(&database, moved).await;
    let admin = office.admin("status");
    until("status follows nothing", async || {
        let Ok(answer) = admin.get("/readyz").await else { return false };
        String::from_utf8_lossy(answer.body()).contains("follow")
    })
    .await;
    office.report(&other_loss).await;
    gate.until_status(&office, &other, OWN, 401).await;
    execute(&database, "update log_head set size = size + 1 where log_id = 'control'").await;
}

/// The table of snapshots is gone, and a gate is closed: no list says so, and the gate hears of it
/// past the rows, now as after a restart of whoever tells it; its row comes once there is a table.
#[tokio::test]
async fn no_row_keeps_from_a_gate_what_was_taken_away() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    gate.until_status(&office, &person, OWN, 200).await;
    let database = office.database().await;
    let (count,): (i64,) =
        sqlx::query_as("select count(*) from people_snapshot").fetch_one(&database).await.unwrap();
    execute(&database, "alter table people_snapshot rename to gone").await;
    let closed = office.ca_json(&["agent", "close", AGENT]);
    office.approve_by_security(closed["order"].as_str().unwrap()).await;
    gate.until_status(&office, &person, OWN, 403).await;
    office.stop("status");
    std::fs::remove_file(office.path("gate/world/people.json")).unwrap();
    office.stop("agent");
    office.spawn("status", &[]);
    office.spawn("agent", &[]);
    let kept = office.path("gate/world/people.json");
    until("it is told again", async || kept.exists()).await;
    gate.until_status(&office, &person, OWN, 403).await;
    execute(&database, "alter table gone rename to people_snapshot").await;
    until("the row comes", async || {
        let sql = "select count(*) from people_snapshot";
        let (now,): (i64,) = sqlx::query_as(sql).fetch_one(&database).await.unwrap();
        now > count
    })
    .await;
}
