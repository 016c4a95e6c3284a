//! Floors: whoever signs a history remembers in a directory of its own how far it went.

use crate::ocsp;
use keys::SoftwareSigner;
use pki::Certificate;
use pki::crl::RevocationList;
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::Office;
use tests::people::{Officer, Official};
use tests::processes::until;

/// A database that went back below what the log signed is signed no second history, and the log
/// says so.
#[tokio::test]
async fn a_database_that_went_back_is_signed_no_second_history() {
    let mut office = Office::open().await;
    let copy = office.path("copy.db");
    office.copy_database(&copy).await;
    office.register("王小明", "sz-office").await;
    let database = office.database().await;
    until("everything is in the tree", async || {
        let waiting: (i64,) =
            sqlx::query_as("select count(*) from log_pending").fetch_one(&database).await.unwrap();
        waiting.0 == 0
    })
    .await;
    for name in ["portal-staff", "portal-public", "issuer", "status", "log"] {
        office.stop(name);
    }
    database.close().await;
    let published = std::fs::read(office.path("ca/public/log/control/checkpoint")).unwrap();
    office.put_back(&copy);
    let database = office.database().await;
    let head = async || -> (i64, String) {
        let head = "select size, checkpoint from log_head where log_id = 'control'";
        sqlx::query_as(head).fetch_one(&database).await.unwrap()
    };
    let before = head().await;
    sqlx::query(
        "insert into log_pending (position, log_id, record_id, record, salt, entry) \
         select (select coalesce(max(position), 0) + 1 from log_pending), 'control', $1, \
         record, salt, entry from log_entry \
         where log_id = 'control' and idx = 1",
    )
    .bind(vec![7u8; 16])
    .execute(&database)
    .await
    .unwrap();
    office.spawn("log", &[]);
    let admin = office.admin("log");
    until("the log says what is wrong", async || {
        admin.get("/readyz").await.is_ok_and(|answer| {
            String::from_utf8_lossy(answer.body()).contains("no second history is signed")
        })
    })
    .await;
    assert_eq!(head().await, before, "a second history was signed");
    let now = std::fs::read(office.path("ca/public/log/control/checkpoint")).unwrap();
    assert_eq!(now, published, "a second history was published");
}

/// The files of a folder, to be put back.
fn files_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Database and the directories of `log` and `status` are put back together: neither has anything
/// newer of its own, and both see by the published checkpoint that the log went back.
#[tokio::test]
async fn what_was_put_back_together_is_below_what_is_published() {
    let mut office = Office::open().await;
    let copy = office.path("copy.db");
    for role in ["log", "status"] {
        office.stop(role);
    }
    office.copy_database(&copy).await;
    let folders = ["ca/log/kept", "ca/status/kept"].map(|name| files_of(&office.path(name)));
    for role in ["log", "status"] {
        office.start(role, &[]).await;
    }
    office.register("王小明", "sz-office").await;
    let database = office.database().await;
    let published = office.path("ca/public/log/control/checkpoint");
    let head = "select checkpoint from log_head where log_id = 'control'";
    until("all of it is published", async || {
        let (newest,): (String,) = sqlx::query_as(head).fetch_one(&database).await.unwrap();
        std::fs::read_to_string(&published).is_ok_and(|shown| shown == newest)
    })
    .await;
    for name in ["portal-staff", "portal-public", "issuer", "status", "log"] {
        office.stop(name);
    }
    database.close().await;
    office.put_back(&copy);
    for (path, bytes) in folders.iter().flatten() {
        std::fs::write(path, bytes).unwrap();
    }
    let before = std::fs::read(&published).unwrap();
    for (role, told) in [("log", "no second history is signed"), ("status", "the log went back")] {
        office.spawn(role, &[]);
        let admin = office.admin(role);
        until(&format!("{role} says what is wrong"), async || {
            admin
                .get("/readyz")
                .await
                .is_ok_and(|answer| String::from_utf8_lossy(answer.body()).contains(told))
        })
        .await;
    }
    assert_eq!(std::fs::read(&published).unwrap(), before, "a second history was published");
}

