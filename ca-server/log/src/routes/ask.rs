//! Auditors ask with their own key: searches and exports. Every question is a record itself,
//! durable before its answer.

use super::call::AuditorCall;
use crate::state::LogState;
use crate::{continuation, evidence, search};
use anyhow::Context;
use axum::Json;
use axum::extract::State;
use ca_host::random;
use ca_store::{intake, sequenced};
use mtls::TlsConnection;
use pki::Certificate;
use records::evidence::{AuditQuestion, LogAnswer, LogRequest, SignedRequest};
use records::record::Event;
use records::{Code, Disclosure};
use service::problem::Refused;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long an export waits for the index.
const WAIT: Duration = Duration::from_secs(3);

/// Answers `POST /v1/ask`.
pub(super) async fn ask(
    State(state): State<Arc<LogState>>,
    call: AuditorCall<SignedRequest>,
) -> Result<Json<LogAnswer>, Refused> {
    state.answered("ask", answer(&state, &call.connection, &call.message).await)
}

async fn answer(
    state: &LogState,
    connection: &TlsConnection,
    message: &SignedRequest,
) -> Result<LogAnswer, Code> {
    let (request, certificate) = message.open().ok_or(Code::ApprovalSignature)?;
    // The connection and the request are the same person's.
    let same = connection.certificate.as_ref().is_some_and(|der| **der == message.certificate.0);
    if !same || request.founding != state.trust.founding {
        return Err(Code::NotYourRoute);
    }
    // What is recorded for ever is short, whatever becomes of it.
    if !request.ask.is_sound() {
        return Err(Code::Malformed);
    }
    let asked = records::time::read(&request.time).ok_or(Code::Malformed)?;
    let now = state.time().unix();
    let fresh = (request.nonce.0.as_slice(), asked);
    let auditor = state.auditors.admit(&certificate, fresh, now).await?;
    let turn = state.questions.turn("", &auditor.person).await?;
    let answer = found(state, &auditor, (&request, &message.known)).await;
    drop(turn);
    let given = match &answer {
        Ok(LogAnswer::Search(answer)) => answer.records.len() as u64,
        Ok(LogAnswer::Export(_)) => 1,
        Err(_) => 0,
    };
    record(state, &auditor.person, message, &certificate, given).await.map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "ask");
        Code::Unavailable
    })?;
    answer
}

async fn found(
    state: &LogState,
    auditor: &crate::auditors::Auditor,
    (request, known): (&LogRequest, &BTreeMap<String, u64>),
) -> Result<LogAnswer, Code> {
    let failed = |error: anyhow::Error| {
        tracing::error!(error = format!("{error:#}"), "ask");
        Code::Unavailable
    };
    let mut tx = state.store.read().await.map_err(|error| failed(error.into()))?;
    match &request.ask {
        AuditQuestion::Search(asked) => {
            let found = search::search(&mut tx, &state.auditors, auditor, asked).await;
            let answer = found.map_err(failed)?;
            let proven = search::prove(&mut tx, &asked.log, answer).await;
            let mut answer = proven.map_err(failed)?;
            let continued = continuation::prove(&mut tx, &asked.log, known).await;
            answer.consistency = continued.map_err(failed)?;
            Ok(LogAnswer::Search(Box::new(answer)))
        }
        AuditQuestion::Export(question) => {
            // Evidence names people and their approvers: for auditors of the whole city.
            if auditor.scopes.is_some() {
                return Err(Code::ApproverScope);
            }
            for log in records::record::LOGS {
                caught_up(state, log).await?;
            }
            tx = state.store.read().await.map_err(|error| failed(error.into()))?;
            let from = (&state.config, &state.follower);
            let made = evidence::export(&mut tx, from, question).await;
            let mut exported = made.map_err(failed)?.ok_or(Code::NotFound)?;
            for log in records::record::LOGS {
                let continued = continuation::prove(&mut tx, log, known).await.map_err(failed)?;
                if !continued.is_empty() {
                    exported.consistency.insert(log.to_owned(), continued);
                }
            }
            Ok(LogAnswer::Export(exported))
        }
    }
}

/// Waits a little until the index holds everything that the log holds now: evidence must not leave
/// out what only the index does not know yet.
async fn caught_up(state: &LogState, log: &'static str) -> Result<(), Code> {
    let reached = async {
        let mut tx = state.store.read().await?;
        let size = sequenced::head(&mut tx, log).await?.map_or(0, |(size, ..)| size);
        drop(tx);
        let reach = state.reach.get(log).context("log")?;
        reach.wait(&state.store, size, WAIT).await
    };
    match reached.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Code::LogBehind),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "index");
            Err(Code::Unavailable)
        }
    }
}

async fn record(
    state: &LogState,
    person: &str,
    message: &SignedRequest,
    certificate: &Certificate,
    given: u64,
) -> anyhow::Result<()> {
    let der = records::Bytes::from(certificate.der()).to_string();
    let disclosure = Disclosure::new("/certificate", random::bytes()?, der.into());
    let event = Event::Asked {
        person: person.to_owned(),
        request: message.request.clone(),
        signature: message.signature.clone(),
        certificate: disclosure.commitment()?,
        given,
    };
    let mut tx = state.store.write().await?;
    intake::write(&mut tx, "log", state.time().micros(), event, &[disclosure]).await?;
    tx.commit().await?;
    state.news("control");
    Ok(())
}
