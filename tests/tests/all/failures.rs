//! What fails on its way to the disk: whatever was not kept is forgotten, done again by the process
//! that runs, and holds nothing else up. The database refuses on purpose; afterwards nobody is
//! started again.

use portal_api::Pages;
use records::enrolment::Stage;
use records::record::Event;
use sqlx::{AnyPool, AssertSqlSafe};
use tests::away::DatabaseAway;
use tests::people::code;
use tests::processes::{is_postgres, until};
use tests::{Office, invariants};

/// When a table refuses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// The row itself.
    Statement,
    /// Everything that was done beside the row.
    Commit,
}

/// A table that takes no row of some kind.
struct Broken {
    database: AnyPool,
    table: &'static str,
}

impl Broken {
    /// `which` is a condition on `new`.
    async fn new(office: &Office, table: &'static str, which: &str, at: At) -> Self {
        let broken = Self { database: office.database().await, table };
        let (time, kind, late) = match at {
            At::Statement => ("before", "", ""),
            At::Commit => ("after", "constraint", "deferrable initially deferred"),
        };
        if is_postgres() {
            broken
                .run(
                    "create or replace function refuse() returns trigger language plpgsql as \
                     $$ begin raise exception 'refused on purpose'; end $$",
                )
                .await;
            let made = format!(
                "create {kind} trigger broken {time} insert on {table} {late} \
                 for each row when ({which}) execute function refuse()"
            );
            broken.run(&made).await;
            return broken;
        }
        // A key that leads nowhere is found out by the commit.
        broken.run("create table if not exists nowhere (id integer primary key)").await;
        broken
            .run(
                "create table if not exists dangling \
                 (id integer references nowhere (id) deferrable initially deferred)",
            )
            .await;
        let act = match at {
            At::Statement => "select raise(abort, 'refused on purpose')",
            At::Commit => "insert into dangling values (1)",
        };
        let made =
            format!("create trigger broken {time} insert on {table} when {which} begin {act}; end");
        broken.run(&made).await;
        broken
    }

    async fn mend(self) {
        let on = if is_postgres() { format!(" on {}", self.table) } else { String::new() };
        self.run(&format!("drop trigger broken{on}")).await;
    }

    async fn run(&self, sql: &str) {
        sqlx::query(AssertSqlSafe(sql)).execute(&self.database).await.unwrap();
    }
}

/// Bytes as a literal of this run's database.
fn literal(bytes: &records::Bytes) -> String {
    let hex = data_encoding::HEXLOWER.encode(&bytes.0);
    if is_postgres() { format!("'\\x{hex}'::bytea") } else { format!("x'{hex}'") }
}

/// Waits until the issuer says that a part of its work fails.
async fn fails(office: &Office, part: &str) {
    until(&format!("{part} fails"), async || {
        let answer = office.admin("issuer").get("/readyz").await.unwrap();
        answer.status() == 503 && String::from_utf8_lossy(answer.body()).contains(part)
    })
    .await;
}

/// How often a part of the issuer's work failed.
async fn failed(office: &Office, part: &str) -> u32 {
    let answer = office.admin("issuer").get("/metrics").await.unwrap();
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    let sign = format!("act=\"{part}\",outcome=\"unavailable\"}} ");
    let count = text.lines().find_map(|line| line.split_once(&sign));
    count.map_or(0, |(_, count)| count.parse().unwrap())
}

/// Waits until nothing fails any more.
async fn well(office: &Office) {
    until("nothing fails", async || {
        office.admin("issuer").get("/readyz").await.unwrap().status() == 200
    })
    .await;
}

async fn state_of(office: &Office, order: &str) -> String {
    let found = sqlx::query_as("select state from ordered where order_id = $1").bind(order);
    let (state,): (String,) = found.fetch_one(&office.database().await).await.unwrap();
    state
}

