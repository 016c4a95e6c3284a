//! Takes records of an agent's run: in order, without holes, idempotent, each chained to the one before;
//! answers when every one of them stands in the log, with the proof of it.

use super::LogState;
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::{EntryPlace, SaltedRecord, SpoolAck, Spooled};
use ca_store::{ledger, lineage};
use mtls::Connection;
use pki::Certificate;
use records::access::{CHAIN_START, SignedHead, SpoolHead, chain};
use records::record::{Event, Record, entry};
use records::{Bytes, Code, Problem};
use service::problem::Refused;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use store::{Tx, execute, row};

const LOG: &str = "access";
const RECORDS_MAX: usize = 512;
const LOOK: Duration = Duration::from_millis(4);
const LOOKS_MAX: usize = 2_500;

/// A record of a run, checked.
struct Linked {
    record: Record,
    bytes: Vec<u8>,
    salt: [u8; 32],
    entry: [u8; 32],
    aseq: u64,
}

/// `POST /v1/spool`
pub(super) async fn spool(
    State(state): State<Arc<LogState>>,
    Extension(connection): Extension<Connection>,
    Json(message): Json<Spooled>,
) -> Result<Json<SpoolAck>, Refused> {
    let result = take(&state, &connection, &message).await;
    let outcome = result.as_ref().map_or_else(|code| code.name(), |_| "done");
    state.metrics.count("spool", outcome);
    result.map(Json).map_err(|code| Refused(Problem::new(code, String::new())))
}

async fn take(
    state: &LogState,
    connection: &Connection,
    message: &Spooled,
) -> Result<SpoolAck, Code> {
    let (certificate, agent) = state.services.agent(connection, state.clock.seconds())?;
    let (key, own) = (records::Bytes::from(certificate.key().sha256()), agent.clone());
    let known = state.follower.ask(move |authority| {
        // One that was closed or replaced still hands in what it had.
        authority.agent(&own).is_some_and(|a| a.keys.contains(&key) || a.past.contains(&key))
    });
    if !known.await? {
        return Err(Code::NotYourRoute);
    }
    if message.records.is_empty() || message.records.len() > RECORDS_MAX {
        return Err(Code::TooLarge);
    }
    let head = message.head.open(certificate.key()).ok_or(Code::UseSignature)?;
    let linked = linked(&agent, &head, &message.records)?;
    let mut tx = state.store.write().await.map_err(unavailable)?;
    store::pending::lock(&mut tx, LOG).await.map_err(unavailable)?;
    let run = run(&mut tx, &agent, &head.epoch).await.map_err(unavailable)?;
    let fresh = match after(&mut tx, run, &linked).await? {
        Follows::New(fresh) => fresh,
        Follows::Forked { at, known } => {
            drop(tx);
            forked(state, &agent, &head.epoch, &linked, (at, known)).await?;
            return Err(Code::SpoolForked);
        }
    };
    for one in linked.iter().skip(fresh) {
        ledger::insert(&mut tx, &one.record, one.bytes.clone(), one.salt)
            .await
            .map_err(unavailable)?;
    }
    for (one, salted) in linked.iter().zip(&message.records).skip(fresh) {
        keep_disclosures(&mut tx, one, salted).await.map_err(unavailable)?;
    }
    if fresh < linked.len() {
        keep_head(&mut tx, &agent, &head, &message.head, &certificate)
            .await
            .map_err(unavailable)?;
    }
    tx.commit().await.map_err(unavailable)?;
    acknowledged(state, &linked, message.known).await
}

