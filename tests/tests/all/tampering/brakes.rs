//! A receipt that left, a list that was seen, a head that was followed: none of them is taken back
//! by whoever holds the database.

use super::forge;
use crate::ocsp;
use records::record::{Cause, Event};
use sqlx::AnyPool;
use std::path::Path;
use tests::processes::{is_postgres, until};
use tests::{Office, invariants};

pub(super) async fn execute(database: &AnyPool, sql: &str) {
    let done = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(database).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Swallows every record that is put on its way.
pub async fn swallow(database: &AnyPool) {
    if is_postgres() {
        let function = "create function swallow() returns trigger language plpgsql as \
                        'begin return null; end'";
        execute(database, function).await;
        let trigger = "create trigger swallow before insert on log_pending for each row \
                       execute function swallow()";
        execute(database, trigger).await;
    } else {
        let trigger = "create trigger swallow before insert on log_pending \
                       begin select raise(ignore); end";
        execute(database, trigger).await;
    }
}

pub async fn swallow_no_more(database: &AnyPool) {
    let on = if is_postgres() { " on log_pending" } else { "" };
    execute(database, &format!("drop trigger swallow{on}")).await;
}

/// How many losses of a letter the log holds, sequenced.
async fn losses_in_the_log(database: &AnyPool, wanted: &str) -> usize {
    let sql = "select record from log_entry where log_id = 'control' order by idx";
    let rows: Vec<(Vec<u8>,)> = sqlx::query_as(sql).fetch_all(database).await.unwrap();
    let records = rows.iter().filter_map(|(bytes,)| records::Record::read(bytes).ok());
    let theirs = records.filter(|record| {
        matches!(&record.event, Event::Revoked { cause: Cause::Loss { reference, .. }, .. }
            if reference == wanted)
    });
    theirs.count()
}

/// The floor that a role keeps: in either of two blocks, behind kind, turn and length.
fn floor_in(kept: &Path) -> u64 {
    let bytes = std::fs::read(kept).unwrap();
    let sizes = bytes.chunks(4_096).filter_map(|slot| slot.get(20..28)?.try_into().ok());
    sizes.map(u64::from_be_bytes).max().unwrap()
}

fn leaf(collected: &records::enrolment::CollectedCertificate) -> pki::Certificate {
    pki::Certificate::read(&collected.chain[0].0).unwrap()
}

/// While the log stands still an order to revoke is drafted, approved and carried out, and a letter
/// is voided; a hand deletes all that waits, or puts old records into its place, also before the
/// issuer starts anew. What was told holds, and comes into the log under the ids that it had.
#[tokio::test]
async fn what_was_told_as_done_is_undone_by_no_row() {
    let mut office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let other = office.register("李丹", "sz-office").await;
    let stolen = office.letter(&other, "official");
    let database = office.database().await;
    office.stop("log");
    let (person, serial) = (&official.letter.person, leaf(&collected).serial().to_string());
    let words = ["revoke", person, "--reason", "keyCompromise", "--evidence", "x"];
    let (order, _) = office.draft(&words);
    office.approve_by_both(&order).await;
    office.listed(&serial).await;
    office.ca_json(&["letter", "void", &stolen.letter.reference]);
    let waiting = async || -> Vec<Vec<u8>> {
        let sql = "select record from log_pending where log_id = 'control'";
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(sql).fetch_all(&database).await.unwrap();
        let records = rows.iter().filter_map(|(bytes,)| records::Record::read(bytes).ok());
        let takes_away = |record: &records::Record| {
            let revokes = |cause: &Cause| matches!(cause, Cause::Order { .. });
            match &record.event {
                Event::Revoked { cause, .. } => revokes(cause),
                event => matches!(
                    event,
                    Event::Order { .. } | Event::Approval { .. } | Event::Voided { .. }
                ),
            }
        };
        records.filter(takes_away).map(|record| record.id.0).collect()
    };
    let told = waiting().await;
    assert!(told.len() >= 5, "an order, two approvals, what came of it, and what was voided");
    let all_wait = async |what| {
        until(what, async || {
            let now = waiting().await;
            told.iter().all(|id| now.contains(id))
        })
        .await;
    };
    execute(&database, "delete from log_pending where log_id = 'control'").await;
    all_wait("what was told is on its way again").await;
    office.stop("issuer");
    execute(&database, "delete from log_pending where log_id = 'control'").await;
    office.start("issuer", &[]).await;
    all_wait("a former process's too").await;
    let old = "(select record from log_entry where log_id = 'control' and idx = 3)";
    execute(&database, &format!("update log_pending set record = {old} where log_id = 'control'"))
        .await;
    office.start("log", &[]).await;
    until("the tree has all of it", async || {
        let sql = "select record_id from log_entry where log_id = 'control'";
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(sql).fetch_all(&database).await.unwrap();
        told.iter().all(|id| rows.iter().any(|(row,)| row == id))
    })
    .await;
    assert!(ocsp::status_of(&office, &leaf(&collected)).contains(": revoked"));
    let refused = office.public().look_up(&stolen.look_up()).await;
    assert_eq!(tests::people::code(refused), "letter-voided");
    invariants::hold(&office).await;
}

/// A hand puts another well-formed record under the id of one that was told, and the tree takes it:
/// what was told holds, now as after a start, and comes into the tree under another id.
#[tokio::test]
async fn what_stands_under_its_id_undoes_nothing_that_was_told() {
    let mut office = Office::open().await;
    let person = office.register("李丹", "sz-office").await;
    let stolen = office.letter(&person, "official");
    let database = office.database().await;
    office.stop("log");
    office.ca_json(&["letter", "void", &stolen.letter.reference]);
    let records_of = async |table: &str| -> Vec<records::Record> {
        let sql = format!("select record from {table} where log_id = 'control'");
        let sql = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()));
        let rows: Vec<(Vec<u8>,)> = sql.fetch_all(&database).await.unwrap();
        rows.iter().filter_map(|(bytes,)| records::Record::read(bytes).ok()).collect()
    };
    let voids = async |table: &str| -> Vec<records::Record> {
        let mut found = records_of(table).await;
        found.retain(|record| matches!(record.event, Event::Voided { .. }));
        found
    };
    let told = voids("log_pending").await.remove(0);
    let mut other = records_of("log_entry").await.remove(3);
    other.id = told.id.clone();
    let sql = "update log_pending set record = $1 where record_id = $2";
    let exchange = sqlx::query(sql).bind(other.write().unwrap()).bind(told.id.0.clone());
    assert_eq!(exchange.execute(&database).await.unwrap().rows_affected(), 1);
    office.start("log", &[]).await;
    until("the tree has it under another id", async || {
        voids("log_entry").await.iter().any(|one| one.id != told.id && one.event == told.event)
    })
    .await;
    for restarted in [false, true] {
        if restarted {
            office.stop("issuer");
            office.start("issuer", &[]).await;
        }
        let refused = office.public().look_up(&stolen.look_up()).await;
        assert_eq!(tests::people::code(refused), "letter-voided");
    }
    assert_eq!(voids("log_entry").await.len(), 1, "it is recorded once");
}

