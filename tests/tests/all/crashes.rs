//! Crashes: killed at every step between request and reply, a full disk, a stopped sequencer, a
//! clock that moves. Afterwards the checker reads database and published files, and everything
//! holds.

use portal_api::PortalRefusal;
use records::enrolment::{Collect, CollectedCertificate, LetterLookUp, Stage};
use std::process::{Command, Stdio};
use tests::people::{code, refused};
use tests::processes::{is_postgres, until};
use tests::{Office, Official, Running, binary, invariants};

/// Between the second approval and the certificate: killed at each step, the application either
/// goes on by itself or can be made anew; nothing is signed twice, nothing leaves unseen.
#[tokio::test]
async fn the_issuer_is_killed_at_each_step_of_issuing() {
    let mut office = Office::open().await;
    let steps = [
        ("execute-before-commit", true),
        ("certify-after-mark", false),
        ("certify-after-sign", false),
        ("certify-before-result", false),
        ("certify-after-result", true),
    ];
    for (step, goes_on) in steps {
        let person = office.register("王小明", "sz-office").await;
        let official = office.letter(&person, "official");
        let order = office.apply(&official).await;
        office.approve(&office.first("officer-1"), &order).await.unwrap();
        office.stop("issuer");
        office.start("issuer", &[("YINXIN_CRASH_AT", step)]).await;
        // The call may meet the crash itself; the approval is durable or was never given.
        let _ = office.approve(&office.first("officer-2"), &order).await;
        office.ended("issuer").await;
        office.start("issuer", &[]).await;
        let _ = office.approve(&office.first("officer-2"), &order).await;
        if goes_on {
            office.collect(&official).await;
        } else {
            given_up(&office, &official).await;
            let next = office.apply(&official).await;
            office.approve_by_both(&next).await;
            office.collect(&official).await;
        }
        invariants::hold(&office).await;
    }
}

/// Killed around the commit of an application or an approval: it is durable or was never made, and
/// asking again goes on from there.
#[tokio::test]
async fn the_issuer_is_killed_around_each_call() {
    let mut office = Office::open().await;
    for step in [
        "submit-before-commit",
        "submit-after-commit",
        "approve-before-commit",
        "approve-after-commit",
        "collect-before-answer",
    ] {
        let person = office.register("王小明", "sz-office").await;
        let official = office.letter(&person, "official");
        let record = office.look_up(&official).await;
        let submit = official.submit(&record.challenge, &official.request(), "cli");
        office.stop("issuer");
        office.start("issuer", &[("YINXIN_CRASH_AT", step)]).await;
        let applied = office.public().submit(&submit).await;
        let mut order = match applied {
            Ok(Stage::Awaiting { order, .. }) => Some(order),
            _ => None,
        };
        if let Some(order) = &order {
            for file in ["officer-1", "officer-2"] {
                let _ = office.approve(&office.first(file), order).await;
            }
            let LetterLookUp { reference, key } = official.look_up();
            let (collect, public) = (Collect { reference, key }, office.public());
            until("there is an answer, or nobody to give it", async || {
                let waits = |refusal: &PortalRefusal| match refusal {
                    PortalRefusal::Refused(problem) => problem.code == "not-ready",
                    _ => false,
                };
                !public.collect(&collect).await.is_err_and(|refusal| waits(&refusal))
            })
            .await;
        }
        office.ended("issuer").await;
        office.start("issuer", &[]).await;
        if order.is_none() {
            order = match office.look_up(&official).await.stage {
                Stage::Awaiting { order, .. } => Some(order),
                Stage::Letter { .. } => Some(office.apply(&official).await),
                other => panic!("{other:?}"),
            };
        }
        for file in ["officer-1", "officer-2"] {
            let _ = office.approve(&office.first(file), order.as_ref().unwrap()).await;
        }
        office.collect(&official).await;
        invariants::hold(&office).await;
    }
}

/// What may have been signed without a record is revoked, on the list, and the letter is free
/// again.
async fn given_up(office: &Office, official: &Official) {
    until("the letter is free again", async || {
        matches!(office.look_up(official).await.stage, Stage::Letter { .. })
    })
    .await;
    let database = office.database().await;
    let abandoned: Vec<(String,)> =
        sqlx::query_as("select serial from intent where state = 'abandoned' and reference = $1")
            .bind(&official.letter.reference)
            .fetch_all(&database)
            .await
            .unwrap();
    assert_eq!(abandoned.len(), 1);
    office.listed(&abandoned[0].0).await;
}

