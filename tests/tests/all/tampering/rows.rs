//! `docs/rows.md`, done: every hand in every table of a running city, and what it achieves.

use super::published;
use crate::ocsp;
use portal_api::Pages;
use sqlx::AnyPool;
use std::collections::{BTreeMap, BTreeSet};
use tests::Office;
use tests::processes::{is_postgres, until};

/// What the page says of one table.
struct Row {
    changed: String,
    inserted: String,
    deleted: String,
}

/// The page: the claims of each table.
fn page() -> BTreeMap<String, Row> {
    let text = include_str!("../../../../docs/rows.md");
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let tables = text.lines().filter(|line| line.starts_with("| `")).map(cells);
    let row = |cells: Vec<String>| match cells.as_slice() {
        [table, _, _, changed, inserted, deleted] => {
            for claim in [changed, inserted, deleted] {
                assert!(["nothing", "refused", "stops"].contains(&claim.as_str()), "{claim}");
            }
            let [changed, inserted, deleted] = [changed, inserted, deleted].map(Clone::clone);
            (table.trim_matches('`').to_owned(), Row { changed, inserted, deleted })
        }
        other => panic!("{other:?}"),
    };
    tables.map(row).collect()
}

/// How a hand changes a row of a table, and how it adds one. Tables that are named nowhere here
/// have no test, which is an error.
const HANDS: &[(&str, &str, &str)] = &[
    (
        "unit",
        "update unit set parent = null, open = 0",
        "insert into unit values ('u-9', 'x', 1, null, 1)",
    ),
    (
        "person",
        "update person set name = 'X', unit_id = 'sz-finance'",
        "insert into person values ('P999999999999999', 'sz-office', 1, 0, 'X', '[]')",
    ),
    (
        "role_grant",
        "update role_grant set scope = 'shangluo'",
        "insert into role_grant select person_id, 'security-administrator', 'shangluo' from person \
         where person_id not in (select person_id from role_grant \
         where role = 'security-administrator')",
    ),
    (
        "portal",
        "update portal set open = 0, public_host = 'x.localhost'",
        "insert into portal values ('portal-9', 'shangluo', 'a.localhost', 'b.localhost', 1)",
    ),
    (
        "profile",
        "update profile set version = version + 7",
        "insert into profile select 'anybody', version, digest from profile \
         where profile_id = 'official'",
    ),
    (
        "agent",
        "update agent set open = 1 - open, unit_id = 'shangluo'",
        "insert into agent select 'agent-9', 'shangluo', 'oa', digest, 1 from profile \
         where profile_id = 'official'",
    ),
    (
        "bundle",
        "update bundle set version = version + 50",
        "insert into bundle select version + 9, order_digest from bundle",
    ),
    (
        "letter",
        "update letter set loss_sha256 = lookup_sha256, lost = 0, expires = 9999999999",
        "insert into letter select '9999999999999999', person_id, profile_id, label, \
         lookup_sha256, loss_sha256, bind_page, bind_cli, expires, 0 from letter limit 1",
    ),
    (
        "join_token",
        "update join_token set sealed = order_digest",
        "insert into join_token select digest, 'agent-9', digest from profile limit 1",
    ),
    (
        "ordered",
        "update ordered set state = 'done', signature = order_digest",
        "insert into ordered (order_digest, order_id, kind, about, order_bytes, signature, \
         disclosures, files, made, expires, state) select digest, '9999999999999999', 'issue', \
         'x', digest, digest, '[]', '[]', 1, 9999999999, 'open' from profile limit 1",
    ),
    (
        "approval",
        "update approval set approval = '{}'",
        "insert into approval select digest, 'P999999999999999', '{}', 1 from profile limit 1",
    ),
    (
        "consumed_approval",
        "update consumed_approval set person_id = person_id || 'X'",
        "insert into consumed_approval (order_digest, person_id) \
         select digest, 'P999999999999999' from profile limit 1",
    ),
    (
        "declined",
        "update declined set record_id = order_digest",
        "insert into declined select digest, digest from profile limit 1",
    ),
    (
        "intent",
        "update intent set state = 'recorded', tbs = mac",
        "insert into intent select '11223344', digest, 'official', 'x', null, digest, digest, \
         'recorded' from profile limit 1",
    ),
    (
        "certificate",
        "update certificate set certificate = key_sha256, reference = null, subject = 'x'",
        "insert into certificate select '11223344', under, 'x', profile_id, null, key_sha256, \
         9999999999, certificate, record_id from certificate limit 1",
    ),
    (
        "revocation",
        "update revocation set at = 1, not_after = 1",
        "insert into revocation select serial, 1, 'superseded', 9999999999 from certificate \
         where serial not in (select serial from revocation)",
    ),
    (
        "crl",
        "update crl set list = (select l.list from crl l where l.issuer = crl.issuer \
         order by l.number limit 1)",
        "insert into crl select issuer, shard, number + 100000, this_update, next_update, list \
         from crl where number = (select max(number) from crl where issuer = 'issuing-1') \
         and issuer = 'issuing-1'",
    ),
    (
        "people_snapshot",
        "update people_snapshot set snapshot = signature",
        "insert into people_snapshot select 'agent-9', 900, digest, digest from profile limit 1",
    ),
    (
        "disclosure",
        "update disclosure set value = '\"x\"'",
        "insert into disclosure select digest, '/x', digest, '1' from profile limit 1",
    ),
    (
        "log_pending",
        "update log_pending set record = (select record from log_entry where log_id = 'control' \
         and idx = 3)",
        "insert into log_pending (position, log_id, record_id, record, salt, entry) \
         select 900000, log_id, record_id, record, salt, entry from log_entry \
         where log_id = 'control' and idx = 3",
    ),
    (
        "log_entry",
        "update log_entry set record = salt where log_id = 'control' and idx = 3",
        "insert into log_entry select log_id, (select max(idx) + 1 from log_entry \
         where log_id = 'control'), salt, record, salt, entry from log_entry \
         where log_id = 'control' and idx = 3",
    ),
    (
        "log_head",
        "update log_head set size = size - 1 where log_id = 'control'",
        "insert into log_head select 'other', size, root, checkpoint from log_head \
         where log_id = 'control'",
    ),
    (
        "log_tile",
        "update log_tile set hashes = (select digest from profile limit 1) \
         where log_id = 'control' and level > 0",
        "insert into log_tile select 'other', level, idx, hashes from log_tile \
         where log_id = 'control'",
    ),
    (
        "log_opening",
        "update log_opening set disclosures = '[]'",
        "insert into log_opening values ('other', 1, '[]')",
    ),
    (
        "log_segment",
        "update log_segment set size = size + 1",
        "insert into log_segment values ('other', 1, 0, 1)",
    ),
    (
        "log_posting",
        "update log_posting set block = low",
        "insert into log_posting select 'other', segment, low, block from log_posting \
         where log_id = 'control'",
    ),
    (
        "log_projected",
        "update log_projected set size = 0",
        "insert into log_projected values ('other', 1)",
    ),
    (
        "agent_run",
        "update agent_run set count = 0",
        "insert into agent_run select 'agent-9', digest, 1, digest from profile limit 1",
    ),
    (
        "agent_head",
        "update agent_head set head = signature",
        "insert into agent_head select 'agent-9', digest, 1, digest, digest, digest, 0, 0 \
         from profile limit 1",
    ),
    (
        "notice",
        "update notice set notice = mac",
        "insert into notice select digest, 'mail', 'P999999999999999', digest, digest, 1, \
         'waiting', 0, 0 from profile limit 1",
    ),
    ("lease", "update lease set holder = 'x'", "insert into lease values ('x', 'x', 9999999999)"),
    (
        "founding",
        "update founding set state = 'building'",
        "insert into founding select digest, 'done' from profile where profile_id = 'official'",
    ),
];

