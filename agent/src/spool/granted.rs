//! A durable record on its way to whoever waits for it.

use super::recorded::{NotRecorded, Recorded};
use std::sync::{Arc, Mutex, PoisonError};

/// Records of permitted requests that nobody took.
pub(super) type Unheard = Arc<Mutex<Vec<Recorded>>>;

/// A durable record on its way to whoever waits for it. If nobody takes it, what it permits never
/// happens, and the spool records that as its end.
pub(super) struct Granted {
    recorded: Option<Recorded>,
    permits: bool,
    unheard: Unheard,
}

impl Granted {
    /// `permits` says whether it lets a request pass, which then must come to an end.
    pub(super) fn new(recorded: Recorded, permits: bool, unheard: &Unheard) -> Self {
        Self { recorded: Some(recorded), permits, unheard: unheard.clone() }
    }

    /// The record, for whoever waited for it.
    pub(super) fn take(mut self) -> Result<Recorded, NotRecorded> {
        self.recorded.take().ok_or(NotRecorded::Failed)
    }
}

impl Drop for Granted {
    fn drop(&mut self) {
        if let Some(recorded) = self.recorded.take().filter(|_| self.permits) {
            self.unheard.lock().unwrap_or_else(PoisonError::into_inner).push(recorded);
        }
    }
}
