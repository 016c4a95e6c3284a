//! Where a piece of a run stands to what the log has of it.

use crate::run::{LOG, RunEntry, VerifiedRun};
use crate::runs::{self, Known, Reached};
use crate::{entry, proof};
use records::Bytes;
use store::Tx;
use tlog::Edge;

/// What became of a piece of a run.
pub enum RunOutcome {
    /// All of it stands in the log: indexes of the first records of pieces, with their counts.
    Stands(Vec<(u64, u64)>),
    /// The log lacks what comes before it.
    Gap,
    /// One of its records is another than the log has, and both were signed.
    Forked {
        /// Its number in the run.
        aseq: u64,
        /// Its entry.
        other: [u8; 32],
        /// The entry, or chain value, that the log has.
        known: Vec<u8>,
        /// SHA-256 of the key that signed what the log has. Whether it is the agent's, authority
        /// says.
        signer: Bytes,
    },
    /// Rows of the run contradict it, and no signature does: nobody is accused.
    Damaged,
}

pub(super) enum Follows {
    /// So many of them the log has already, at these places; the rest continues it.
    New(usize, Vec<(u64, u64)>),
    Refused(RunOutcome),
}

/// Compares a piece with what the log has of its run, in the tree of this edge.
pub(super) async fn follow(
    tx: &mut Tx,
    reached: Option<Reached>,
    run: &VerifiedRun,
    edge: &Edge,
) -> anyhow::Result<Follows> {
    let Some((count, chain)) = reached else {
        return Ok(Follows::Refused(damaged(run, run.first)));
    };
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
            _ => return Ok(Follows::Refused(contradicted(tx, run, (aseq, one), edge).await?)),
        }
    }
    // What is new continues the chain that the log has; its first link was verified against the
    // rest.
    let continues = old > 0 || run.before == chain;
    let Some(one) = run.entries.get(old).filter(|_| !continues) else {
        return Ok(Follows::New(old, places));
    };
    let signer = runs::signer(tx, &run.agent, run.epoch(), (count, chain)).await?;
    let (other, known) = (one.entry, chain.to_vec());
    let outcome = signer.map_or_else(
        || damaged(run, count),
        |signer| RunOutcome::Forked { aseq: count, other, known, signer },
    );
    Ok(Follows::Refused(outcome))
}

/// What becomes of a piece with a record other than rows say that the log has: a fork where what
/// the log has was signed and stands in the tree. No row accuses an agent.
async fn contradicted(
    tx: &mut Tx,
    run: &VerifiedRun,
    (aseq, one): (u64, &RunEntry),
    edge: &Edge,
) -> anyhow::Result<RunOutcome> {
    let signed = runs::signed_entry(tx, &run.agent, run.epoch(), aseq).await?;
    let Some(signed) = signed.filter(|signed| signed.entry != one.entry) else {
        return Ok(damaged(run, aseq));
    };
    let place = (signed.index, &signed.entry);
    if !proof::holds(tx, LOG, place, (edge.size(), &edge.root())).await? {
        return Ok(damaged(run, aseq));
    }
    let (other, known) = (one.entry, signed.entry.to_vec());
    Ok(RunOutcome::Forked { aseq, other, known, signer: signed.signer })
}

fn damaged(run: &VerifiedRun, aseq: u64) -> RunOutcome {
    tracing::error!(agent = run.agent, aseq, "rows contradict a run, and no signature does");
    RunOutcome::Damaged
}

/// Adds a piece to places that stand side by side where they do.
pub(super) fn add(places: &mut Vec<(u64, u64)>, index: u64, count: u64) {
    match places.last_mut() {
        Some((first, length)) if *first + *length == index => *length += count,
        _ => places.push((index, count)),
    }
}

#[cfg(test)]
mod tests;