/// Tables of the database, those of its library left out.
async fn tables(database: &AnyPool) -> BTreeSet<String> {
    let sql = match is_postgres() {
        true => "select cast(tablename as text) from pg_tables where schemaname = 'public'",
        false => "select name from sqlite_master where type = 'table'",
    };
    let found: Vec<(String,)> = sqlx::query_as(sql).fetch_all(database).await.unwrap();
    let names = found.into_iter().map(|(name,)| name);
    names.filter(|name| !name.starts_with("_sqlx") && !name.starts_with("sqlite_")).collect()
}

async fn execute(database: &AnyPool, sql: &str) {
    let done = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(database).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// What must hold whatever a hand did.
struct Watched {
    /// A certificate that was revoked, and one that was not.
    revoked: pki::Certificate,
    good: pki::Certificate,
    /// Number of the published list.
    list: u64,
    /// Size of the published log.
    size: u64,
}

impl Watched {
    fn published(office: &Office) -> pki::crl::RevocationList {
        let der = std::fs::read(office.path("ca/public/crl/issuing-1/0.crl")).unwrap();
        pki::crl::RevocationList::read(&der).unwrap()
    }

    /// Nothing is taken back, hidden or published.
    fn holds(&mut self, office: &Office, hand: &str) {
        let list = Self::published(office);
        assert!(list.number() >= self.list, "{hand}: the list went back");
        assert!(list.contains(self.revoked.serial()), "{hand}: the list lost an entry");
        assert!(!list.contains(self.good.serial()), "{hand}: the list won an entry");
        self.list = list.number();
        let size = published::size(office);
        assert!(size >= self.size, "{hand}: the published log went back");
        self.size = size;
        let folders = std::fs::read_dir(office.path("ca/public/crl")).unwrap();
        let names: BTreeSet<String> =
            folders.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        let known = ["issuing-1", "root", "root.crl"].map(str::to_owned);
        assert!(names.is_subset(&known.into()), "{hand}: {names:?}");
    }
}

/// Every table stands on the page, and every claim of the page is true.
#[tokio::test]
async fn every_hand_in_every_table_achieves_what_the_page_says() {
    let office = Office::open().await;
    let (lost, collected) = office.official("王小明", "sz-office").await;
    let (_, kept) = office.official("李丹", "sz-office").await;
    let read =
        |one: &records::enrolment::Collected| pki::Certificate::read(&one.chain[0].0).unwrap();
    let (revoked, good) = (read(&collected), read(&kept));
    let serials = office.report_lost(&lost).await;
    office.listed(&serials[0]).await;
    let list = Watched::published(&office).number();
    let mut watched = Watched { revoked, good, list, size: published::size(&office) };

    let database = office.database().await;
    let page = page();
    let named: BTreeSet<String> = page.keys().cloned().collect();
    assert_eq!(named, tables(&database).await, "docs/rows.md and the database");
    let done: BTreeSet<String> = HANDS.iter().map(|(table, ..)| (*table).to_owned()).collect();
    assert!(named.is_subset(&done), "a table without a hand");

    for (table, change, insert) in HANDS.iter().filter(|(table, ..)| page.contains_key(*table)) {
        let row = &page[*table];
        let delete = match table.starts_with("log_") {
            true => format!("delete from {table} where log_id = 'control'"),
            false => format!("delete from {table}"),
        };
        let hands = [(*change, &row.changed), (*insert, &row.inserted), (&*delete, &row.deleted)];
        for (hand, claim) in hands {
            do_one(&office, &database, table, (hand, claim), &mut watched).await;
        }
    }
    drop(database);
    // What was signed goes on: a new list holds the old loss and the new one.
    let (next, _) = office.official("张建国", "sz-office").await;
    let serials = office.report_lost(&next).await;
    office.listed(&serials[0]).await;
    watched.holds(&office, "at the end");
}

/// One hand, what it achieves, and the table as it was.
async fn do_one(
    office: &Office,
    database: &AnyPool,
    table: &str,
    (hand, claim): (&str, &str),
    watched: &mut Watched,
) {
    execute(database, &format!("create table hand as select * from {table}")).await;
    execute(database, hand).await;
    let told = office.admin("status");
    let ready = async || told.get("/readyz").await.is_ok_and(|answer| answer.status() == 200);
    let staff = office.staff(&office.first("officer-1"));
    if claim == "stops" {
        until(&format!("status says what {hand} did"), async || !ready().await).await;
        let refused = async || staff.list(&mut Pages::begin()).await.is_err();
        until(&format!("the issuer answers nothing after {hand}"), refused).await;
    } else {
        let revoked = ocsp::status_of(office, &watched.revoked);
        assert!(revoked.contains(": revoked"), "{hand}: {revoked}");
        let good = ocsp::status_of(office, &watched.good);
        // A certificate that nobody can show is told as unknown, never as good or revoked.
        let fits = good.contains(": good") || (claim == "refused" && good.contains(": unknown"));
        assert!(fits, "{hand}: {good}");
    }
    watched.holds(office, hand);
    match table {
        // What the running log writes meanwhile stays.
        "log_head" | "log_entry" | "log_tile" | "log_opening" | "log_segment" | "log_posting"
        | "log_projected" => {
            let own = "log_id in (select distinct log_id from hand)";
            execute(database, &format!("delete from {table} where not ({own})")).await;
            restore(database, table, hand).await;
        }
        "log_pending" | "lease" => {}
        _ => {
            execute(database, &format!("delete from {table}")).await;
            execute(database, &format!("insert into {table} select * from hand")).await;
        }
    }
    execute(database, "drop table hand").await;
    if claim == "stops" {
        until(&format!("status follows again after {hand}"), ready).await;
        let answers = async || staff.list(&mut Pages::begin()).await.is_ok();
        until(&format!("the issuer answers again after {hand}"), answers).await;
    }
}

/// The rows of a log as they were: those that are missing are put back, those that were changed
/// too.
async fn restore(database: &AnyPool, table: &str, hand: &str) {
    if table == "log_head" {
        execute(database, "delete from log_head where log_id = 'control'").await;
    }
    if hand.starts_with("update") {
        let keys = match table {
            "log_projected" | "log_head" => "h.log_id = t.log_id",
            "log_tile" => "h.log_id = t.log_id and h.level = t.level and h.idx = t.idx",
            "log_segment" => "h.log_id = t.log_id and h.segment = t.segment",
            "log_posting" => "h.log_id = t.log_id and h.segment = t.segment and h.low = t.low",
            _ => "h.log_id = t.log_id and h.idx = t.idx",
        };
        let gone =
            format!("delete from {table} as t where exists (select 1 from hand h where {keys})");
        execute(database, &gone).await;
    }
    let back = format!("insert into {table} select * from hand where true on conflict do nothing");
    execute(database, &back).await;
}