/// The role that tells people keeps a floor of its own: on a database of before it follows nothing,
/// tells nobody, and says so; on the one that it followed it goes on.
#[tokio::test]
async fn notices_follow_no_log_below_their_floor() {
    let mut office = Office::open().await;
    office.start("notices", &[]).await;
    let [before, after] = ["before.db", "after.db"].map(|name| office.path(name));
    office.copy_database(&before).await;
    let spool = office.path("ca/notices/spool");
    let told = || std::fs::read_dir(&spool).map_or(0, Iterator::count);
    let first = told();
    office.official("王小明", "sz-office").await;
    until("somebody was told", async || told() > first).await;
    for name in ["portal-staff", "portal-public", "issuer", "status", "log", "notices"] {
        office.stop(name);
    }
    office.copy_database(&after).await;
    let known = told();
    office.put_back(&before);
    office.spawn("notices", &[]);
    let admin = office.admin("notices");
    until("it says what is wrong", async || {
        admin.get("/readyz").await.is_ok_and(|answer| {
            let said = String::from_utf8_lossy(answer.body()).into_owned();
            answer.status() == 503 && said.contains("the log went back")
        })
    })
    .await;
    assert_eq!(told(), known, "nobody was told");
    office.stop("notices");
    office.put_back(&after);
    office.start("notices", &[]).await;
    until("it goes on", async || admin.get("/readyz").await.unwrap().status() == 200).await;
}

const OWN: &str = "/documents/sz-office/2026-001";

/// Somebody with a letter, and as a gate sees them.
async fn shown(office: &Office, name: &str) -> (Official, Officer) {
    let (official, collected) = office.official(name, "sz-office").await;
    let read = |der: &records::Bytes| Certificate::read(&der.0).unwrap();
    let chain: Vec<Certificate> = collected.chain.iter().map(read).collect();
    let signer = SoftwareSigner::from_pkcs8(official.signer.pkcs8()).unwrap();
    let person = official.letter.person.clone();
    (official, Officer { person, chain, signer })
}

/// A gate that was off while somebody's certificate was lost, or whose folder was put back: it lets
/// nobody in by what it kept before it asked `status`.
#[tokio::test]
async fn a_gate_that_comes_back_asks_before_it_lets_anybody_in() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let (official, lost) = shown(&office, "王小明").await;
    until("the gate serves them", async || gate.get(&office, &lost, OWN).await.0 == 200).await;
    office.stop("agent");
    let serials = office.report_lost(&official).await;
    office.listed(&serials[0]).await;
    office.signal("status", Signal::STOP);
    office.spawn("agent", &[]);
    let admin = office.admin("agent");
    until("the gate began", async || admin.get("/healthz").await.is_ok()).await;
    let moment = Duration::from_millis(500);
    let answer = tokio::time::timeout(moment, gate.get(&office, &lost, OWN)).await;
    office.signal("status", Signal::CONT);
    assert!(answer.is_err(), "it waits for status");
    assert_ne!(gate.get(&office, &lost, OWN).await.0, 200);
}

