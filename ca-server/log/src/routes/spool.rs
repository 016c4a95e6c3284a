//! Takes records of an agent's run: in order, without holes, idempotent, each chained to the one
//! before; answers when every one of them stands in the log, with the proof of it.

use super::call::AgentBytes;
use crate::state::LogState;
use axum::Json;
use axum::extract::State;
use ca_api::{EntryPlace, SpoolAck};
use ca_host::gates_ahead::GatesAhead;
use ca_store::TreeView;
use ca_store::intake;
use ca_store::proof::Tiles;
use ca_store::run::{LOG, VerifiedRun};
use ca_store::sequence::RunOutcome;
use records::record::Event;
use records::spooled::{Spooled, SpooledError};
use records::{Bytes, Code};
use service::Metrics;
use service::problem::Refused;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tlog::merkle::Hash;

/// After an alarm about an agent this long none is recorded about it.
const FORKS_PAUSE: Duration = Duration::from_secs(60);
/// A piece of so many bytes is verified where it came: to wake another thread for it costs more
/// than its few records do.
const HERE_BYTES_MAX: usize = 16 * 1024;
/// What is told of agents whose runs are refused by rows that nobody signed.
const DAMAGED: &str = "rows of `agent_head` or `log_entry` contradict these agents' runs, and no \
                       signature of theirs does; they are refused until the rows are put back:";

/// Answers `POST /v1/spool`.
pub(super) async fn spool(
    State(state): State<Arc<LogState>>,
    call: AgentBytes,
) -> Result<Json<SpoolAck>, Refused> {
    state.answered("spool", take(&state, call).await)
}

async fn take(state: &LogState, call: AgentBytes) -> Result<SpoolAck, Code> {
    // Judged before it is verified: who hands in too much has nothing read.
    let agent = call.agent.clone();
    let admitted = state.handed_in.admit(&agent, call.bytes.len(), &state.metrics)?;
    let (run, known) = verified(state, call).await?;
    let name = (run.agent().to_owned(), run.epoch().clone());
    let (outcome, view) = state.intake.sequence(run).await.ok_or(Code::LogBehind)?;
    hear(&state.gates_ahead, &name.0, (known, view.size), &state.metrics);
    let is_damaged = match &outcome {
        RunOutcome::Damaged => true,
        // Another key's signature is a hand's: it accuses nobody.
        RunOutcome::Forked { signer, .. } => !had(state, &name.0, signer.clone()).await?,
        RunOutcome::Stands(_) | RunOutcome::Gap => false,
    };
    tell_damaged(state, &name.0, is_damaged);
    match outcome {
        RunOutcome::Stands(places) => {
            admitted.was_taken();
            acknowledged(state, &places, known, &view).await
        }
        RunOutcome::Gap => Err(Code::SpoolGap),
        RunOutcome::Forked { aseq, other, known, .. } if !is_damaged => {
            forked(state, name, (aseq, other), known).await?;
            Err(Code::SpoolForked)
        }
        RunOutcome::Forked { .. } | RunOutcome::Damaged => Err(Code::Unavailable),
    }
}

/// Hears how many records the checkpoint of a gate has, beside how many there are here.
fn hear(gates: &GatesAhead, gate: &str, (there, here): (u64, u64), metrics: &Metrics) {
    gates.hear(gate, &[("records of access", there, here)], metrics);
}

/// Whether it is, or was, the key of an agent.
async fn had(state: &LogState, agent: &str, key: Bytes) -> Result<bool, Code> {
    let name = agent.to_owned();
    let asked = state.follower.ask(move |authority| {
        let agent = authority.agent(&name);
        agent.is_some_and(|agent| agent.keys.contains(&key) || agent.past.contains(&key))
    });
    asked.await
}

/// Tells whose runs are refused by rows that nobody signed.
fn tell_damaged(state: &LogState, agent: &str, is_damaged: bool) {
    let mut forks = state.forks.lock().unwrap_or_else(PoisonError::into_inner);
    let is_new = match is_damaged {
        true => forks.damaged.insert(agent.to_owned()),
        false => forks.damaged.remove(agent),
    };
    if is_new {
        state.metrics.condition("runs", &damaged_text(&forks.damaged));
    }
}

fn damaged_text(agents: &BTreeSet<String>) -> String {
    let agents: Vec<&str> = agents.iter().map(String::as_str).collect();
    if agents.is_empty() { String::new() } else { format!("{DAMAGED} {}", agents.join(", ")) }
}

/// Verifies; on a thread of its own where it is hashes and documents by the thousand. Gives the
/// size of the checkpoint that the agent holds, too.
async fn verified(state: &LogState, call: AgentBytes) -> Result<(VerifiedRun, u64), Code> {
    let turn = state.verifying.turn(&call.agent).await?;
    if call.bytes.len() <= HERE_BYTES_MAX {
        return read(&call);
    }
    let verified = tokio::task::spawn_blocking(move || {
        // Its thread goes on when nobody waits for it any more.
        let _turn = turn;
        read(&call)
    });
    verified.await.map_err(|_| Code::Unavailable)?
}

fn read(call: &AgentBytes) -> Result<(VerifiedRun, u64), Code> {
    let spooled = Spooled::read(&call.bytes).map_err(SpooledError::code)?;
    let run = VerifiedRun::verify(&call.agent, &call.certificate, &spooled)?;
    if call.application.as_deref().is_some_and(|own| !run.is_about(own)) {
        return Err(Code::NotYourRoute);
    }
    Ok((run, spooled.known))
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
        forks.is_told((agent.as_str(), &other), FORKS_PAUSE)
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
    intake::write(&mut tx, "log", state.time().micros(), event, &[]).await.map_err(|error| {
        tracing::error!(%error, "fork");
        Code::Unavailable
    })?;
    tx.commit().await.map_err(unavailable)?;
    let mut forks = state.forks.lock().unwrap_or_else(PoisonError::into_inner);
    forks.told(agent, other);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A gate whose checkpoint has more records than there are here is named until there are as
    /// many; one that has as many, or fewer, is not.
    #[test]
    fn a_gate_whose_checkpoint_is_larger_is_named() {
        let (gates, metrics) = (GatesAhead::default(), Metrics::default());
        for there in [0, 7, 8] {
            hear(&gates, "gate-1", (there, 8), &metrics);
            assert!(metrics.told().is_empty(), "{there}");
        }
        hear(&gates, "gate-1", (9, 8), &metrics);
        let told = metrics.told().concat();
        assert!(told.ends_with(" gate-1 (records of access 9, here 8)"), "{told}");
        hear(&gates, "gate-1", (9, 9), &metrics);
        assert!(metrics.told().is_empty(), "there are as many");
    }
}
