//! Hands in the database: what nobody signed decides nothing, stops every decision, leaves a
//! record, and is mended from the log.

mod brakes;
mod gates;
mod names;
mod orders;
mod pages;
mod published;
mod rows;
mod suspensions;

pub use brakes::{swallow, swallow_no_more};
use records::order::{Body, ORDER_SECONDS};
use records::record::{Event, Record};
use sqlx::AnyPool;
use tests::people::code;
use tests::processes::until;
use tests::{Office, invariants, random};

/// No row decides: whatever hands write into rows and policy files, decisions are what they were;
/// `doctor` names each difference and `doctor --repair` mends it.
#[tokio::test]
async fn what_nobody_signed_decides_nothing() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let applied = office.register_officer("孙核验", "registration-officer", "sz-office").await;
    let sun = applied;
    let (withdrawal, _) = office.draft(&[
        "role",
        "withdraw",
        &sun.letter.person,
        "registration-officer",
        "--scope",
        "sz-office",
    ]);
    office.approve_by_security(&withdrawal).await;
    let (lost, collected) = office.official("李丹", "sz-office").await;
    office.report_lost(&lost).await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    office.listed(&serial).await;

    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let officer = office.first("officer-1");
    office.approve(&officer, &order).await.unwrap();
    let last = office.first("officer-2");
    let export = office.staff(&last).fetch(&order).await.unwrap();
    let approval = last.sign(&export);
    let before = office.look_up(&official).await.stage;

    let hands = hands(&office, &person, &sun.letter.person, &serial);
    let profile = office.path("ca/policies/profiles/official.toml");
    let text = std::fs::read_to_string(&profile).unwrap();
    let longer = text.replace("validity_days = 365", "validity_days = 3650");
    let database = office.database().await;
    for (sql, about) in &hands {
        sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).execute(&database).await.unwrap();
        mended(&office, about);
    }
    std::fs::write(&profile, &longer).unwrap();
    mended(&office, "file profiles/official.toml");
    assert_eq!(std::fs::read_to_string(&profile).unwrap(), text);

    // All of them at once, and nobody mends anything.
    for (sql, _) in &hands {
        sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).execute(&database).await.unwrap();
    }
    std::fs::write(&profile, &longer).unwrap();
    let elsewhere = office.register("陈登记", "sz-finance").await;
    let request = office.apply(&office.letter(&elsewhere, "official")).await;
    let order_of_sun = office.apply(&sun).await;
    office.approve_by_both(&order_of_sun).await;
    let collected = office.collect(&sun).await;
    let sun = office.officer(sun, &collected);
    assert_eq!(code(office.staff(&sun).fetch(&request).await), "not-your-route", "withdrawn");
    // The order goes on as it was signed: for this person, in this unit, for a year.
    assert_eq!(office.look_up(&official).await.stage, before, "nothing was added to it");
    office.staff(&last).approve(&approval).await.unwrap();
    let collected = office.collect(&official).await;
    let issued = pki::Certificate::read(&collected.chain[0].0).unwrap();
    let days = (issued.not_after() - issued.not_before()) / 86_400;
    assert!((364..=366).contains(&days), "{days}");
    assert_eq!(office.look_up(&official).await.units.last().unwrap(), "区政府办公室");
    office.listed(&serial).await;
    let said = office.ca(&["doctor", "--repair"]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
    invariants::hold(&office).await;
}