/// A list that was dated under a wrong clock is taken by no gate: what was lost stays lost beside
/// the old one, and the lists that follow are dated by the clock as it is.
#[tokio::test]
async fn a_list_of_a_wrong_moment_lets_nobody_in() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let (first, lost) = shown(&office, "王小明").await;
    let (second, later) = shown(&office, "李丹").await;
    for person in [&lost, &later] {
        until("the gate serves them", async || gate.get(&office, person, OWN).await.0 == 200).await;
    }
    office.stop("issuer");
    office.start("issuer", &[("YINXIN_CLOCK_OFFSET", "172800")]).await;
    let mut serials = office.report_lost(&first).await;
    office.listed(&serials[0]).await;
    let admin = office.admin("agent");
    until("the gate does not take that list", async || {
        let told = admin.get("/readyz").await.unwrap();
        String::from_utf8_lossy(told.body()).contains("the times of the revocation list")
    })
    .await;
    // What is told beside the list from here on is told by who has that list.
    serials.extend(office.report_lost(&second).await);
    until("the next loss is felt", async || gate.get(&office, &later, OWN).await.0 != 200).await;
    assert_ne!(gate.get(&office, &lost, OWN).await.0, 200);

    // Its clock was believed after a start, and is back now: somebody has to look at it.
    office.stop("issuer");
    let _ = office.ca(&["doctor", "--confirm-clock"]);
    office.start("issuer", &[]).await;
    until("the gate has a list with both", async || {
        let der = std::fs::read(office.path("gate/world/list.crl")).unwrap();
        let list = RevocationList::read(&der).unwrap();
        let numbers = serials.iter().map(|one| pki::SerialNumber::from_hex(one).unwrap());
        numbers.into_iter().all(|number| list.contains(&number))
    })
    .await;
    for person in [&lost, &later] {
        assert_ne!(gate.get(&office, person, OWN).await.0, 200);
    }
}

/// The list that `status` saw last is taken away with all rows of lists, and an older one is
/// published: it says so, tells nothing as good, and a gate hears of a loss beside the list that it
/// has. Once the issuer publishes again all is well.
#[tokio::test]
async fn a_list_that_was_seen_and_is_missing_makes_nothing_good() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let (first, lost) = shown(&office, "王小明").await;
    let (second, other) = shown(&office, "李丹").await;
    for person in [&lost, &other] {
        until("the gate serves them", async || gate.get(&office, person, OWN).await.0 == 200).await;
    }
    let [published, kept, at_gate] =
        ["ca/public/crl/issuing-1/0.crl", "ca/status/kept/list", "gate/world/list.crl"]
            .map(|name| office.path(name));
    let older = std::fs::read(&published).unwrap();
    let serials = office.report_lost(&first).await;
    office.listed(&serials[0]).await;
    until("status and gate have the list", async || {
        let [published, kept, at_gate] =
            [&published, &kept, &at_gate].map(|path| std::fs::read(path).unwrap());
        published == kept && published == at_gate
    })
    .await;
    assert!(ocsp::status_of(&office, other.leaf()).contains(": good"));
    office.stop("issuer");
    office.stop("status");
    std::fs::remove_file(&kept).unwrap();
    std::fs::write(&published, older).unwrap();
    sqlx::query("delete from crl").execute(&office.database().await).await.unwrap();
    office.spawn("status", &[]);
    let admin = office.admin("status");
    until("status says what is missing", async || {
        admin.get("/readyz").await.is_ok_and(|answer| {
            String::from_utf8_lossy(answer.body()).contains("what was seen is missing")
        })
    })
    .await;
    until("it tells what is revoked", async || ocsp::is_answered(&office, lost.leaf())).await;
    assert!(ocsp::status_of(&office, lost.leaf()).contains(": revoked"));
    assert!(!ocsp::is_answered(&office, other.leaf()), "good is said of nothing");
    office.report_lost(&second).await;
    until("the gate hears of it", async || gate.get(&office, &other, OWN).await.0 != 200).await;
    assert!(ocsp::status_of(&office, other.leaf()).contains(": revoked"));
    office.start("issuer", &[]).await;
    until("all is well", async || admin.get("/readyz").await.unwrap().status() == 200).await;
    assert_eq!(std::fs::read(&published).unwrap(), std::fs::read(&kept).unwrap());
}