/// A revocation list that its table does not take is recorded and published all the same, so that
/// it says what OCSP says; its row comes once the table takes it.
#[tokio::test]
async fn a_list_that_no_table_takes_is_published() {
    let office = Office::open().await;
    let (lost, _) = office.official("王小明", "sz-office").await;
    for at in [At::Commit, At::Statement] {
        let broken = Broken::new(&office, "crl", "true", at).await;
        let serials = if at == At::Commit {
            office.report_lost(&lost).await
        } else {
            let (other, _) = office.official("李丹", "sz-office").await;
            office.report_lost(&other).await
        };
        office.listed(&serials[0]).await;
        office.register("张三", "sz-office").await;
        broken.mend().await;
        until("the list has its row", async || {
            let newest = "select max(number) from crl where issuer = 'issuing-1'";
            let found = sqlx::query_as(newest).fetch_one(&office.database().await).await;
            let (newest,): (i64,) = found.unwrap();
            newest == published(&office).number() as i64
        })
        .await;
        well(&office).await;
    }
    invariants::hold(&office).await;
}

/// A list that was kept and could not be written to its place is written there as soon as that
/// works.
#[tokio::test]
async fn a_list_that_is_not_published_is_published_later() {
    let office = Office::open().await;
    let (lost, _) = office.official("王小明", "sz-office").await;
    let (place, aside) = (office.path("ca/public/crl/issuing-1/0.crl"), office.path("aside.crl"));
    std::fs::rename(&place, &aside).unwrap();
    std::fs::create_dir(&place).unwrap();
    let serials = office.report_lost(&lost).await;
    fails(&office, "crl").await;
    office.register("张三", "sz-office").await;
    // The old list is not put back: it could come over the new one.
    std::fs::remove_dir(&place).unwrap();
    office.listed(&serials[0]).await;
    well(&office).await;
    invariants::hold(&office).await;
}

fn published(office: &Office) -> pki::crl::RevocationList {
    let der = std::fs::read(office.path("ca/public/crl/issuing-1/0.crl")).unwrap();
    pki::crl::RevocationList::read(&der).unwrap()
}

/// An order whose carrying out is not kept is carried out later, once, with the approvals that it
/// has.
#[tokio::test]
async fn an_order_that_is_not_kept_is_carried_out_later() {
    let office = Office::open().await;
    let words = ["person", "create", "--name", "王小明", "--unit", "sz-office", "--evidence", "x"];
    let (order, person) = office.draft(&words);
    let broken = Broken::new(&office, "consumed_approval", "true", At::Commit).await;
    for file in ["officer-1", "officer-2"] {
        office.approve(&office.first(file), &order).await.unwrap();
    }
    fails(&office, "decide").await;
    // It goes on trying by itself, and says so as long as it does.
    until("it tried three times", async || failed(&office, "decide").await >= 3).await;
    fails(&office, "decide").await;
    assert_eq!(state_of(&office, &order).await, "open");
    broken.mend().await;
    office.carried_out(&order).await;
    well(&office).await;
    office.letter(&person, "official");
    let twice = code(office.approve(&office.first("officer-1"), &order).await);
    assert_eq!(twice, "order-consumed");
    invariants::hold(&office).await;
}

/// An approval that is not kept was not given: the officer is told so, and gives it again.
#[tokio::test]
async fn an_approval_that_is_not_kept_is_given_again() {
    let office = Office::open().await;
    let words = ["person", "create", "--name", "王小明", "--unit", "sz-office", "--evidence", "x"];
    let (order, _) = office.draft(&words);
    let officer = office.first("officer-1");
    for at in [At::Statement, At::Commit] {
        let broken = Broken::new(&office, "approval", "true", at).await;
        assert_eq!(code(office.approve(&officer, &order).await), "unavailable");
        broken.mend().await;
    }
    let approved = office.approve(&officer, &order).await.unwrap();
    assert_eq!((approved.approvals, approved.needed), (1, 2));
    assert_eq!(code(office.approve(&officer, &order).await), "approver-twice");
    office.approve(&office.first("officer-2"), &order).await.unwrap();
    office.carried_out(&order).await;
    invariants::hold(&office).await;
}