/// The records as one piece of a chain that leads to the signed head.
fn linked(agent: &str, head: &SpoolHead, records: &[SaltedRecord]) -> Result<Vec<Linked>, Code> {
    let maker = format!("{agent}/agent");
    let mut linked: Vec<Linked> = Vec::with_capacity(records.len());
    let mut running: Option<[u8; 32]> = None;
    for salted in records {
        let record = Record::read(&salted.record.0).map_err(|_| Code::Malformed)?;
        let salt = salted.salt.digest().ok_or(Code::Malformed)?;
        let link = record.link.clone().ok_or(Code::Malformed)?;
        let prev = link.prev.digest().ok_or(Code::Malformed)?;
        let about = match &record.event {
            Event::Completion(ended) => ended.request.starts_with(&format!("{agent}/")),
            _ => true,
        };
        let own = record.log == LOG && record.maker == maker && is_gate(&record.event) && about;
        if !own || head.agent != agent {
            return Err(Code::NotYourRoute);
        }
        let next = linked.last().is_none_or(|last| last.aseq + 1 == link.aseq);
        if link.epoch != head.epoch || !next || running.is_some_and(|chain| chain != prev) {
            return Err(Code::SpoolGap);
        }
        check_disclosures(salted)?;
        let entry = entry(&salt, &salted.record.0);
        running = Some(chain(&prev, &entry));
        let (bytes, aseq) = (salted.record.0.clone(), link.aseq);
        linked.push(Linked { record, bytes, salt, entry, aseq });
    }
    let count = linked.last().map_or(0, |last| last.aseq + 1);
    if head.count != count || running.map(Bytes::from) != Some(head.chain.clone()) {
        return Err(Code::SpoolGap);
    }
    Ok(linked)
}

fn is_gate(event: &Event) -> bool {
    matches!(
        event,
        Event::Started(_)
            | Event::Connection(_)
            | Event::Decision(_)
            | Event::Completion(_)
            | Event::Turned(_)
            | Event::Heartbeat(_)
    )
}

/// Every disclosure opens a commitment that stands in the record's text.
fn check_disclosures(salted: &SaltedRecord) -> Result<(), Code> {
    let text = core::str::from_utf8(&salted.record.0).map_err(|_| Code::Malformed)?;
    for disclosure in &salted.disclosures {
        let commitment = disclosure.commitment().map_err(|_| Code::Malformed)?;
        if !text.contains(&format!("\"{commitment}\"")) {
            return Err(Code::OrderIncomplete);
        }
    }
    Ok(())
}

/// How far the log has a run: count and chain value.
async fn run(
    tx: &mut Tx,
    agent: &str,
    epoch: &Bytes,
) -> Result<(u64, [u8; 32]), store::StoreError> {
    let found = row!(
        tx,
        (i64, Vec<u8>),
        "select count, chain from agent_run where agent_id = $1 and epoch = $2",
        agent,
        &epoch.0
    )?;
    let (count, chain) = found.unwrap_or((0, CHAIN_START.to_vec()));
    let chain = chain.try_into().unwrap_or(CHAIN_START);
    Ok((u64::try_from(count).unwrap_or(0), chain))
}

enum Follows {
    /// So many of them the log has already, the rest continues it.
    New(usize),
    /// One of them is another than the log has.
    Forked { at: usize, known: Vec<u8> },
}

/// Where the records stand to what the log has of their run.
async fn after(
    tx: &mut Tx,
    (count, known): (u64, [u8; 32]),
    linked: &[Linked],
) -> Result<Follows, Code> {
    let first = linked.first().map_or(0, |one| one.aseq);
    if first > count {
        return Err(Code::SpoolGap);
    }
    let old = usize::try_from(count - first).unwrap_or(usize::MAX).min(linked.len());
    for (at, one) in linked.iter().take(old).enumerate() {
        let stored = stored(tx, one).await?.unwrap_or_default();
        if stored != one.entry {
            return Ok(Follows::Forked { at, known: stored });
        }
    }
    for (at, one) in linked.iter().enumerate().skip(old) {
        if let Some(known) = stored(tx, one).await? {
            return Ok(Follows::Forked { at, known });
        }
    }
    match linked.get(old) {
        Some(next) => {
            let prev = next.record.link.as_ref().map(|link| link.prev.clone());
            if prev == Some(known.into()) {
                Ok(Follows::New(old))
            } else {
                Ok(Follows::Forked { at: old, known: known.to_vec() })
            }
        }
        None => Ok(Follows::New(old)),
    }
}

/// The entry that the log has under a record's id.
async fn stored(tx: &mut Tx, one: &Linked) -> Result<Option<Vec<u8>>, Code> {
    let found = row!(
        tx,
        (Vec<u8>,),
        "select entry from log_entry where record_id = $1 union all \
         select entry from log_pending where record_id = $1",
        &one.record.id.0
    );
    Ok(found.map_err(unavailable)?.map(|(entry,)| entry))
}

