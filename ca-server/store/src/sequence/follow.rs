//! Where a piece of a run stands to what the log has of it.

use crate::entry;
use crate::run::{RunEntry, VerifiedRun};
use crate::runs::{self, Reached};
use store::Tx;

/// What became of a piece of a run.
pub enum RunOutcome {
    /// All of it stands in the log: indexes of the first records of pieces, with their counts.
    Stands(Vec<(u64, u64)>),
    /// The log lacks what comes before it.
    Gap,
    /// One of its records is another than the log has.
    Forked {
        /// Its number in the run.
        aseq: u64,
        /// Its entry.
        other: [u8; 32],
        /// The entry, or chain value, that the log has.
        known: Vec<u8>,
    },
}

pub(super) enum Follows {
    /// So many of them the log has already, at these places; the rest continues it.
    New(usize, Vec<(u64, u64)>),
    Refused(RunOutcome),
}

/// Compares a piece with what the log has of its run.
pub(super) async fn follow(
    tx: &mut Tx,
    (count, chain): Reached,
    run: &VerifiedRun,
) -> anyhow::Result<Follows> {
    if run.first > count {
        return Ok(Follows::Refused(RunOutcome::Gap));
    }
    let old = usize::try_from(count - run.first).unwrap_or(usize::MAX).min(run.entries.len());
    let mut places = Vec::new();
    for (at, one) in run.entries.iter().take(old).enumerate() {
        let aseq = run.first + at as u64;
        match stored(tx, run, aseq, one).await? {
            Some((index, entry)) if entry == one.entry => add(&mut places, index, 1),
            found => {
                let known = found.map(|(_, entry)| entry).unwrap_or_default();
                return Ok(forked(aseq, one, known));
            }
        }
    }
    // What is new continues the chain that the log has; its first link was verified against the
    // rest.
    let continues = old > 0 || run.before == chain;
    match run.entries.get(old) {
        Some(one) if !continues => Ok(forked(count, one, chain.to_vec())),
        _ => Ok(Follows::New(old, places)),
    }
}

fn forked(aseq: u64, one: &RunEntry, known: Vec<u8>) -> Follows {
    Follows::Refused(RunOutcome::Forked { aseq, other: one.entry, known })
}

/// Index and entry under a number of the run; what an older version numbered is found by its id.
async fn stored(
    tx: &mut Tx,
    run: &VerifiedRun,
    number: u64,
    one: &RunEntry,
) -> anyhow::Result<Option<(u64, Vec<u8>)>> {
    if let Some(found) = runs::entry(tx, &run.agent, run.epoch(), number).await? {
        return Ok(Some(found));
    }
    Ok(entry::by_id(tx, &one.id.0).await?)
}

/// Adds a piece to places that stand side by side where they do.
pub(super) fn add(places: &mut Vec<(u64, u64)>, index: u64, count: u64) {
    match places.last_mut() {
        Some((first, length)) if *first + *length == index => *length += count,
        _ => places.push((index, count)),
    }
}
