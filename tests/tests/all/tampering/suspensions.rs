//! Nobody who writes rows takes a suspension away, or brings one back that was released.

use super::brakes::execute;
use crate::ocsp::status_of;
use records::suspension::SuspendByLetter;
use sqlx::AnyPool;
use tests::Office;
use tests::processes::until;

/// Hands in rows say that nothing is suspended; then a release that nobody approved, and an old
/// suspension after its release.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_releases_and_no_old_record_suspends_again() {
    let mut office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let own = pki::Certificate::read(&collected.chain[0].0).unwrap();
    let serial = own.serial().to_string();
    let reference = official.letter.reference.clone();
    let value = official.keys.suspension_value(&reference).into();
    let status = ca_api::Status(office.client(&office.trust.status, None));
    status.suspend_by_letter(&SuspendByLetter { reference, value }).await.unwrap();
    office.listed(&serial).await;
    let database = office.database().await;
    let (order, _) = office.draft(&["release", &serial, "--evidence", "x"]);

    let execute = async |sql: &str| {
        sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(&database).await.unwrap();
    };
    execute("delete from revocation").await;
    execute("delete from crl").await;
    let digest: (Vec<u8>,) = sqlx::query_as("select order_digest from ordered where order_id = $1")
        .bind(&order)
        .fetch_one(&database)
        .await
        .unwrap();
    let forged = records::record::Event::Enacted {
        order: records::Bytes(digest.0),
        approvals: Vec::new(),
        files: Vec::new(),
    };
    super::forge(&database, forged).await;
    until("the forged release is told", async || {
        office.refusals().await.iter().any(|(code, _)| code == "unsigned-authority")
    })
    .await;
    assert!(status_of(&office, &own).contains("certificateHold"));
    office.stop("issuer");
    office.start("issuer", &[]).await;
    office.stop("status");
    office.start("status", &[]).await;
    assert!(status_of(&office, &own).contains("certificateHold"), "after a restart");
    office.listed(&serial).await;

    // Two officers release it; the record of the suspension once more takes nothing away.
    let (order, _) = office.draft(&["release", &serial, "--evidence", "x"]);
    office.approve_by_both(&order).await;
    until("it is good again", async || status_of(&office, &own).contains(": good")).await;
    let records = office.control().await;
    let old = records.into_iter().find(|one| one.event.kind() == "suspended").unwrap();
    super::forge(&database, old.event).await;
    let (order, _) = office.draft(&[
        "role",
        "grant",
        &office.first("auditor").person,
        "official",
        "--scope",
        "shangluo",
    ]);
    office.approve_by_security(&order).await;
    assert!(status_of(&office, &own).contains(": good"));
}

async fn is_on_its_way(database: &AnyPool) {
    until("it is on its way again", async || {
        let waits = sqlx::query_as("select count(*) from log_pending").fetch_one(database).await;
        let (waits,): (i64,) = waits.unwrap();
        waits > 0
    })
    .await;
}

/// A holder suspends their own on the page; the record is taken away before the log has it, and
/// once more before the issuer starts again: what the receipt says holds, and the log gets it.
#[tokio::test]
async fn a_portals_receipt_holds_whatever_becomes_of_its_record() {
    let mut office = Office::open().await;
    let (official, collected) = office.official("李丹", "sz-office").await;
    let own = pki::Certificate::read(&collected.chain[0].0).unwrap();
    let serial = own.serial().to_string();
    let holder = office.officer(official, &collected);
    let database = office.database().await;
    office.stop("log");
    let site = office.staff_site(Some(holder.identity()));
    let told = site.post("/certificate/suspend", "", &[("reason", "keyCompromise")]).await;
    assert!(told.status == 200 && told.text.contains("冻结回执"), "{}", told.text);
    execute(&database, "delete from log_pending").await;
    is_on_its_way(&database).await;
    office.kill("issuer");
    execute(&database, "delete from log_pending").await;
    office.spawn("issuer", &[]);
    is_on_its_way(&database).await;
    office.start("log", &[]).await;
    office.listed(&serial).await;
    until("it is suspended in the log", async || {
        let records = office.control().await;
        records.iter().any(|record| record.event.kind() == "suspended")
    })
    .await;
    assert!(status_of(&office, &own).contains("certificateHold"));
    tests::invariants::hold(&office).await;
}
