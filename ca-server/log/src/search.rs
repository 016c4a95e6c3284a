//! Finding records by the index, newest first.

use super::auditors::{Auditor, Auditors};
use anyhow::Context;
use ca_store::{index, ledger, shown};
use records::evidence::{Found, Search, SearchAnswer};
use records::record::{Event, Record};
use records::{Bytes, term};
use std::collections::{BTreeMap, BTreeSet};
use store::Tx;

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
    let complete_to = index::projected(tx, log).await?;
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
    let names = shown::names(tx, people.into_iter().collect()).await?;
    answer.names = names.into_iter().collect();
    Ok(answer)
}

/// Adds what opens the commitments of the records that were found.
pub(super) async fn open(tx: &mut Tx, log: &str, answer: &mut SearchAnswer) -> anyhow::Result<()> {
    for found in &mut answer.found {
        let record = Record::read(&found.record.0)?;
        found.disclosures = ledger::openings(tx, log, found.index, &record.id.0).await?;
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
    let Some(term) = first else { return Ok(ledger::newest(tx, log, before, READ).await?) };
    let places = index::newest(tx, log, term, (before, READ)).await?;
    Ok(ledger::records(tx, log, &places).await?)
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
        Event::Read { person, .. } | Event::Notified { person, .. } => {
            auditors.unit_of(person).await?
        }
        Event::Issued { subject, .. } => auditors.unit_of(subject).await?,
        _ => None,
    };
    match unit {
        Some(unit) => auditors.covers(auditor, &unit).await,
        None => Ok(false),
    }
}