/// The sequencer is killed on either side of its commit; the tree goes on where it was.
#[tokio::test]
async fn the_sequencer_is_killed_on_either_side_of_its_commit() {
    let mut office = Office::open().await;
    for step in ["sequencer-before-commit", "sequencer-after-commit"] {
        office.stop("log");
        office.spawn("log", &[("YINXIN_CRASH_AT", step)]);
        let words =
            ["person", "create", "--name", "王小明", "--unit", "sz-office", "--evidence", "x"];
        let (order, _) = office.draft(&words);
        office.ended("log").await;
        office.start("log", &[]).await;
        office.approve_by_both(&order).await;
        invariants::hold(&office).await;
    }
}

/// A loss report and the list that follows it are killed at each step; the loss is never lost.
#[tokio::test]
async fn a_loss_report_survives_each_crash() {
    let mut office = Office::open().await;
    for (process, step) in [
        ("status", "loss-before-commit"),
        ("status", "loss-after-commit"),
        ("issuer", "crl-before-commit"),
        ("issuer", "crl-before-publish"),
    ] {
        let (official, collected) = office.official("王小明", "sz-office").await;
        office.stop(process);
        office.spawn(process, &[("YINXIN_CRASH_AT", step)]);
        if process == "status" {
            office.until_ready("status").await;
        }
        let report = records::enrolment::ReportLoss {
            reference: official.letter.reference.clone(),
            value: official.keys.loss_value(&official.letter.reference).into(),
        };
        let status = ca_api::Status(office.client(&office.trust.status, None));
        let _ = status.report_loss(&report).await;
        office.ended(process).await;
        office.start(process, &[]).await;
        // What was kept before the crash counts, whether or not anybody reports it again.
        office.listed(&serial(&collected)).await;
        // Whoever got no receipt does; the same report is one.
        let serials = office.report_lost(&official).await;
        assert_eq!(serials, [serial(&collected)]);
        invariants::hold(&office).await;
    }
}

/// `kill -9` of everything at once, in the middle of several applications.
#[tokio::test]
async fn everything_is_killed_at_once() {
    let mut office = Office::open().await;
    let mut applications = Vec::new();
    for name in ["王小明", "李丹", "张建国"] {
        let person = office.register(name, "sz-office").await;
        let official = office.letter(&person, "official");
        let order = office.apply(&official).await;
        office.approve(&office.first("officer-1"), &order).await.unwrap();
        applications.push((official, order));
    }
    for (_, order) in &applications {
        office.approve(&office.first("officer-2"), order).await.unwrap();
    }
    for name in ["issuer", "log", "status", "portal-public", "portal-staff"] {
        office.kill(name);
    }
    office.start_all().await;
    for (official, order) in &applications {
        until("the application is over", async || match office.look_up(official).await.stage {
            Stage::Issued { .. } => true,
            Stage::Letter { .. } => {
                let next = office.apply(official).await;
                office.approve_by_both(&next).await;
                false
            }
            Stage::Awaiting { .. } | Stage::Rejected { .. } => false,
        })
        .await;
        office.collect(official).await;
        let again = office.approve(&office.first("officer-1"), order).await;
        assert_eq!(code(again), "order-consumed");
    }
    invariants::hold(&office).await;
}