/// What takes away comes into the queue and no journal of the issuer's has it, as where a commit
/// was given up and became durable after all: whoever asks is told that it is done, and a hand that
/// deletes it takes nothing back.
#[tokio::test]
async fn what_came_late_is_told_and_undone_by_no_row() {
    let mut office = Office::open().await;
    let person = office.register("李丹", "sz-office").await;
    let stolen = office.letter(&person, "official");
    let database = office.database().await;
    let journal = ["ca/issuer/told", "ca/issuer/told.floor"].map(|name| office.path(name));
    until("the tree has the letter", async || {
        let sql = "select count(*) from log_pending where log_id = 'control'";
        let (count,): (i64,) = sqlx::query_as(sql).fetch_one(&database).await.unwrap();
        count == 0
    })
    .await;
    office.stop("log");
    office.stop("issuer");
    let before = journal.each_ref().map(|path| std::fs::read(path).unwrap());
    office.start("issuer", &[]).await;
    office.ca_json(&["letter", "void", &stolen.letter.reference]);
    office.stop("issuer");
    for (path, bytes) in journal.iter().zip(before) {
        std::fs::write(path, bytes).unwrap();
    }
    execute(&database, "create table aside as select * from log_pending").await;
    execute(&database, "delete from log_pending").await;
    office.start("issuer", &[]).await;
    assert!(office.public().look_up(&stolen.look_up()).await.is_ok(), "nobody knows of it");
    // Behind what the issuer wrote meanwhile.
    execute(&database, "update aside set position = position + 1000").await;
    execute(&database, "insert into log_pending select * from aside").await;
    let refused = office.public().look_up(&stolen.look_up()).await;
    assert_eq!(tests::people::code(refused), "letter-voided");
    execute(&database, "delete from log_pending").await;
    until("it is on its way again", async || {
        let sql = "select count(*) from log_pending p join aside a on p.record_id = a.record_id";
        let (count,): (i64,) = sqlx::query_as(sql).fetch_one(&database).await.unwrap();
        count > 0
    })
    .await;
    let refused = office.public().look_up(&stolen.look_up()).await;
    assert_eq!(tests::people::code(refused), "letter-voided");
}

