//! A CA that is put back from before with all that it has: nothing there knows better, and whoever
//! went on meanwhile says so.

use std::path::Path;
use std::process::Command;
use tests::Office;
use tests::gate::AGENT;
use tests::processes::until;

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(done.success());
}

/// Database and every directory of the CA are put back together, what is published too: a gate has
/// newer people, and `status` names it.
#[tokio::test]
async fn a_ca_that_was_put_back_hears_it_from_its_gates() {
    let mut office = Office::open().await;
    let _gate = office.gate().await;
    let [ca, kept, database] = ["ca", "kept", "copy.db"].map(|name| office.path(name));
    for role in ["issuer", "status", "log"] {
        office.stop(role);
    }
    office.copy_database(&database).await;
    copy(&ca, &kept);
    for role in ["log", "status", "issuer"] {
        office.start(role, &[]).await;
    }
    let admin = office.admin("status");
    let told = async || {
        let answer = admin.get("/readyz").await.ok()?;
        let told = String::from_utf8_lossy(answer.body()).into_owned();
        Some(told.contains("gates-ahead") && told.contains(AGENT))
    };
    for name in ["王小明", "李丹", "赵新"] {
        office.gate_official(name, "sz-office").await;
    }
    assert_eq!(told().await, Some(false), "it has what there is");
    for name in ["portal-staff", "portal-public", "issuer", "status", "log"] {
        office.stop(name);
    }
    std::fs::remove_dir_all(&ca).unwrap();
    copy(&kept, &ca);
    office.put_back(&database);
    office.spawn("status", &[]);
    until("status says which gate has more", async || told().await == Some(true)).await;
}
