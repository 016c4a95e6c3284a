//! Where a piece of a run stands to what the log has of it.

use crate::entry;
use crate::run::{RunEntry, VerifiedRun};
use crate::runs::{self, Known, Reached};
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
    let (mut places, end) = (Vec::new(), run.first + old as u64);
    let mut known = match old {
        0 => Known::new(),
        _ => runs::entries(tx, &run.agent, run.epoch(), (run.first, end)).await?,
    };
    for (aseq, one) in (run.first..end).zip(&run.entries) {
        let found = match known.remove(&aseq) {
            // What an older version numbered is found by its id.
            None => entry::by_id(tx, &one.id.0).await?,
            found => found,
        };
        match found {
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

/// Adds a piece to places that stand side by side where they do.
pub(super) fn add(places: &mut Vec<(u64, u64)>, index: u64, count: u64) {
    match places.last_mut() {
        Some((first, length)) if *first + *length == index => *length += count,
        _ => places.push((index, count)),
    }
}
