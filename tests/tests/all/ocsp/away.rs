//! Online status while the database is away.

use super::{is_answered, status_of};
use tests::away::DatabaseAway;
use tests::processes::until;
use tests::{Office, invariants};

/// Without the database the status role tells what was revoked or suspended before it went, and
/// what was lost since, from the receipt on; of what nobody revoked it says nothing, neither good
/// nor revoked, until the database is there.
#[tokio::test]
async fn what_is_lost_is_revoked_with_the_database_away() {
    let mut office = Office::open().await;
    let mut people = Vec::new();
    for name in ["张三", "李丹", "王小明"] {
        let (official, collected) = office.official(name, "sz-office").await;
        people.push((official, pki::Certificate::read(&collected.chain[0].0).unwrap()));
    }
    let [(lost_before, before), (_, good), (official, own)] = &people[..] else { panic!() };
    office.listed(&office.report_lost(lost_before).await[0]).await;
    until("both are good", async || {
        [good, own].iter().all(|one| status_of(&office, one).contains(": good"))
    })
    .await;

    let away = DatabaseAway::of_status(&mut office).await;

    until("it tells what was revoked", async || is_answered(&office, before)).await;
    assert!(status_of(&office, before).contains(": revoked"));
    assert!(!is_answered(&office, own), "nobody revoked it yet");
    let serial = own.serial().to_string();
    assert_eq!(office.report_lost(official).await, std::slice::from_ref(&serial));
    let said = status_of(&office, own);
    assert!(said.contains(": revoked") && said.contains("keyCompromise"), "{said}");
    assert!(!is_answered(&office, good), "good is said of nothing");

    away.ends(&mut office).await;
    office.listed(&serial).await;
    assert!(status_of(&office, own).contains(": revoked"));
    until("the other is good", async || status_of(&office, good).contains(": good")).await;
    invariants::hold(&office).await;
}
