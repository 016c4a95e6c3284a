//! The time that brakes bear. A clock that went back or leapt ahead is not believed: then what is
//! recorded and signed bears the last time that the log proves, and a statement is timely that lies
//! between that and what our clock allows. A brake is taken under any clock.

use super::state::Status;
use ca_host::clock_guard::ClockGuard;
use records::Code;
use records::wish::WISH_SECONDS;

/// The time as it is believed.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProvenTime {
    /// To be recorded and signed, unix microseconds.
    pub(super) micros: u64,
    clock: Result<(), Code>,
    /// What our clock says, and what the log proves, unix.
    now: u64,
    last: u64,
    ahead_max: u64,
}

impl ProvenTime {
    fn new(micros: u64, last: u64, clock: Result<(), Code>, ahead_max: u64) -> Self {
        let now = micros / 1_000_000;
        let micros = if clock.is_ok() { micros } else { last * 1_000_000 };
        Self { micros, clock, now, last, ahead_max }
    }

    /// Unix seconds of what is recorded.
    pub(super) fn unix(&self) -> u64 {
        self.micros / 1_000_000
    }

    /// By which time a statement of `said` (unix) is judged, if it is timely.
    pub(super) fn of_statement(&self, said: u64) -> Option<u64> {
        let allowed = match (self.clock, self.now > self.last) {
            (Ok(()), _) => self.now,
            (Err(_), true) => return self.within(said, self.now),
            (Err(_), false) => return self.within(said, self.last + self.ahead_max),
        };
        (allowed.abs_diff(said) <= WISH_SECONDS).then_some(allowed)
    }

    fn within(&self, said: u64, most: u64) -> Option<u64> {
        let allowed = self.last.saturating_sub(WISH_SECONDS)..=most + WISH_SECONDS;
        allowed.contains(&said).then_some(said.max(self.last))
    }
}

impl Status {
    /// The time as it is believed now; that it is not is told.
    pub(super) fn time(&self) -> ProvenTime {
        let (micros, last) = (self.clock.micros(), self.follower.last_time());
        let judged = match last {
            0 => Ok(()),
            _ => ClockGuard::judge(&self.config, micros / 1_000_000, last),
        };
        self.metrics.condition("clock", judged.err().map_or("", Code::en));
        ProvenTime::new(micros, last, judged, ClockGuard::ahead_max(&self.config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: u64 = 1_800_000_000;
    const DAY: u64 = 86_400;
    const AHEAD_MAX: u64 = 30 * DAY;

    fn at(now: u64, clock: Result<(), Code>) -> ProvenTime {
        ProvenTime::new(now * 1_000_000, LAST, clock, AHEAD_MAX)
    }

    #[test]
    fn a_clock_that_is_believed_judges_by_itself() {
        let time = at(LAST + DAY, Ok(()));
        assert_eq!(time.unix(), LAST + DAY);
        assert_eq!(time.of_statement(LAST + DAY + WISH_SECONDS), Some(LAST + DAY));
        assert_eq!(time.of_statement(LAST + DAY - WISH_SECONDS), Some(LAST + DAY));
        assert_eq!(time.of_statement(LAST + DAY - WISH_SECONDS - 1), None);
        assert_eq!(time.of_statement(LAST + DAY + WISH_SECONDS + 1), None);
    }

    /// An hour back or a year ahead: what somebody signs now is taken, is judged by when it was
    /// said, and is recorded under what is proven. What is older than that is not taken.
    #[test]
    fn under_a_clock_that_moved_a_brake_is_taken_and_bears_no_wrong_time() {
        let said = LAST + 600;
        for now in [LAST - 3_600, LAST + 365 * DAY] {
            let time = at(now, Err(Code::ClockMoved));
            assert_eq!(time.unix(), LAST, "{now}");
            assert_eq!(time.of_statement(said), Some(said), "{now}");
            assert_eq!(time.of_statement(LAST - WISH_SECONDS), Some(LAST), "{now}");
            assert_eq!(time.of_statement(LAST - WISH_SECONDS - 1), None, "{now}");
        }
        let back = at(LAST - 3_600, Err(Code::ClockMoved));
        assert!(back.of_statement(LAST + AHEAD_MAX + WISH_SECONDS).is_some());
        assert!(back.of_statement(LAST + AHEAD_MAX + WISH_SECONDS + 1).is_none());
        let ahead = at(LAST + 365 * DAY, Err(Code::ClockMoved));
        assert!(ahead.of_statement(LAST + 365 * DAY + WISH_SECONDS + 1).is_none());
    }
}
