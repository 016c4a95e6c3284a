//! `docs/rows.md`, done: every hand in every table of a running city, and what it achieves.

mod edits;
mod probes;

use super::published;
use crate::ocsp;
use edits::{HANDS, JSON, MAY_BE_EMPTY, emptied};
use portal_api::Pages;
use probes::Probes;
use sqlx::AnyPool;
use std::collections::{BTreeMap, BTreeSet};
use tests::Office;
use tests::processes::{is_postgres, until};

/// What the page says of one table.
struct DocumentedTable {
    changed: String,
    inserted: String,
    deleted: String,
}

/// The page: the claims of each table.
fn page() -> BTreeMap<String, DocumentedTable> {
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
            (table.trim_matches('`').to_owned(), DocumentedTable { changed, inserted, deleted })
        }
        other => panic!("{other:?}"),
    };
    tables.map(row).collect()
}

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

/// Does it; how many rows it touched.
async fn execute(database: &AnyPool, sql: &str) -> u64 {
    let done = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(database).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected()
}

/// Waits until every table has rows that a hand can touch.
async fn every_table_has_rows(database: &AnyPool) {
    for (table, ..) in HANDS {
        if MAY_BE_EMPTY.iter().any(|(empty, _)| empty == table) {
            continue;
        }
        let rows = emptied(table).replace("delete from", "select count(*) from");
        until(&format!("{table} has rows"), async || {
            let found: (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(rows.as_str()))
                .fetch_one(database)
                .await
                .unwrap();
            found.0 > 0
        })
        .await;
    }
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
    probes: Probes,
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

/// What somebody asks the application behind the gate for.
const OWN: &str = "/documents/sz-office/2026-001";

/// Every table stands on the page, and every claim of the page is true; then no text that should be
/// JSON and is none keeps anybody from anything.
#[tokio::test]
async fn every_hand_in_every_table_achieves_what_the_page_says() {
    let mut office = Office::open().await;
    office.start("notices", &[]).await;
    let gate = office.gate().await;
    office.rules(2, &[("exchange.toml", "application =", "# v2\napplication =")]).await;
    let passing = office.gate_official("王安", "sz-office").await;
    gate.until_status(&office, &passing, OWN, 200).await;
    let (lost, collected) = office.official("王小明", "sz-office").await;
    let kept = office.official("李丹", "sz-office").await;
    let (revoked, good) = (leaf(&collected), leaf(&kept.1));
    let serials = office.report_lost(&lost).await;
    office.listed(&serials[0]).await;
    let probes = Probes::begin(&office, kept).await;

    let database = office.database().await;
    let page = page();
    let named: BTreeSet<String> = page.keys().cloned().collect();
    assert_eq!(named, tables(&database).await, "docs/rows.md and the database");
    let done: BTreeSet<String> = HANDS.iter().map(|(table, ..)| (*table).to_owned()).collect();
    assert!(named.is_subset(&done), "a table without a hand");
    every_table_has_rows(&database).await;
    // What they would write meanwhile is not put back.
    office.stop("agent");
    office.stop("notices");

    let list = Watched::published(&office).number();
    let mut watched = Watched { revoked, good, list, size: published::size(&office), probes };
    for (table, change, insert) in HANDS.iter().filter(|(table, ..)| page.contains_key(*table)) {
        let row = &page[*table];
        let delete = emptied(table);
        let hands = [
            ('c', *change, &row.changed),
            ('i', *insert, &row.inserted),
            ('d', delete.as_str(), &row.deleted),
        ];
        for (kind, hand, claim) in hands {
            do_one(&office, &database, table, (kind, hand, claim), &mut watched).await;
        }
    }
    watched.probes.end(&office).await;
    office.start("notices", &[]).await;
    office.start("agent", &[]).await;
    gate.until_status(&office, &passing, OWN, 200).await;
    goes_on(&office, "张建国", &mut watched).await;
    for (table, column) in JSON {
        let touched = execute(&database, &format!("update {table} set {column} = '{{\"'")).await;
        assert!(touched > 0, "{table}.{column}");
    }
    goes_on(&office, "吴新", &mut watched).await;
}

fn leaf(collected: &records::enrolment::CollectedCertificate) -> pki::Certificate {
    pki::Certificate::read(&collected.chain[0].0).unwrap()
}

/// What was signed goes on: somebody gets a certificate and loses it, and a new list holds the old
/// loss and the new one.
async fn goes_on(office: &Office, name: &str, watched: &mut Watched) {
    let (next, collected) = office.official(name, "sz-office").await;
    assert!(ocsp::status_of(office, &leaf(&collected)).contains(": good"), "{name}");
    assert!(ocsp::status_of(office, &watched.revoked).contains(": revoked"), "{name}");
    let serials = office.report_lost(&next).await;
    office.listed(&serials[0]).await;
    watched.holds(office, name);
}

/// Keeps a table's rows as they are. The index is made anew after the hands before it, in its own
/// time: a copy without it would put back nothing.
async fn copy(database: &AnyPool, table: &str) {
    let sql = format!("create table hand as select * from {table}");
    until("the index has come to it", async || {
        execute(database, &sql).await;
        let is_copied = table != "log_posting" || has_rows_of_control(database).await;
        if !is_copied {
            execute(database, "drop table hand").await;
        }
        is_copied
    })
    .await;
}

async fn has_rows_of_control(database: &AnyPool) -> bool {
    let sql = "select count(*) from hand where log_id = 'control'";
    let (count,): (i64,) = sqlx::query_as(sql).fetch_one(database).await.unwrap();
    count > 0
}

/// One hand, what it achieves, and the table as it was.
async fn do_one(
    office: &Office,
    database: &AnyPool,
    table: &str,
    (kind, hand, claim): (char, &str, &str),
    watched: &mut Watched,
) {
    let probe = probes::of(table, kind);
    let fresh = watched.probes.letter_for(office, probe);
    copy(database, table).await;
    let touched = execute(database, hand).await;
    let may_be_empty = MAY_BE_EMPTY.iter().any(|(empty, _)| *empty == table);
    assert!(touched > 0 || (may_be_empty && kind != 'i'), "{hand} touched nothing");
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
    if let Some(probe) = probe {
        let goes_on = watched.probes.goes_on(office, probe, fresh.as_ref()).await;
        assert_eq!(goes_on, claim == "nothing", "{hand}: {claim}");
    }
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
        // A tile that the log wrote anew meanwhile holds more than it did.
        let more = match table {
            "log_tile" => {
                " and t.hashes = (select digest from profile where profile_id = 'official')"
            }
            _ => "",
        };
        let gone = format!(
            "delete from {table} as t where exists (select 1 from hand h where {keys}){more}"
        );
        execute(database, &gone).await;
    }
    let back = format!("insert into {table} select * from hand where true on conflict do nothing");
    execute(database, &back).await;
}
