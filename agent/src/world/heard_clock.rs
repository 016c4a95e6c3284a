//! The clock beside how long the process runs. While `status` is away, a clock that is set back
//! would make every limit a later one: that of the list, of certificates, of orders.

use records::time::SKEW_SECONDS_MAX;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// What the clock said when `status` was heard last.
#[derive(Debug)]
pub(super) struct HeardClock {
    began: Instant,
    /// When that was, by the clock as it was then, unix seconds.
    unix: AtomicU64,
}

impl HeardClock {
    /// Begins under a clock that says this, unix seconds.
    pub(super) fn at(now: u64) -> Self {
        Self { began: Instant::now(), unix: AtomicU64::new(now) }
    }

    /// Somebody who knows the time answered under a clock that says this: a clock that was wrong
    /// and was set right is taken from here on.
    pub(super) fn hear(&self, now: u64) {
        self.unix.store(now.saturating_sub(self.ran()), Ordering::Relaxed);
    }

    /// Whether a clock that says this was set back since then.
    pub(super) fn is_back(&self, now: u64) -> bool {
        is_back(now, (self.unix.load(Ordering::Relaxed), self.ran()))
    }

    fn ran(&self) -> u64 {
        self.began.elapsed().as_secs()
    }
}

/// Whether it is earlier than it can be, where something began at a time and ran for so long.
fn is_back(now: u64, (began, ran): (u64, u64)) -> bool {
    now.saturating_add(SKEW_SECONDS_MAX) < began.saturating_add(ran)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As much time passes by the clock as the process runs, but for what clocks may differ.
    #[test]
    fn time_passes_by_the_clock_as_a_process_runs() {
        let (began, hour) = (1_800_000_000, 3_600);
        for (now, ran, wanted) in [
            (began, 0, false),
            (began + hour, hour, false),
            (began + hour - SKEW_SECONDS_MAX, hour, false),
            (began + hour - SKEW_SECONDS_MAX - 1, hour, true),
            (began - hour, 0, true),
            (began + 24 * hour, hour, false),
        ] {
            assert_eq!(is_back(now, (began, ran)), wanted, "{now} {ran}");
        }
    }
}