/// A founding that is killed leaves nothing; one that is killed behind its last step has founded,
/// and a third is refused.
#[tokio::test]
async fn a_killed_founding_leaves_nothing() {
    let office = Office::founded();
    // A city of its own needs a database of its own.
    let plan = office.plan_of_another();
    let words = |state: &str| {
        let mut command = Command::new(binary("ca-server"));
        command.arg("--state").arg(office.path(state)).arg("init").arg("--from").arg(&plan);
        command
    };
    if is_postgres() {
        let plan = office.path("plan.toml");
        let taken = Command::new(binary("ca-server"))
            .arg("--state")
            .arg(office.path("third"))
            .args(["init", "--from"])
            .arg(&plan)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&taken.stderr).into_owned();
        assert!(!taken.status.success() && said.contains("another city"), "{said}");
        assert!(!office.path("third").exists());
    }
    for step in ["init-after-keys", "init-after-record", "init-before-rename"] {
        let killed = words("other").env("YINXIN_CRASH_AT", step).output().unwrap();
        assert!(!killed.status.success(), "{step}");
        assert!(!office.path("other").exists(), "{step}");
    }
    let founded = words("other").env("YINXIN_CRASH_AT", "init-after-rename").output().unwrap();
    assert!(!founded.status.success() && office.path("other").exists());
    let mut status = Command::new(binary("ca-server"));
    status.arg("--state").arg(office.path("other")).args(["status", "--json"]);
    let status = status.output().unwrap();
    let said = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.status.success() && said.contains("\"people\":6"), "{said}");
    // The lock that it died with keeps nobody out.
    let hidden = std::fs::read_dir(office.folder()).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".other.founding-")
    });
    assert_eq!(hidden.count(), 0, "what was killed is cleared away");
    let twice = words("other").output().unwrap();
    assert_eq!(twice.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&twice.stderr).contains("founded once"));
}