/// What hands write into rows, and by what name `doctor` tells of it.
fn hands(
    office: &Office,
    person: &str,
    withdrawn: &str,
    serial: &str,
) -> [(String, &'static str); 8] {
    let officer = office.first("officer-1").person;
    [
        (
            format!(
                "insert into role_grant values ('{person}', 'registration-officer', 'shangluo')"
            ),
            "role_grant",
        ),
        (
            format!("update role_grant set scope = 'shangzhou' where person_id = '{officer}'"),
            "role_grant",
        ),
        (
            "insert into portal values ('portal-9', 'shangluo', 'a.localhost', 'b.localhost', 1)"
                .into(),
            "portal portal-9",
        ),
        (
            "update unit set parent = 'shangluo' where unit_id = 'sz-office'".into(),
            "unit sz-office",
        ),
        (
            format!(
                "insert into role_grant values \
                 ('{withdrawn}', 'registration-officer', 'sz-office')"
            ),
            "role_grant",
        ),
        (format!("delete from revocation where serial = '{serial}'"), "revocation"),
        (
            format!("update person set unit_id = 'sz-finance' where person_id = '{person}'"),
            "person",
        ),
        ("update profile set version = 9 where profile_id = 'official'".into(), "profile official"),
    ]
}

fn mended(office: &Office, about: &str) {
    let said = office.ca(&["doctor"]);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert_eq!(said.status.code(), Some(1), "{text}");
    assert!(text.contains(about) && text.contains(" doctor --repair"), "{text}");
    let said = office.ca(&["doctor", "--repair"]);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{text}");
}

/// Records that hands put on their way to the log are numbered like all others, and have no effect.
#[tokio::test]
async fn a_forged_record_has_no_effect() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let export = office.staff(&office.first("officer-1")).fetch(&order).await.unwrap();
    let digest = records::Bytes::from(export.signed.digest());
    let database = office.database().await;

    // An intent, an enacted order and a revocation that nobody approved.
    let forged = [
        Event::Intent {
            order: digest.clone(),
            approvals: Vec::new(),
            serial: "11".repeat(18),
            not_after: "2027-01-01T00:00:00Z".into(),
            tbs_sha256: random::<32>().into(),
            tbs: random::<32>().into(),
            lint: 1,
        },
        Event::Enacted { order: digest.clone(), approvals: Vec::new(), files: Vec::new() },
        Event::Revoked {
            certificates: Vec::new(),
            reason: "superseded".into(),
            cause: records::record::Cause::Order { order: digest },
            approvals: Vec::new(),
            statement: b"{}".as_slice().into(),
            signature: random::<64>().into(),
        },
        Event::Revoked {
            certificates: Vec::new(),
            reason: "keyCompromise".into(),
            cause: records::record::Cause::Left { person: office.first("officer-1").person },
            approvals: Vec::new(),
            statement: b"{}".as_slice().into(),
            signature: random::<64>().into(),
        },
        Event::Letter { statement: b"{}".as_slice().into(), signature: random::<64>().into() },
    ];
    let count = forged.len();
    for event in forged {
        forge(&database, event).await;
    }
    until("every forged record is reported", async || {
        let told = office.refusals().await;
        told.iter().filter(|(code, _)| code == "unsigned-authority").count() >= count
    })
    .await;
    let said = office.ca(&["doctor"]);
    assert_eq!(said.status.code(), Some(1));

    // What is signed goes on: the order was neither consumed nor the officer lost.
    office.approve_by_both(&order).await;
    office.collect(&official).await;
}