/// Records that a run contradicts itself: an alarm that nobody can unwrite.
async fn forked(
    state: &LogState,
    agent: &str,
    epoch: &Bytes,
    linked: &[Linked],
    (at, known): (usize, Vec<u8>),
) -> Result<(), Code> {
    let Some(one) = linked.get(at) else { return Ok(()) };
    let new = state.forks.lock().unwrap_or_else(PoisonError::into_inner).insert(one.entry);
    if !new {
        return Ok(());
    }
    let event = Event::Forked {
        agent: agent.to_owned(),
        epoch: epoch.clone(),
        aseq: one.aseq,
        entry: Bytes(known),
        other: one.entry.into(),
    };
    tracing::error!(agent, aseq = one.aseq, "an agent's records contradict what the log has");
    let mut tx = state.store.write().await.map_err(unavailable)?;
    ledger::write(&mut tx, "log", state.clock.micros(), event, &[]).await.map_err(|error| {
        tracing::error!(%error, "fork");
        Code::Unavailable
    })?;
    tx.commit().await.map_err(unavailable)
}

async fn keep_disclosures(
    tx: &mut Tx,
    one: &Linked,
    salted: &SaltedRecord,
) -> Result<(), store::StoreError> {
    for disclosure in &salted.disclosures {
        execute!(
            &mut *tx,
            "insert into disclosure (record_id, path, salt, value) values ($1, $2, $3, $4) \
             on conflict (record_id, path) do nothing",
            &one.record.id.0,
            &disclosure.path,
            &disclosure.salt.0,
            disclosure.value.to_string()
        )?;
    }
    Ok(())
}

async fn keep_head(
    tx: &mut Tx,
    agent: &str,
    head: &SpoolHead,
    signed: &SignedHead,
    certificate: &Certificate,
) -> Result<(), store::StoreError> {
    let count = i64::try_from(head.count).unwrap_or(i64::MAX);
    execute!(
        &mut *tx,
        "insert into agent_run (agent_id, epoch, count, chain) values ($1, $2, $3, $4) \
         on conflict (agent_id, epoch) do update set count = $3, chain = $4",
        agent,
        &head.epoch.0,
        count,
        &head.chain.0
    )?;
    execute!(
        tx,
        "insert into agent_head (agent_id, epoch, count, head, signature, certificate) \
         values ($1, $2, $3, $4, $5, $6) on conflict (agent_id, epoch, count) do nothing",
        agent,
        &head.epoch.0,
        count,
        &signed.head.0,
        &signed.signature.0,
        certificate.der().to_vec()
    )?;
    Ok(())
}

/// Waits until the last record is sequenced, then proves all of them.
async fn acknowledged(state: &LogState, linked: &[Linked], known: u64) -> Result<SpoolAck, Code> {
    let last = linked.last().map(|one| one.record.id.0.clone()).ok_or(Code::Malformed)?;
    for _ in 0..LOOKS_MAX {
        let mut tx = state.store.read().await.map_err(unavailable)?;
        if lineage::place(&mut tx, &last).await.map_err(unavailable)?.is_some() {
            return prove(&mut tx, linked, known).await.map_err(|error| {
                tracing::error!(error = format!("{error:#}"), "acknowledgement");
                Code::Unavailable
            });
        }
        drop(tx);
        tokio::time::sleep(LOOK).await;
    }
    Err(Code::LogBehind)
}

async fn prove(tx: &mut Tx, linked: &[Linked], known: u64) -> anyhow::Result<SpoolAck> {
    use anyhow::Context;
    let (size, _, checkpoint) = ledger::head(tx, LOG).await?.context("head")?;
    let mut tiles = ledger::Tiles::default();
    let consistency = tiles.consistency(tx, LOG, known, size).await?;
    let mut places = Vec::with_capacity(linked.len());
    for one in linked {
        let index = lineage::place(tx, &one.record.id.0).await?.context("a record's place")?;
        let hashes = tiles.inclusion(tx, LOG, index, size).await?;
        places.push(EntryPlace { index, hashes: hashes.into_iter().map(Bytes::from).collect() });
    }
    let consistency = consistency.into_iter().map(Bytes::from).collect();
    Ok(SpoolAck { checkpoint, consistency, places })
}

fn unavailable(error: store::StoreError) -> Code {
    tracing::error!(%error, "spool");
    Code::Unavailable
}