/// Foundings that begin together: one city comes of it, whole, and the others are told.
#[tokio::test]
async fn of_foundings_at_once_one_comes_true() {
    let office = Office::founded();
    let plan = office.plan_of_another();
    let words = |state: &str| {
        let mut command = Command::new(binary("ca-server"));
        command.arg("--state").arg(office.path(state)).arg("init").arg("--from").arg(&plan);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    // On SQLite the database lies in the directory, which they share then; on PostgreSQL they share
    // the database.
    let states = if is_postgres() { ["one", "two", "three"] } else { ["one"; 3] };
    let begun: Vec<_> = states.iter().map(|state| words(state).spawn().unwrap()).collect();
    let done: Vec<_> = begun.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let founded: Vec<&str> = states
        .iter()
        .zip(&done)
        .filter(|(_, done)| done.status.success())
        .map(|(state, _)| *state)
        .collect();
    assert_eq!(founded.len(), 1, "{done:?}");
    for refused in done.iter().filter(|done| !done.status.success()) {
        let said = String::from_utf8_lossy(&refused.stderr);
        let told = ["under way", "founded once", "another city"];
        assert!(told.iter().any(|one| said.contains(one)), "{said}");
    }
    let doctor = Command::new(binary("ca-server"))
        .arg("--state")
        .arg(office.path(founded[0]))
        .args(["status", "--json"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.status.success() && said.contains("\"people\":6"), "{said}");
}

/// A full disk: nothing is answered that is not written, and with room again everything goes on.
#[tokio::test]
async fn a_full_disk_stops_and_loses_nothing() {
    // On SQLite always: PostgreSQL's files belong to its server, whose user here is not limited.
    let mut office = Office::founded_on(false);
    office.start_all().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    office.stop("issuer");
    // Every write beyond what the files have now fails, as on a full disk.
    let wal = std::fs::metadata(office.path("ca/ca.db-wal")).map_or(0, |file| file.len());
    let blocks = wal / 512 + 48;
    let limited = spawn_limited(&office, blocks);
    let admin = office.admin("issuer");
    started(&admin).await;
    let mut failed = false;
    for _ in 0..200 {
        let record = office.look_up(&official).await;
        let submit = official.submit(&record.challenge, &official.request(), "cli");
        match office.public().submit(&submit).await {
            Ok(_) => {}
            other => {
                assert_eq!(refused(other).code, "unavailable");
                failed = true;
                break;
            }
        }
    }
    assert!(failed, "the disk never became full");
    limited.kill();
    office.start("issuer", &[]).await;
    let order = office.apply(&official).await;
    office.approve_by_both(&order).await;
    office.collect(&official).await;
    invariants::hold(&office).await;
}

/// Starts an issuer whose files cannot grow beyond a size.
fn spawn_limited(office: &Office, blocks: u64) -> Running {
    let script = format!(
        "trap '' XFSZ; ulimit -f {blocks}; exec '{}' --state '{}' serve issuer",
        binary("ca-server").display(),
        office.path("ca").display()
    );
    let log = std::fs::File::create(office.path("limited.log")).unwrap();
    let child = Command::new("sh")
        .args(["-c", &script])
        .env("YINXIN_LOG", "off")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    Running::new(child.unwrap())
}

/// With a stopped sequencer no certificate leaves, and brakes work all the same.
#[tokio::test]
async fn a_stopped_sequencer_holds_certificates_back_and_brakes_work() {
    let mut office = Office::open().await;
    let (lost, lost_collected) = office.official("李丹", "sz-office").await;
    let (revoked, revoked_collected) = office.official("张建国", "sz-finance").await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let revoked_person = revoked.letter.person.clone();
    office.kill("log");

    for file in ["officer-1", "officer-2"] {
        office.approve(&office.first(file), &order).await.unwrap();
    }
    // Brakes: a loss report, and an order to revoke that is made, approved and carried out now.
    let serials = office.report_lost(&lost).await;
    assert_eq!(serials, [serial(&lost_collected)]);
    office.listed(&serials[0]).await;
    let words = ["revoke", &revoked_person, "--reason", "superseded", "--evidence", "asked for"];
    let (revocation, _) = office.draft(&words);
    for file in ["officer-1", "officer-2"] {
        office.approve(&office.first(file), &revocation).await.unwrap();
    }
    office.listed(&serial(&revoked_collected)).await;

    let message = official.look_up();
    let collect = records::enrolment::Collect { reference: message.reference, key: message.key };
    assert_eq!(code(office.public().collect(&collect).await), "not-ready");
    let database = office.database().await;
    let (signed,): (i64,) = sqlx::query_as("select count(*) from certificate where reference = $1")
        .bind(&official.letter.reference)
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(signed, 0, "approvals count from the tree only");
    drop(database);

    office.start("log", &[]).await;
    office.collect(&official).await;
    invariants::hold(&office).await;
}

/// A clock an hour back or a year ahead stops every decision; brakes work, and `doctor` says what
/// to do.
#[tokio::test]
async fn a_clock_that_moved_stops_decisions_and_no_brake() {
    let mut office = Office::open().await;
    let (lost, _) = office.official("李丹", "sz-office").await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let second = office.register("张建国", "sz-finance").await;
    let (other, theirs) = office.official("孙核验", "sz-office").await;
    let mut serials = Vec::new();
    for (offset, says) in [("-3600", "behind"), ("31536000", "ahead")] {
        let environment = [("YINXIN_CLOCK_OFFSET", offset)];
        office.stop("issuer");
        office.spawn("issuer", &environment);
        let admin = office.admin("issuer");
        started(&admin).await;
        let words = ["letter", &second, "--json"];
        let said = office.ca_with(&words, &environment);
        assert!(String::from_utf8_lossy(&said.stderr).contains("clock-moved"), "{offset}");
        if offset == "-3600" {
            let record = office.look_up(&official).await;
            let submit = official.submit(&record.challenge, &official.request(), "cli");
            assert_eq!(code(office.public().submit(&submit).await), "clock-moved");
            serials = office.report_lost(&lost).await;
            office.listed(&serials[0]).await;
        } else {
            let words = ["revoke", &other.letter.person, "--reason", "superseded", "--evidence"];
            let (revocation, _) = office.draft(&[&words[..], &["asked for"]].concat());
            for file in ["officer-1", "officer-2"] {
                office.approve(&office.first(file), &revocation).await.unwrap();
            }
            office.listed(&serial(&theirs)).await;
        }
        let said = office.ca_with(&["doctor"], &environment);
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        assert_eq!(said.status.code(), Some(1));
        assert!(text.contains(says), "{text}");
        let ready = admin.get("/readyz").await.unwrap();
        assert!(!ready.status().is_success());
    }
    office.stop("issuer");
    office.start("issuer", &[]).await;
    let order = office.apply(&official).await;
    office.approve_by_both(&order).await;
    office.collect(&official).await;
    office.listed(&serials[0]).await;
    invariants::hold(&office).await;
}

fn serial(collected: &CollectedCertificate) -> String {
    pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string()
}

/// Waits until a process has begun, whatever else it says is wrong.
async fn started(admin: &mtls::Client) {
    until("it has begun", async || {
        let told = admin.get("/readyz").await;
        let body = told.map(|answer| String::from_utf8_lossy(answer.body()).into_owned());
        body.is_ok_and(|body| !body.contains("start"))
    })
    .await;
}
