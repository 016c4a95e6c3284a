//! Brakes of our own that wait for the tree and that no journal has: a process was killed between
//! its commit and its journal, a commit that was given up became durable after all, or the journal
//! took nothing. Nobody was told; but whoever asks again is answered that it is done, so each is
//! told from now on.

use crate::answered_brakes::AnswerJournal;
use crate::error::IssuerError;
use crate::state::{MAKER, State};
use authority::signed_digest;
use ca_store::record::{self, NewRecord};
use ca_store::replay::{LOG, Replay};
use service::Metrics;
use std::collections::HashSet;
use store::{Tx, pending};

/// Pending records of one look.
const WAITING_STEP: i64 = 10_000;
/// Every brake of ours is shorter, in bytes: a longer one is of a hand that blew up what we wrote,
/// and no journal takes it.
const RECORD_BYTES_MAX: usize = 512 << 10;

/// Takes up what waits and only takes away, for the journal: each once, however many copies of it a
/// hand made under other ids.
pub(crate) async fn adopted(
    tx: &mut Tx,
    replay: &Replay,
    state: &mut State,
) -> Result<Vec<NewRecord>, IssuerError> {
    state.is_unadopted = false;
    let (mut adopted, mut after) = (Vec::new(), 0);
    let mut known: HashSet<[u8; 32]> =
        state.told.all().filter_map(|one| signed_digest(&one.record.event)).collect();
    loop {
        let waiting = pending::waiting(tx, LOG, after, WAITING_STEP).await?;
        let Some((last, _)) = waiting.last() else { return Ok(adopted) };
        after = *last;
        for (_, row) in &waiting {
            let Some(record) = record::read(LOG, row, replay.known()) else { continue };
            let is_own = record.maker == MAKER && state.authority().is_of_brake(&record.event);
            let Ok(salt) = row.salt.as_slice().try_into() else { continue };
            let is_ours = is_own && row.record.len() <= RECORD_BYTES_MAX;
            if !is_ours || state.told.has(&record.id) {
                continue;
            }
            if signed_digest(&record.event).is_some_and(|said| known.insert(said)) {
                let (record, bytes) = ((*record).clone(), row.record.clone());
                let one = NewRecord { record, bytes, salt, disclosures: Vec::new() };
                state.told.tell(&one);
                adopted.push(one);
            }
        }
    }
}

/// The same while the role runs, if there is such a record: kept in the journal before a command is
/// decided by it. A journal that takes nothing keeps no round back: it is told, and tried by the
/// next one.
pub(crate) async fn adopt(
    tx: &mut Tx,
    (replay, journal): (&Replay, &mut AnswerJournal),
    state: &mut State,
    metrics: &Metrics,
) -> Result<(), IssuerError> {
    if !state.is_unadopted {
        return Ok(());
    }
    let before = state.told.clone();
    let new = adopted(tx, replay, state).await?;
    let problem = match journal.keep(&new, &state.told) {
        Ok(()) => {
            if !new.is_empty() {
                tracing::warn!(count = new.len(), "committed, and not told: told from now on");
            }
            String::new()
        }
        Err(error) => {
            (state.told, state.is_unadopted) = (before, true);
            format!("what was done is not kept as told: {error:#}")
        }
    };
    metrics.condition("adopt", &problem);
    Ok(())
}