/// Old approvals under a new date bring nothing back: what the registry key signed later is the
/// floor.
#[tokio::test]
async fn a_withdrawn_role_does_not_come_back_with_old_records() {
    let mut office = Office::open().await;
    let person = office.register("孙核验", "sz-office").await;
    let words = |what| ["role", what, &person, "registration-officer", "--scope", "sz-office"];
    let (grant, _) = office.draft(&words("grant"));
    office.approve_by_security(&grant).await;
    let (withdrawal, _) = office.draft(&words("withdraw"));
    office.approve_by_security(&withdrawal).await;
    let database = office.database().await;
    let rows: Vec<(Vec<u8>,)> =
        sqlx::query_as("select record from log_entry where log_id = 'control' order by idx")
            .fetch_all(&database)
            .await
            .unwrap();
    let records: Vec<Record> = rows.iter().map(|(bytes,)| Record::read(bytes).unwrap()).collect();
    let is_grant = |order: &records::Bytes| {
        let order = records::Order::read(&order.0).unwrap();
        let Ok(Body::Role(role)) = order.body() else { return false };
        role.action == records::order::RoleAction::Grant
    };
    let position = records
        .iter()
        .position(|record| matches!(&record.event, Event::Order { order, .. } if is_grant(order)));
    let old: Vec<Event> = records[position.unwrap()..]
        .iter()
        .take(8)
        .map(|record| record.event.clone())
        .filter(|event| matches!(event.kind(), "order" | "approval" | "enacted"))
        .take(4)
        .collect();
    assert_eq!(
        old.iter().map(Event::kind).collect::<Vec<_>>(),
        ["order", "approval", "approval", "enacted"]
    );

    // Eight days later, after another order, the old records are put on their way once more.
    office.stop("issuer");
    let later = (ORDER_SECONDS + 86_400).to_string();
    office.start("issuer", &[("YINXIN_CLOCK_OFFSET", &later)]).await;
    office.register("李丹", "sz-office").await;
    for event in old {
        forge(&database, event).await;
    }
    until("the old records are reported", async || {
        office.refusals().await.iter().filter(|(code, _)| code == "unsigned-authority").count() >= 4
    })
    .await;
    let held: (i64,) = sqlx::query_as("select count(*) from role_grant where person_id = $1")
        .bind(&person)
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(held.0, 0);
    assert_eq!(office.ca_refused(&words("withdraw")), "state-conflict", "it is not held");
}

/// A log that goes back to an older head is refused by the issuer, whose own directory remembers.
#[tokio::test]
async fn a_log_that_went_back_is_not_followed() {
    let mut office = Office::open().await;
    let (official, _) = office.official("王小明", "sz-office").await;
    let copy = office.path("copy.db");
    let database = office.database().await;
    office.copy_database(&copy).await;
    let serials = office.report_lost(&official).await;
    office.listed(&serials[0]).await;
    until("the loss is in the tree", async || {
        let waiting: (i64,) =
            sqlx::query_as("select count(*) from log_pending").fetch_one(&database).await.unwrap();
        waiting.0 == 0
    })
    .await;
    for name in ["portal-staff", "portal-public", "issuer", "status", "log"] {
        office.stop(name);
    }
    database.close().await;
    // The database of before the loss, with the issuer's own memory of after it.
    office.put_back(&copy);
    std::fs::remove_file(office.path("ca/issuer/manifest")).unwrap();
    office.spawn("log", &[]);
    office.spawn("issuer", &[]);
    let admin = office.admin("issuer");
    until("the issuer says what is wrong", async || {
        admin.get("/readyz").await.is_ok_and(|answer| {
            String::from_utf8_lossy(answer.body()).contains("unsigned-authority")
        })
    })
    .await;
    let words = ["letter", &official.letter.person, "--json"];
    assert_eq!(office.ca(&words).status.code(), Some(6), "nothing is decided");

    // Without anything of its own it takes no log for the first one: it does not begin.
    office.stop("issuer");
    std::fs::remove_file(office.path("ca/issuer/floor")).unwrap();
    office.spawn("issuer", &[]);
    assert!(!office.ended("issuer").await.success());
}

/// A bind key that is pointed at someone else's row opens nothing.
#[tokio::test]
async fn a_sealed_key_cannot_be_pointed_at_someone_else() {
    let office = Office::open().await;
    let wang = office.register("王小明", "sz-office").await;
    let li = office.register("李丹", "sz-office").await;
    let (own, other) = (office.letter(&wang, "official"), office.letter(&li, "official"));
    let database = office.database().await;
    sqlx::query(
        "update letter set bind_cli = (select bind_cli from letter where reference = $1) \
         where reference = $2",
    )
    .bind(&own.letter.reference)
    .bind(&other.letter.reference)
    .execute(&database)
    .await
    .unwrap();
    let record = office.look_up(&other).await;
    let submit = other.submit(&record.challenge, &other.request(), "cli");
    assert_eq!(code(office.public().submit(&submit).await), "unsigned-authority");
    office.apply(&own).await;
}