/// One order that cannot be carried out and one request that cannot be taken hold up no other.
#[tokio::test]
async fn what_cannot_be_done_now_holds_up_nothing_else() {
    let office = Office::open().await;
    let words =
        |name| ["person", "create", "--name", name, "--unit", "sz-office", "--evidence", "x"];
    let broken = Broken::new(&office, "ordered", "new.about like '%王小明%'", At::Statement).await;
    assert_eq!(office.ca_refused(&words("王小明")), "unavailable");
    office.draft(&words("李丹"));
    broken.mend().await;
    office.draft(&words("王小明"));

    let mut orders = Vec::new();
    for name in ["张三", "陈登记"] {
        orders.push(office.draft(&words(name)).0);
    }
    let (stuck, other) = (&orders[0], &orders[1]);
    let first = office.first("officer-1");
    let digest = office.staff(&first).fetch(stuck).await.unwrap().signed.digest();
    let which = format!("new.order_digest = {}", literal(&digest.into()));
    let broken = Broken::new(&office, "consumed_approval", &which, At::Statement).await;
    for file in ["officer-1", "officer-2"] {
        office.approve(&office.first(file), stuck).await.unwrap();
    }
    fails(&office, "decide").await;
    office.approve_by_both(other).await;
    assert_eq!(state_of(&office, stuck).await, "open");
    broken.mend().await;
    office.carried_out(stuck).await;
    well(&office).await;
    invariants::hold(&office).await;
}

/// A certificate that was signed and cannot be kept is kept by the process that signed it, as soon
/// as that works: it is signed once, and nobody has it before the log does. What is asked meanwhile
/// is done.
#[tokio::test]
async fn a_certificate_that_is_not_kept_is_kept_later() {
    let office = Office::open().await;
    for (name, at) in [("王小明", At::Commit), ("李丹", At::Statement)] {
        let person = office.register(name, "sz-office").await;
        let official = office.letter(&person, "official");
        let order = office.apply(&official).await;
        let broken = Broken::new(&office, "certificate", "true", at).await;
        office.approve_by_both(&order).await;
        fails(&office, "decide").await;
        office.register("张三", "sz-office").await;
        let stage = office.look_up(&official).await.stage;
        assert!(matches!(stage, Stage::Awaiting { .. }), "{stage:?}");
        let records::enrolment::LetterLookUp { reference, key } = official.look_up();
        let collect = records::enrolment::Collect { reference, key };
        assert_eq!(code(office.public().collect(&collect).await), "not-ready");
        broken.mend().await;
        office.collect(&official).await;
        well(&office).await;
    }
    let control = office.control().await;
    let count = |kind: &str| control.iter().filter(|record| record.event.kind() == kind).count();
    assert_eq!(count("revoked"), 0);
    invariants::hold(&office).await;
}

/// An issuer that lost what it kept takes everything from the log again, and has nothing to say
/// about it.
#[tokio::test]
async fn a_log_that_is_followed_anew_says_nothing_new() {
    let mut office = Office::open().await;
    let (lost, _) = office.official("王小明", "sz-office").await;
    office.official("李丹", "sz-office").await;
    office.listed(&office.report_lost(&lost).await[0]).await;
    office.stop("issuer");
    let before = office.refusals().await;
    std::fs::remove_file(office.path("ca/issuer/manifest")).unwrap();
    office.start("issuer", &[]).await;
    office.official("张三", "sz-office").await;
    assert_eq!(office.refusals().await, before);
    invariants::hold(&office).await;
}