/// A trigger swallows the pending record, or a hand deletes it, or exchanges it, or the letter's
/// row says another loss value: the receipt leaves, and what it says holds from then on, also after
/// a restart; the log gets it as soon as it can.
#[tokio::test]
async fn a_receipt_that_left_is_a_revocation() {
    let mut office = Office::open().await;
    let (swallowed, first) = office.official("王小明", "sz-office").await;
    let (deleted, second) = office.official("李丹", "sz-office").await;
    let database = office.database().await;

    execute(&database, "update letter set loss_sha256 = lookup_sha256").await;
    swallow(&database).await;
    let serials = office.report_lost(&swallowed).await;
    assert_eq!(serials, [leaf(&first).serial().to_string()]);
    assert!(ocsp::status_of(&office, &leaf(&first)).contains(": revoked"));
    let admin = office.admin("status");
    until("the loss that is not in the log is told", async || {
        let answer = admin.get("/readyz").await.unwrap();
        answer.status() == 503 && String::from_utf8_lossy(answer.body()).contains("loss")
    })
    .await;
    office.kill("status");
    office.spawn("status", &[]);
    until("it answers again", async || {
        admin.get("/healthz").await.is_ok() && ocsp::is_answered(&office, &leaf(&first))
    })
    .await;
    assert!(ocsp::status_of(&office, &leaf(&first)).contains(": revoked"), "after a restart");
    assert_eq!(losses_in_the_log(&database, &swallowed.letter.reference).await, 0);
    swallow_no_more(&database).await;
    office.listed(&serials[0]).await;

    office.stop("log");
    let serials = office.report_lost(&deleted).await;
    execute(&database, "delete from log_pending").await;
    assert!(ocsp::status_of(&office, &leaf(&second)).contains(": revoked"));
    until("it is on its way again", async || {
        let waits: (i64,) =
            sqlx::query_as("select count(*) from log_pending").fetch_one(&database).await.unwrap();
        waits.0 > 0
    })
    .await;
    // An old record takes the place of everything that waits, under the ids of what waited.
    let old = |column: &str| {
        format!("(select {column} from log_entry where log_id = 'control' and idx = 3)")
    };
    let (record, salt, entry) = (old("record"), old("salt"), old("entry"));
    let exchange =
        format!("update log_pending set record = {record}, salt = {salt}, entry = {entry}");
    execute(&database, &exchange).await;
    office.start("log", &[]).await;
    office.listed(&serials[0]).await;
    // The nearest thing that is not one: another value than the letter's.
    let report = records::enrolment::ReportLoss {
        reference: swallowed.letter.reference.clone(),
        value: deleted.keys.loss_value(&swallowed.letter.reference).into(),
    };
    let status = ca_api::Status(office.client(&office.trust.status, None));
    assert!(status.report_loss(&report).await.is_err());
}