/// An intent whose bytes hands exchanged is never signed.
#[tokio::test]
async fn exchanged_bytes_are_not_signed() {
    let mut office = Office::open().await;
    let wang = office.register("王小明", "sz-office").await;
    let official = office.letter(&wang, "official");
    let order = office.apply(&official).await;
    // The issuer stops between the intent and its signature.
    office.stop("issuer");
    office.start("issuer", &[("YINXIN_CRASH_AT", "certify-after-mark")]).await;
    for file in ["officer-1", "officer-2"] {
        let _ = office.approve(&office.first(file), &order).await;
    }
    office.ended("issuer").await;
    let database = office.database().await;
    let (other,): (Vec<u8>,) = sqlx::query_as("select certificate from certificate limit 1")
        .fetch_one(&database)
        .await
        .unwrap();
    let tbs = pki::Certificate::read(&other).unwrap().tbs_der().unwrap();
    sqlx::query("update intent set tbs = $1, state = 'recorded'")
        .bind(tbs)
        .execute(&database)
        .await
        .unwrap();
    office.spawn("issuer", &[]);
    until("the exchanged bytes are reported", async || {
        let told = office.refusals().await;
        told.iter().any(|(code, about)| code == "unsigned-authority" && about.starts_with("intent"))
    })
    .await;
    let count: (i64,) = sqlx::query_as("select count(*) from certificate where reference = $1")
        .bind(&official.letter.reference)
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(count.0, 0);
}

/// Puts a record on its way as hands in the database can.
async fn forge(database: &AnyPool, event: Event) {
    let id: [u8; 16] = random();
    let record = Record {
        v: 1,
        id: id.into(),
        log: "control".into(),
        maker: "issuer".into(),
        time: "2026-11-24T08:00:00.000000Z".into(),
        link: None,
        event,
    };
    let bytes = record.write().unwrap();
    let salt: [u8; 32] = random();
    sqlx::query(
        "insert into log_pending (position, log_id, record_id, record, salt, entry) \
         values ((select coalesce(max(position), 0) + 1 from log_pending), \
         'control', $1, $2, $3, $4)",
    )
    .bind(id.to_vec())
    .bind(&bytes)
    .bind(salt.to_vec())
    .bind(records::record::entry(&salt, &bytes).to_vec())
    .execute(database)
    .await
    .unwrap();
}

/// On PostgreSQL each role has a user of its own, which reads everything and writes only what its
/// role writes; the portal's user reads nothing of the CA.
#[tokio::test]
async fn each_user_of_the_database_writes_its_own_tables_only() {
    let office = Office::founded_on(true);
    sqlx::any::install_default_drivers();
    let tried = async |user: &str, statement: &'static str| -> bool {
        let database = AnyPool::connect(&office.database_as(user)).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        let done = sqlx::query(statement).execute(&mut *tx).await;
        if let Err(error) = &done {
            assert!(error.to_string().contains("permission denied"), "{user}: {error}");
        }
        done.is_ok()
    };
    for (statement, may) in [
        ("delete from person", "issuer"),
        ("delete from certificate", "issuer"),
        ("delete from crl", "issuer"),
        ("delete from role_grant", "issuer"),
        ("update letter set reference = reference", "issuer"),
        ("delete from revocation", "issuer"),
        ("delete from log_pending", "issuer status log notices"),
        ("delete from notice", "notices"),
        ("delete from log_entry", "log"),
        ("delete from log_head", "log"),
        ("delete from log_tile", "log"),
        ("select count(*) from certificate", "issuer status log notices"),
        ("create table mine (one bigint)", ""),
        ("truncate log_entry", ""),
    ] {
        for user in ["issuer", "status", "log", "notices", "portal"] {
            let allowed = may.split(' ').any(|one| one == user);
            assert_eq!(tried(user, statement).await, allowed, "{user}: {statement}");
        }
    }
}