/// Ten thousand records wait and nobody numbers them: what they take away counts all the same.
#[tokio::test]
async fn a_long_queue_hides_no_withdrawal() {
    let mut office = Office::open().await;
    let (lost, collected) = office.official("王小明", "sz-office").await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    office.stop("log");
    let store = store::Store::open(&office.database_address()).await.unwrap();
    let mut tx = store.write().await.unwrap();
    let micros = service::Clock::system().micros();
    for number in 0..10_500_u32 {
        let event = Event::Refusal {
            code: records::Code::Malformed,
            act: "draft".into(),
            about: format!("{number}"),
            reference: format!("{number}"),
            count: 1,
        };
        ca_store::intake::write(&mut tx, "issuer", micros, event, &[]).await.unwrap();
    }
    tx.commit().await.unwrap();
    office.report_lost(&lost).await;
    office.listed(&serial).await;
    office.start("log", &[]).await;
    until("the queue is in the tree", async || {
        let mut tx = store.read().await.unwrap();
        store::pending::newest(&mut tx, "control").await.unwrap() == 0
    })
    .await;
    let official = office.official("李丹", "sz-office").await.0;
    assert!(matches!(office.look_up(&official).await.stage, Stage::Issued { .. }));
    well(&office).await;
    invariants::hold(&office).await;
}

/// After a reboot the database may come later than `status`, or not at all: a loss is taken all the
/// same, from what the role kept, is felt at the gate, and stands in the log once the database is
/// there.
#[tokio::test]
async fn a_loss_is_taken_before_the_database_is_there() {
    const OWN: &str = "/documents/sz-office/2026-001";
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    let loss = office.loss_of(&official);
    let person = office.officer(official, &collected);
    gate.until_status(&office, &person, OWN, 200).await;
    let away = DatabaseAway::of_status(&mut office).await;
    assert_eq!(office.report(&loss).await, std::slice::from_ref(&serial));
    gate.until_status(&office, &person, OWN, 401).await;
    away.ends(&mut office).await;
    office.listed(&serial).await;
    invariants::hold(&office).await;
}

/// A database server that is started again takes no process with it: officers, gate and online
/// status go on.
#[tokio::test]
async fn a_database_that_comes_back_is_found_again() {
    let mut office = Office::founded_on_own_server();
    office.start_all().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    const OWN: &str = "/documents/sz-office/2026-001";
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    for _ in 0..3 {
        office.restart_database();
        let registered = office.register("张三", "sz-office").await;
        office.letter(&registered, "official");
    }
    let (official, collected) = office.official("李丹", "sz-office").await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    office.restart_database();
    assert_eq!(office.report_lost(&official).await, std::slice::from_ref(&serial));
    office.listed(&serial).await;
    for name in ["issuer", "log", "status"] {
        until(&format!("{name} is well"), async || {
            office.admin(name).get("/readyz").await.unwrap().status() == 200
        })
        .await;
    }
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    invariants::hold(&office).await;
}

/// Somebody who holds the writers' turn for too long is told of: whoever asks hears that nothing
/// was done, and everything goes on when the turn is given back. A server ends a session that gives
/// nothing back.
#[tokio::test]
async fn a_turn_that_is_held_for_too_long_is_told() {
    let office = Office::open().await;
    let person = office.register("李丹", "sz-office").await;
    let lost = office.letter(&person, "official");
    let words = ["person", "create", "--name", "王小明", "--unit", "sz-office", "--evidence", "x"];
    let (order, _) = office.draft(&words);
    let store = store::Store::open(&office.database_address()).await.unwrap();
    let mut tx = store.write().await.unwrap();
    store::pending::lock(&mut tx, "control").await.unwrap();
    let officer = office.first("officer-1");
    assert_eq!(code(office.approve(&officer, &order).await), "unavailable");
    fails(&office, "turn").await;
    if !is_postgres() {
        fails(&office, &format!("process {}", std::process::id())).await;
    }
    // A loss waits for nobody, and what only reads goes on.
    assert!(office.report_lost(&lost).await.is_empty(), "nothing was issued under the letter");
    let staff = office.staff(&officer);
    assert_eq!(staff.list(&mut Pages::begin()).await.unwrap().lines.len(), 1);
    if is_postgres() {
        // Nobody gives it back: the server does.
        well(&office).await;
        assert!(tx.commit().await.is_err());
    } else {
        drop(tx);
        well(&office).await;
    }
    office.approve_by_both(&order).await;
    invariants::hold(&office).await;
}
