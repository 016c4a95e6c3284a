//! The time by which notices are late, due and forgotten: the clock's, judged by what the log
//! proves. By a clock that moved nothing is given up or forgotten.

use ca_host::ProvenTime;
use ca_host::clock_guard::ClockGuard;
use service::{Clock, Metrics};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The clock of the tasks of this role.
#[derive(Clone)]
pub(crate) struct LogClock {
    clock: Clock,
    guard: Arc<ClockGuard>,
    /// Time of the newest record that proves one, unix; 0 before anything was followed.
    last: Arc<AtomicU64>,
    metrics: Metrics,
}

impl LogClock {
    pub(crate) fn new(clock: Clock, guard: ClockGuard, metrics: Metrics) -> Self {
        Self { clock, guard: Arc::new(guard), last: Arc::default(), metrics }
    }

    /// Notes what the log proves.
    pub(crate) fn note(&self, last: u64) {
        self.last.fetch_max(last, Ordering::AcqRel);
    }

    /// The time now; that the clock is not believed is told.
    pub(crate) fn now(&self) -> ProvenTime {
        self.guard.time_told(self.clock, self.last.load(Ordering::Acquire), &self.metrics)
    }
}
