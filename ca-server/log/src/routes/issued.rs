//! Tells agents whether the log has it that a certificate was issued, with the proof. What is not
//! found is told as absent only where the index has all that the tree had when it was asked; all
//! else is a refusal, which says nothing about the certificate.

use super::call::AgentCall;
use crate::state::LogState;
use anyhow::{Context, ensure};
use axum::Json;
use axum::extract::State;
use ca_api::{IssuedAnswer, IssuedProof, IssuedQuery};
use ca_store::index::{projected, with_term};
use ca_store::{entry, proof, sequenced};
use pki::SerialNumber;
use records::record::{Event, Record};
use records::{Code, term};
use service::problem::Refused;
use std::sync::Arc;
use std::time::Duration;
use store::Tx;
use tlog::Checkpoint;

/// The log in which everything stands that was issued.
const LOG: &str = "control";
/// How long a question waits for the index.
const WAIT: Duration = Duration::from_secs(1);
/// So many records about a serial number are looked at: what was issued is among the first of them,
/// since nobody knows a number before.
const LOOKED_MAX: usize = 64;

/// Answers `POST /v1/issued`.
pub(super) async fn issued(
    State(state): State<Arc<LogState>>,
    call: AgentCall<IssuedQuery>,
) -> Result<Json<IssuedAnswer>, Refused> {
    state.answered("issued", answer(&state, call).await)
}

async fn answer(state: &LogState, call: AgentCall<IssuedQuery>) -> Result<IssuedAnswer, Code> {
    let AgentCall { agent, message, .. } = call;
    let is_serial = SerialNumber::from_hex(&message.serial)
        .is_some_and(|serial| serial.to_string() == message.serial);
    if !is_serial || message.sha256.digest().is_none() {
        return Err(Code::Malformed);
    }
    let _turn = state.witnesses.turn(agent).await?;
    let found = found(state, &message).await.map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "issued");
        Code::Unavailable
    })?;
    found.ok_or(Code::LogBehind)
}

/// What the log has; nothing where that cannot be said.
async fn found(state: &LogState, asked: &IssuedQuery) -> anyhow::Result<Option<IssuedAnswer>> {
    let mut tx = state.store.read().await?;
    let size = sequenced::head(&mut tx, LOG).await?.map_or(0, |(size, ..)| size);
    let (reach, found) = looked_up(&mut tx, asked).await?;
    drop(tx);
    if found.is_some() {
        return Ok(found);
    }
    if reach < size {
        // What was sequenced just now is found by the index only once that has it.
        let reaches = state.reach.get(LOG).context("log")?;
        if !reaches.wait(&state.store, size, WAIT).await? {
            return Ok(None);
        }
    }
    let mut tx = state.store.read().await?;
    let (reach, found) = looked_up(&mut tx, asked).await?;
    Ok(found.or_else(|| (reach >= size).then_some(IssuedAnswer::Absent(reach))))
}

/// How far the index reaches, and what it finds there.
async fn looked_up(
    tx: &mut Tx,
    asked: &IssuedQuery,
) -> anyhow::Result<(u64, Option<IssuedAnswer>)> {
    let reach = projected(tx, LOG).await?;
    let places = with_term(tx, LOG, &term::of_serial(&asked.serial)).await?;
    for place in places.iter().take(LOOKED_MAX) {
        let (bytes, _) = entry::at(tx, LOG, *place).await?.context("record")?;
        let record = Record::read(&bytes)?;
        if is_asked(&record.event, asked) {
            let evidence = proof::evidence(tx, LOG, &record.id.0).await?.context("evidence")?;
            let size = Checkpoint::said_size(&evidence.checkpoint).context("checkpoint")?;
            let continues = proof::continuation(tx, LOG, (asked.control, size)).await?;
            let proof = IssuedProof { evidence, continues };
            return Ok((reach, Some(IssuedAnswer::Logged(Box::new(proof)))));
        }
    }
    ensure!(places.len() <= LOOKED_MAX, "more is about a serial number than is looked at");
    Ok((reach, None))
}

/// Whether a record says of the very certificate that it was issued.
fn is_asked(event: &Event, asked: &IssuedQuery) -> bool {
    matches!(event, Event::Issued { serial, sha256, .. }
        if *serial == asked.serial && *sha256 == asked.sha256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::{Bytes, Disclosure};

    /// What another certificate of the same number was issued as says nothing about this one.
    #[test]
    fn a_record_is_about_the_certificate_that_it_names() {
        let disclosure = Disclosure::new("/certificate", [7; 32], "der".into());
        let issued = |serial: &str, sha256: u8| Event::Issued {
            under: Bytes::default(),
            serial: serial.into(),
            subject: String::new(),
            profile: String::new(),
            key_sha256: Bytes::default(),
            not_after: String::new(),
            sha256: [sha256; 32].into(),
            certificate: disclosure.commitment().unwrap(),
        };
        let asked = IssuedQuery { serial: "01".into(), sha256: [1; 32].into(), control: 0 };
        assert!(is_asked(&issued("01", 1), &asked));
        assert!(!is_asked(&issued("01", 2), &asked), "another one of this number");
        assert!(!is_asked(&issued("02", 1), &asked));
    }
}