/// The directory of `status` is put back from before a loss that the log never got: a gate that was
/// told of it turns the certificate away on, also when it is told of another one, and when a list
/// comes that holds only that.
#[tokio::test]
async fn a_status_that_was_put_back_takes_no_loss_from_a_gate() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let (first, lost) = shown(&office, "王小明").await;
    let (second, other) = shown(&office, "李丹").await;
    for person in [&lost, &other] {
        until("the gate serves them", async || gate.get(&office, person, OWN).await.0 == 200).await;
        let leaf = person.leaf();
        until("status knows them", async || ocsp::status_of(&office, leaf).contains(": good"))
            .await;
    }
    for role in ["issuer", "log", "status"] {
        office.stop(role);
    }
    let before = files_of(&office.path("ca/status/kept"));
    office.start("status", &[]).await;
    assert_eq!(office.report_lost(&first).await.len(), 1);
    until("the gate hears of it", async || gate.get(&office, &lost, OWN).await.0 != 200).await;
    office.stop("status");
    sqlx::query("delete from log_pending").execute(&office.database().await).await.unwrap();
    for (path, bytes) in &before {
        std::fs::write(path, bytes).unwrap();
    }
    office.start("status", &[]).await;
    let serials = office.report_lost(&second).await;
    until("the gate hears of the other", async || gate.get(&office, &other, OWN).await.0 != 200)
        .await;
    assert_ne!(gate.get(&office, &lost, OWN).await.0, 200);
    for role in ["log", "issuer"] {
        office.start(role, &[]).await;
    }
    office.listed(&serials[0]).await;
    until("the gate has the list", async || {
        let der = std::fs::read(office.path("gate/world/list.crl")).unwrap();
        let list = RevocationList::read(&der).unwrap();
        list.contains(other.leaf().serial()) && !list.contains(lost.leaf().serial())
    })
    .await;
    for person in [&lost, &other] {
        assert_ne!(gate.get(&office, person, OWN).await.0, 200);
    }
}

/// The numbers of snapshots are put back from a backup: the issuer goes on behind what it signed,
/// gates take what it says next, and nothing that was in force is overwritten.
#[tokio::test]
async fn numbers_put_back_go_on_behind_what_was_signed() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let numbers = office.path("ca/issuer/numbers");
    let old = std::fs::read(&numbers).unwrap();
    office.gate_official("王小明", "sz-office").await;
    office.gate_official("李丹", "sz-office").await;
    office.stop("issuer");
    let database = office.database().await;
    let all = async || -> Vec<(i64, Vec<u8>)> {
        let rows = "select number, snapshot from people_snapshot order by agent_id, number";
        sqlx::query_as(rows).fetch_all(&database).await.unwrap()
    };
    let before = all().await;
    assert_ne!(std::fs::read(&numbers).unwrap(), old, "they went on");
    std::fs::write(&numbers, &old).unwrap();
    office.start("issuer", &[]).await;
    let person = office.gate_official("赵新", "sz-office").await;
    until("the gate serves them", async || gate.get(&office, &person, OWN).await.0 == 200).await;
    let after = all().await;
    assert!(after.len() > before.len() && before.iter().all(|row| after.contains(row)));
    let admin = office.admin("agent");
    until("the gate is well", async || admin.get("/readyz").await.unwrap().status() == 200).await;
}

/// A second start of a role that runs is refused before it opens anything, with what to do, and
/// takes nothing from the first: its doorbell hangs where it hung, and rings.
#[tokio::test]
async fn a_role_that_runs_is_not_started_a_second_time() {
    let mut office = Office::open().await;
    office.start("notices", &[]).await;
    let second = |office: &Office, role: &str| {
        let mut command = std::process::Command::new(tests::binary("ca-server"));
        command.arg("--state").arg(office.path("ca")).args(["serve", role]);
        let done = command.output().unwrap();
        (done.status.success(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let bells = |office: &Office| {
        let bells = std::fs::read_dir(office.path("ca/bells"));
        bells.map_or(0, |bells| bells.filter(|bell| bell.is_ok()).count())
    };
    let before = bells(&office);
    for role in ["issuer", "status", "log", "notices"] {
        let (is_served, said) = second(&office, role);
        let told = said.contains("state-conflict") && said.contains(role);
        assert!(!is_served && told, "{role}: {said}");
    }
    assert_eq!(bells(&office), before);
    office.register("王小明", "sz-office").await;
    // Whoever was killed holds nothing.
    office.kill("notices");
    office.start("notices", &[]).await;
}
