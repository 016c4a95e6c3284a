//! Finding records by the index, newest first.

use super::auditors::{Auditor, Auditors};
use anyhow::{Context, ensure};
use ca_store::proof::Tiles;
use ca_store::{entry, index, names, sequenced};
use records::evidence::{DisclosedRecord, FoundEntry, FoundRecords, Search, SearchAnswer};
use records::lineage::Proven;
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
    let (_, _, checkpoint) = sequenced::head(tx, log).await?.context("head")?;
    let complete_to = index::projected(tx, log).await?;
    let wanted = asked.terms();
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
            if asked.fits(&record, &terms) && in_scope(auditors, auditor, &record).await? {
                let person = |term: &String| term.strip_prefix("person:").map(str::to_owned);
                people.extend(terms.iter().filter_map(person));
                answer.found.push(FoundEntry { index, record: Bytes(bytes) });
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
    // What the row calls them counts for nothing: without a name that opens, an id is shown.
    let authority = auditors.authority().await?;
    let names = names::names(tx, &authority, people.into_iter().collect()).await?;
    answer.names = names.into_iter().collect();
    Ok(answer)
}

/// The same with what an auditor believes it by: each record's proof under the newest checkpoint,
/// and what opens its commitments.
pub(super) async fn prove(
    tx: &mut Tx,
    log: &str,
    answer: SearchAnswer,
) -> anyhow::Result<FoundRecords> {
    let SearchAnswer { found, names, before, complete_to, .. } = answer;
    let (size, _, checkpoint) = sequenced::head(tx, log).await?.context("head")?;
    let mut tiles = Tiles::default();
    let mut records = Vec::with_capacity(found.len());
    for FoundEntry { index, record } in found {
        let (_, salt) = entry::at(tx, log, index).await?.context("record")?;
        let hashes = tiles.inclusion(tx, log, index, size).await?;
        let id = Record::read(&record.0)?.id;
        let disclosures = sequenced::openings(tx, log, index, &id.0).await?;
        let hashes = hashes.into_iter().map(Bytes::from).collect();
        let proven = Proven { record, salt: Bytes(salt), index, hashes };
        records.push(DisclosedRecord { proven, disclosures });
    }
    let consistency = Vec::new();
    Ok(FoundRecords { records, names, before, complete_to, checkpoint, consistency })
}

/// Records with their places, newest first.
type FoundRows = Vec<(u64, Vec<u8>)>;

/// The next records before an index, newest first, with their bytes.
async fn page(
    tx: &mut Tx,
    log: &str,
    first: Option<&String>,
    before: u64,
) -> anyhow::Result<FoundRows> {
    let Some(term) = first else {
        let found = sequenced::newest(tx, log, before, READ).await?;
        return whole((0..before).rev().take(READ), found);
    };
    let places = index::newest(tx, log, term, (before, READ)).await?;
    let found = sequenced::records(tx, log, &places).await?;
    whole(places.into_iter(), found)
}

/// All that has to stand there. A row that was taken away would end the search in silence, as if
/// nothing older fitted.
fn whole(places: impl Iterator<Item = u64>, found: FoundRows) -> anyhow::Result<FoundRows> {
    let is_whole = places.eq(found.iter().map(|(place, _)| *place));
    ensure!(is_whole, "entries are missing");
    Ok(found)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A search goes on to its end, or says that it cannot: no row that is taken away, wherever it
    /// stood, makes older ones unfound.
    #[test]
    fn a_row_that_is_missing_ends_no_search_in_silence() {
        let found = |places: &[u64]| -> FoundRows {
            places.iter().map(|place| (*place, vec![1])).collect()
        };
        let of = |expected: &[u64], places: &[u64]| {
            whole(expected.iter().copied(), found(places)).is_ok()
        };
        assert!(of(&[9, 7, 2], &[9, 7, 2]) && of(&[], &[]));
        for missing in [&[7, 2][..], &[9, 2], &[9, 7], &[]] {
            assert!(!of(&[9, 7, 2], missing), "{missing:?}");
        }
        let all = |before: u64, places: &[u64]| {
            whole((0..before).rev().take(READ), found(places)).is_ok()
        };
        assert!(all(3, &[2, 1, 0]) && !all(3, &[2, 0]) && !all(3, &[2, 1]));
    }
}
