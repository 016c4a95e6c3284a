//! Takes records of an agent's run: in order, without holes, idempotent, each chained to the one
//! before; answers when every one of them stands in the log, with the proof of it.

use super::call::AgentCall;
use crate::state::LogState;
use axum::Json;
use axum::extract::State;
use ca_api::{EntryPlace, SpoolAck, Spooled};
use ca_store::TreeView;
use ca_store::ledger;
use ca_store::proof::Tiles;
use ca_store::run::{LOG, VerifiedRun};
use ca_store::sequence::RunOutcome;
use records::access::SignedHead;
use records::record::Event;
use records::{Bytes, Code};
use service::problem::Refused;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tlog::merkle::Hash;

const RECORDS_MAX: usize = 1_024;
/// After an alarm about an agent this long none is recorded about it.
const FORKS_PAUSE: Duration = Duration::from_secs(60);

/// `POST /v1/spool`
pub(super) async fn spool(
    State(state): State<Arc<LogState>>,
    call: AgentCall<Spooled>,
) -> Result<Json<SpoolAck>, Refused> {
    state.answered("spool", take(&state, call).await)
}

async fn take(state: &LogState, call: AgentCall<Spooled>) -> Result<SpoolAck, Code> {
    let AgentCall { certificate, agent, message } = call;
    if message.records.is_empty() || message.records.len() > RECORDS_MAX {
        return Err(Code::TooLarge);
    }
    let Spooled { records, head, known } = message;
    let run = verified(agent, certificate, head, records).await?;
    let entries: Vec<_> = (0..run.count()).filter_map(|at| run.at(at)).collect();
    let name = (run.agent().to_owned(), run.epoch().clone());
    let (outcome, view) = state.intake.sequence(run).await.ok_or(Code::LogBehind)?;
    match outcome {
        RunOutcome::Stands(places) => acknowledged(state, &places, known, &view).await,
        RunOutcome::Gap => Err(Code::SpoolGap),
        RunOutcome::Forked { at, known } => {
            if let Some((aseq, entry)) = entries.get(at).copied() {
                forked(state, name, (aseq, entry), known).await?;
            }
            Err(Code::SpoolForked)
        }
    }
}

/// Verifies on a thread of its own: hashes and documents by the hundred.
async fn verified(
    agent: String,
    certificate: pki::Certificate,
    head: SignedHead,
    records: Vec<ca_api::SaltedRecord>,
) -> Result<VerifiedRun, Code> {
    let verified = tokio::task::spawn_blocking(move || {
        let submitted = records.into_iter().map(|one| (one.record.0, one.salt, one.disclosures));
        VerifiedRun::verify(&agent, &certificate, head, submitted.collect())
    });
    verified.await.map_err(|_| Code::Unavailable)?
}

/// Records that a run contradicts itself: an alarm that nobody can unwrite. An agent gets one a
/// minute, so that who contradicts himself again and again makes no log grow.
async fn forked(
    state: &LogState,
    (agent, epoch): (String, Bytes),
    (aseq, other): (u64, [u8; 32]),
    known: Vec<u8>,
) -> Result<(), Code> {
    let is_told = {
        let forks = state.forks.lock().unwrap_or_else(PoisonError::into_inner);
        let pauses = forks.last.get(&agent).is_some_and(|at| at.elapsed() < FORKS_PAUSE);
        pauses || forks.known.contains(&other)
    };
    if is_told {
        state.metrics.count("fork", "again");
        return Ok(());
    }
    tracing::error!(agent, aseq, "an agent's records contradict what the log has");
    let event = Event::Forked {
        agent: agent.clone(),
        epoch,
        aseq,
        entry: Bytes(known),
        other: other.into(),
    };
    let mut tx = state.store.write().await.map_err(unavailable)?;
    ledger::write(&mut tx, "log", state.time().micros(), event, &[]).await.map_err(|error| {
        tracing::error!(%error, "fork");
        Code::Unavailable
    })?;
    tx.commit().await.map_err(unavailable)?;
    let mut forks = state.forks.lock().unwrap_or_else(PoisonError::into_inner);
    forks.known.insert(other);
    forks.last.insert(agent, Instant::now());
    drop(forks);
    state.news("control");
    Ok(())
}

/// Proves where the records stand, from memory; what is older is read.
async fn acknowledged(
    state: &LogState,
    places: &[(u64, u64)],
    known: u64,
    view: &TreeView,
) -> Result<SpoolAck, Code> {
    let failed = |error: anyhow::Error| {
        tracing::error!(error = format!("{error:#}"), "acknowledgement");
        Code::Unavailable
    };
    let mut proven = Vec::with_capacity(places.len());
    for (index, count) in places.iter().copied() {
        let hashes = match view.range(index, index + count) {
            Ok(hashes) => hashes,
            Err(_) => {
                older_range(state, (index, index + count), view.size).await.map_err(failed)?
            }
        };
        proven.push(EntryPlace { index, count, hashes: bytes(hashes) });
    }
    if known > view.size {
        // The agent knows a longer tree than this log has.
        return Err(Code::LogBehind);
    }
    let consistency = match view.consistency(known) {
        Ok(hashes) => hashes,
        Err(_) => older_consistency(state, known, view.size).await.map_err(failed)?,
    };
    Ok(SpoolAck {
        checkpoint: view.checkpoint.to_string(),
        consistency: bytes(consistency),
        places: proven,
    })
}

fn bytes(hashes: Vec<Hash>) -> Vec<Bytes> {
    hashes.into_iter().map(Bytes::from).collect()
}

async fn older_range(
    state: &LogState,
    (first, end): (u64, u64),
    size: u64,
) -> anyhow::Result<Vec<Hash>> {
    let mut tx = state.store.read().await?;
    Ok(Tiles::default().range(&mut tx, LOG, (first, end), size).await?)
}

async fn older_consistency(state: &LogState, old: u64, size: u64) -> anyhow::Result<Vec<Hash>> {
    let mut tx = state.store.read().await?;
    Ok(Tiles::default().consistency(&mut tx, LOG, old, size).await?)
}

fn unavailable(error: store::StoreError) -> Code {
    tracing::error!(%error, "spool");
    Code::Unavailable
}
