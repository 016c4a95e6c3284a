//! Finding records by the index, newest first.

use super::auditors::{Auditor, Auditors};
use super::project::projected;
use crate::store::{ledger, lineage};
use anyhow::Context;
use audit::evidence::{Found, Search, SearchAnswer};
use audit::record::{Event, Record};
use audit::{Bytes, Disclosure, term};
use std::collections::BTreeMap;
use store::{Tx, row, rows};

/// Records of one page.
const PAGE: usize = 100;
/// Most records that one page looks at.
const LOOKED_MAX: usize = 5_000;
const CHUNK: i64 = 250;

/// Answers a search within an auditor's scope.
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
    'pages: while before > 0 {
        let indexes = page(tx, log, wanted.first(), before).await?;
        let Some(last) = indexes.last() else { break };
        before = *last;
        for index in &indexes {
            looked += 1;
            if let Some(found) = fits(tx, (auditors, auditor), asked, &wanted, *index).await? {
                answer.found.push(found);
            }
            if answer.found.len() >= PAGE || looked >= LOOKED_MAX {
                answer.before = (*index > 0).then_some(*index);
                break 'pages;
            }
        }
        if indexes.len() < usize::try_from(CHUNK)? {
            break;
        }
    }
    for found in &answer.found {
        names(tx, &found.record.0, &mut answer.names).await?;
    }
    Ok(answer)
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

async fn page(
    tx: &mut Tx,
    log: &str,
    first: Option<&String>,
    before: u64,
) -> anyhow::Result<Vec<u64>> {
    let before = i64::try_from(before)?;
    let found = match first {
        Some(term) => rows!(
            tx,
            (i64,),
            "select idx from log_term where log_id = $1 and term = $2 and idx < $3 \
             order by idx desc limit $4",
            log,
            term::key(term),
            before,
            CHUNK
        )?,
        None => rows!(
            tx,
            (i64,),
            "select idx from log_entry where log_id = $1 and idx < $2 \
             order by idx desc limit $3",
            log,
            before,
            CHUNK
        )?,
    };
    Ok(found.into_iter().filter_map(|(idx,)| u64::try_from(idx).ok()).collect())
}

async fn fits(
    tx: &mut Tx,
    (auditors, auditor): (&Auditors, &Auditor),
    asked: &Search,
    wanted: &[String],
    index: u64,
) -> anyhow::Result<Option<Found>> {
    let Some((bytes, _)) = lineage::stored(tx, &asked.log, index).await? else { return Ok(None) };
    let record = Record::read(&bytes)?;
    let terms = term::terms(&record);
    let all = wanted.iter().all(|term| terms.contains(term));
    let unix = |text: &str| audit::time::read(text);
    let late = asked.from.is_empty() || unix(&asked.from).is_some_and(|t| record.unix() >= t);
    let early = asked.until.is_empty() || unix(&asked.until).is_some_and(|t| record.unix() <= t);
    if !all || !late || !early || !in_scope(auditors, auditor, &record).await? {
        return Ok(None);
    }
    let disclosures = disclosures(tx, &record.id.0).await?;
    Ok(Some(Found { index, record: Bytes(bytes), disclosures }))
}

/// An auditor of a unit sees what people of that unit did.
async fn in_scope(
    auditors: &Auditors,
    auditor: &Auditor,
    record: &Record,
) -> Result<bool, audit::Code> {
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

/// Adds the names of people in a record, as the register has them.
async fn names(
    tx: &mut Tx,
    bytes: &[u8],
    names: &mut BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let record = Record::read(bytes)?;
    for term in term::terms(&record) {
        let Some(person) = term.strip_prefix("person:") else { continue };
        if names.contains_key(person) {
            continue;
        }
        let found =
            row!(&mut *tx, (String,), "select name from person where person_id = $1", person)?;
        if let Some((name,)) = found {
            names.insert(person.to_owned(), name);
        }
    }
    Ok(())
}