/// The database of before a loss is put back: `status` follows nothing of it, says so, and takes
/// losses all the same; without its floor it does not start.
#[tokio::test]
async fn a_follower_below_its_floor_answers_nothing() {
    let mut office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let (other, _) = office.official("李丹", "sz-office").await;
    let copy = office.path("copy.db");
    let database = office.database().await;
    office.copy_database(&copy).await;
    let kept = office.path("ca/status/kept/floor");
    let serials = office.report_lost(&official).await;
    office.listed(&serials[0]).await;
    let reference = &official.letter.reference;
    until("the loss is in the tree", async || losses_in_the_log(&database, reference).await == 1)
        .await;
    let sql = "select count(*) from log_entry where log_id = 'control'";
    let (size,): (i64,) = sqlx::query_as(sql).fetch_one(&database).await.unwrap();
    until("status followed it", async || floor_in(&kept) >= size as u64).await;
    for name in ["portal-staff", "portal-public", "issuer", "status", "log"] {
        office.stop(name);
    }
    database.close().await;
    office.put_back(&copy);
    office.spawn("status", &[]);
    let admin = office.admin("status");
    until("status says what is wrong", async || {
        admin.get("/readyz").await.is_ok_and(|answer| {
            String::from_utf8_lossy(answer.body()).contains("unsigned-authority")
        })
    })
    .await;
    let good = office.first("officer-1");
    assert!(!ocsp::is_answered(&office, good.leaf()), "good is said of nothing");
    assert!(ocsp::status_of(&office, &leaf(&collected)).contains(": revoked"), "and this is");
    assert_eq!(office.report_lost(&other).await.len(), 1, "a brake waits for nobody");

    office.stop("status");
    let bytes = std::fs::read(&kept).unwrap();
    for damage in [None, Some(Vec::new()), Some(vec![0; bytes.len()])] {
        match damage {
            None => std::fs::remove_file(&kept).unwrap(),
            Some(bytes) => std::fs::write(&kept, bytes).unwrap(),
        }
        office.spawn("status", &[]);
        assert!(!office.ended("status").await.success(), "no floor is no floor of nothing");
    }
}

/// Rows of lists: garbage under a path, and the present list under a high number. Nothing of it is
/// published, and the next revocation is published and answered all the same.
#[tokio::test]
async fn a_row_of_a_list_publishes_nothing() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let database = office.database().await;
    let copy = "insert into crl select '../../evil', shard, number, this_update, next_update, list \
                from crl where issuer = 'issuing-1'";
    execute(&database, copy).await;
    let hidden = "insert into crl select issuer, shard, number + 100000, this_update, next_update, \
                  list from crl where issuer = 'issuing-1' \
                  and number = (select max(number) from crl where issuer = 'issuing-1')";
    execute(&database, hidden).await;
    let serials = office.report_lost(&official).await;
    office.listed(&serials[0]).await;
    assert!(ocsp::status_of(&office, &leaf(&collected)).contains(": revoked"));
    for name in ["evil", "ca/evil", "ca/public/evil", "ca/public/crl/evil"] {
        assert!(!office.path(name).exists(), "{name}");
    }
    let list = std::fs::read(office.path("ca/public/crl/issuing-1/0.crl")).unwrap();
    let list = pki::crl::RevocationList::read(&list).unwrap();
    assert!(list.number() < 100_000);
    let numbered = office.path(&format!("ca/public/crl/issuing-1/0/{}.crl", list.number()));
    assert!(numbered.exists());
    tests::invariants::hold(&office).await;
}

/// Rows that say nothing of a revoked certificate, or somebody else's name: its key is certified
/// for nobody, neither for its owner nor for another person.
#[tokio::test]
async fn a_row_decides_nothing_about_a_key() {
    let office = Office::open().await;
    let (mut official, _) = office.official("王小明", "sz-office").await;
    let serials = office.report_lost(&official).await;
    office.listed(&serials[0]).await;
    let database = office.database().await;
    execute(&database, "delete from revocation").await;
    for serial in &serials {
        execute(&database, &format!("delete from certificate where serial = '{serial}'")).await;
    }
    for name in ["王小明", "李丹"] {
        let person = match name {
            "王小明" => official.letter.person.clone(),
            _ => office.register(name, "sz-office").await,
        };
        let mut again = office.letter(&person, "official");
        std::mem::swap(&mut again.signer, &mut official.signer);
        let record = office.look_up(&again).await;
        let submit = again.submit(&record.challenge, &again.request(), "cli");
        assert_eq!(tests::people::code(office.public().submit(&submit).await), "key-foreign");
        std::mem::swap(&mut again.signer, &mut official.signer);
    }
}

/// A forged record about a list or a snapshot hides none.
#[tokio::test]
async fn a_forged_record_of_a_list_hides_none() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let database = office.database().await;
    let forged = Event::Crl {
        issuer: "issuing-1".into(),
        number: 1_000_000,
        sha256: tests::random::<32>().into(),
        this_update: "2026-11-24T08:00:00Z".into(),
        next_update: "2027-11-24T08:00:00Z".into(),
        entries: 0,
    };
    forge(&database, forged).await;
    let serials = office.report_lost(&official).await;
    office.listed(&serials[0]).await;
    assert!(ocsp::status_of(&office, &leaf(&collected)).contains(": revoked"));
}
