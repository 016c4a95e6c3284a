//! Finding records by the index, newest first.

use super::auditors::{Auditor, Auditors};
use super::project::projected;
use anyhow::Context;
use ca_store::ledger;
use records::evidence::{Found, Search, SearchAnswer};
use records::record::{Event, Record};
use records::{Bytes, Disclosure, term};
use std::collections::{BTreeMap, BTreeSet};
use store::{Tx, rows};

/// Records of one page.
const PAGE: usize = 100;
/// Most records that one page looks at.
const LOOKED_MAX: usize = 5_000;
/// Records read with one query.
const READ: usize = PAGE;

/// Answers a search within an auditor's scope, without what opens commitments.
pub(super) async fn search(
    tx: &mut Tx,
    auditors: &Auditors,
    auditor: &Auditor,
    asked: &Search,
) -> anyhow::Result<SearchAnswer> {
    let log = asked.log.as_str();
    let (_, _, checkpoint) = ledger::head(tx, log).await?.context("head")?;
    let complete_to = projected(tx, log).await?;
    let wanted = wanted(asked);
    let mut answer = SearchAnswer {
        found: Vec::new(),
        names: BTreeMap::new(),
        before: None,
        complete_to,
        checkpoint,
    };
    let mut before = asked.before.unwrap_or(complete_to).min(complete_to);
    let mut looked = 0;
    let mut people = BTreeSet::new();
    'pages: while before > 0 {
        let records = page(tx, log, wanted.first(), before).await?;
        let full = records.len() == READ;
        for (index, bytes) in records {
            before = index;
            looked += 1;
            let record = Record::read(&bytes)?;
            let terms = term::terms(&record);
            if fits(asked, &wanted, &record, &terms) && in_scope(auditors, auditor, &record).await?
            {
                let person = |term: &String| term.strip_prefix("person:").map(str::to_owned);
                people.extend(terms.iter().filter_map(person));
                let record = Bytes(bytes);
                answer.found.push(Found { index, record, disclosures: Vec::new() });
            }
            if answer.found.len() >= PAGE || looked >= LOOKED_MAX {
                answer.before = (index > 0).then_some(index);
                break 'pages;
            }
        }
        if !full {
            break;
        }
    }
    answer.names = names(tx, people).await?;
    Ok(answer)
}

/// Adds what opens the commitments of the records that were found.
pub(super) async fn open(tx: &mut Tx, answer: &mut SearchAnswer) -> anyhow::Result<()> {
    for found in &mut answer.found {
        let record = Record::read(&found.record.0)?;
        found.disclosures = disclosures(tx, &record.id.0).await?;
    }
    Ok(())
}

/// Terms that a record must have, the rarest kind first.
fn wanted(asked: &Search) -> Vec<String> {
    let all = [
        (&asked.request, "request"),
        (&asked.reference, "reference"),
        (&asked.serial, "serial"),
        (&asked.resource, "resource"),
        (&asked.person, "person"),
        (&asked.outcome, "outcome"),
        (&asked.application, "application"),
        (&asked.kind, "kind"),
    ];
    let given = all.into_iter().filter(|(value, _)| !value.is_empty());
    given.map(|(value, name)| format!("{name}:{value}")).collect()
}

/// The next records before an index, newest first, with their bytes.
async fn page(
    tx: &mut Tx,
    log: &str,
    first: Option<&String>,
    before: u64,
) -> anyhow::Result<Vec<(u64, Vec<u8>)>> {
    let (before, limit) = (i64::try_from(before)?, i64::try_from(READ)?);
    let found = match first {
        Some(term) => rows!(
            tx,
            (i64, Vec<u8>),
            "select t.idx, e.record from (select log_id, idx from log_term \
             where log_id = $1 and term = $2 and idx < $3 order by idx desc limit $4) t \
             join log_entry e on e.log_id = t.log_id and e.idx = t.idx order by t.idx desc",
            log,
            term::key(term),
            before,
            limit
        )?,
        None => rows!(
            tx,
            (i64, Vec<u8>),
            "select idx, record from log_entry where log_id = $1 and idx < $2 \
             order by idx desc limit $3",
            log,
            before,
            limit
        )?,
    };
    found.into_iter().map(|(index, bytes)| Ok((u64::try_from(index)?, bytes))).collect()
}

/// Whether a record has every term that is wanted, within the times that were asked for.
fn fits(asked: &Search, wanted: &[String], record: &Record, terms: &[String]) -> bool {
    let all = wanted.iter().all(|term| terms.contains(term));
    let unix = |text: &str| records::time::read(text);
    let late = asked.from.is_empty() || unix(&asked.from).is_some_and(|t| record.unix() >= t);
    let early = asked.until.is_empty() || unix(&asked.until).is_some_and(|t| record.unix() <= t);
    all && late && early
}

/// An auditor of a unit sees what people of that unit did.
async fn in_scope(
    auditors: &Auditors,
    auditor: &Auditor,
    record: &Record,
) -> Result<bool, records::Code> {
    if auditor.scopes.is_none() {
        return Ok(true);
    }
    let unit = match &record.event {
        Event::Decision(decision) => Some(decision.unit.clone()),
        Event::Connection(seen) => auditors.unit_of(&seen.person).await?,
        Event::Issued { subject, .. } => auditors.unit_of(subject).await?,
        _ => None,
    };
    match unit {
        Some(unit) => auditors.covers(auditor, &unit).await,
        None => Ok(false),
    }
}

/// What opens the commitments of a record.
pub(super) async fn disclosures(tx: &mut Tx, record_id: &[u8]) -> anyhow::Result<Vec<Disclosure>> {
    let found = rows!(
        tx,
        (String, Vec<u8>, String),
        "select path, salt, value from disclosure where record_id = $1 order by path",
        record_id
    )?;
    let open = |(path, salt, value): (String, Vec<u8>, String)| {
        Ok(Disclosure { path, salt: Bytes(salt), value: serde_json::from_str(&value)? })
    };
    found.into_iter().map(open).collect()
}

/// Names of people, as the register has them.
async fn names(tx: &mut Tx, people: BTreeSet<String>) -> anyhow::Result<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    let mut people = people.into_iter();
    while let Some(first) = people.next() {
        // One statement for eight people; whoever is missing from the last one has no name.
        let mut next = || people.next().unwrap_or_default();
        names.extend(rows!(
            tx,
            (String, String),
            "select person_id, name from person \
             where person_id in ($1, $2, $3, $4, $5, $6, $7, $8)",
            &first,
            next(),
            next(),
            next(),
            next(),
            next(),
            next(),
            next()
        )?);
    }
    Ok(names)
}
