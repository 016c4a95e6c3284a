//! The end of a request. Whoever drops its last part records it.

use super::failed::Failed;
use super::head::HeadError;
use super::in_flight::InFlight;
use super::state::Gate;
use records::Code;
use records::access::Completion;
use records::body::RecordBody;
use service::open_files::is_for_want_of_own;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// The end of a request: written once, when the last part is dropped.
pub(super) struct CompletionGuard {
    gate: Arc<Gate>,
    request: String,
    pub(super) in_flight: Arc<InFlight>,
    number: u64,
    said: Mutex<KnownEnd>,
}

/// What is known of an end.
#[derive(Default)]
struct KnownEnd {
    status: u16,
    outcome: Option<&'static str>,
    reference: String,
}

impl CompletionGuard {
    pub(super) fn new(gate: &Arc<Gate>, request: String, in_flight: Arc<InFlight>) -> Arc<Self> {
        let number = gate.live.enter(in_flight.clone());
        let said = Mutex::default();
        Arc::new(Self { gate: gate.clone(), request, in_flight, number, said })
    }

    /// Status of the answer, once it is known.
    pub(super) fn status(&self, status: u16) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).status = status;
    }

    /// What its sender was told in place of an answer.
    pub(super) fn told(&self, status: u16, reference: String) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        (said.status, said.reference) = (status, reference);
    }

    /// There is no answer: says whose fault it is. `sent` is what was wrong with the bytes of a
    /// body, where they were looked at.
    pub(super) fn failed(&self, error: &Failed, sent: Option<HeadError>) -> Code {
        let outcome = self.outcome("upstream-error");
        match (self.in_flight.cause(), outcome, error) {
            (Some(cause), _, Failed::Cut | Failed::Http(_)) => cause,
            (_, "too-large", _) => Code::TooLarge,
            // Its body broke off, or had no framing: nobody else can be blamed.
            (_, "client-gone", _) => sent.map_or(Code::Malformed, HeadError::code),
            (_, _, Failed::Late) => Code::UpstreamLate,
            (_, _, Failed::Unreachable(error)) if is_for_want_of_own(error) => Code::TooBusy,
            (_, _, Failed::Http(error)) if error.is_too_large() => Code::AnswerTooLarge,
            _ => Code::UpstreamFailed,
        }
    }

    /// How it ends: the first cause counts, what follows from it does not. Without any the client
    /// left.
    pub(super) fn outcome(&self, outcome: &'static str) -> &'static str {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).outcome.get_or_insert(outcome)
    }
}

impl Drop for CompletionGuard {
    fn drop(&mut self) {
        self.gate.live.leave(self.number);
        let said = std::mem::take(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner));
        let KnownEnd { status, outcome, reference } = said;
        let outcome = outcome.unwrap_or("client-gone");
        let cut = self.in_flight.cut.is_cut();
        let completion = Completion {
            request: std::mem::take(&mut self.request),
            outcome: if cut && outcome != "done" { "cut" } else { outcome }.into(),
            status,
            up: self.in_flight.up.load(Ordering::Relaxed),
            down: self.in_flight.down.load(Ordering::Relaxed),
            reference,
            micros: u64::try_from(self.in_flight.began.elapsed().as_micros()).unwrap_or(0),
        };
        match RecordBody::completion(&completion) {
            Ok(body) => self.gate.spool.note_body(body, Vec::new()),
            Err(error) => tracing::error!(%error, "a record has no form"),
        }
    }
}
