//! The end of a request. Whoever drops its last part records it.

use super::in_flight::InFlight;
use super::state::Gate;
use records::access::Completion;
use records::record::Event;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// The end of a request: written once, when the last part is dropped.
pub(super) struct CompletionGuard {
    gate: Arc<Gate>,
    request: String,
    pub(super) in_flight: Arc<InFlight>,
    number: u64,
    said: Mutex<(u16, Option<&'static str>)>,
}

impl CompletionGuard {
    pub(super) fn new(gate: &Arc<Gate>, request: String, in_flight: Arc<InFlight>) -> Arc<Self> {
        let number = gate.live.enter(in_flight.clone());
        let said = Mutex::default();
        Arc::new(Self { gate: gate.clone(), request, in_flight, number, said })
    }

    /// Status of the answer, once it is known.
    pub(super) fn status(&self, status: u16) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).0 = status;
    }

    /// How it ends: the first cause counts, what follows from it does not. Without any the client
    /// left.
    pub(super) fn outcome(&self, outcome: &'static str) -> &'static str {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).1.get_or_insert(outcome)
    }
}

impl Drop for CompletionGuard {
    fn drop(&mut self) {
        self.gate.live.leave(self.number);
        let (status, outcome) = *self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = outcome.unwrap_or("client-gone");
        let cut = self.in_flight.cut.is_cancelled();
        let completion = Completion {
            request: std::mem::take(&mut self.request),
            outcome: if cut && outcome != "done" { "cut" } else { outcome }.into(),
            status,
            up: self.in_flight.up.load(Ordering::Relaxed),
            down: self.in_flight.down.load(Ordering::Relaxed),
            micros: u64::try_from(self.in_flight.began.elapsed().as_micros()).unwrap_or(0),
        };
        self.gate.spool.note(Event::Completion(completion), Vec::new());
    }
}
