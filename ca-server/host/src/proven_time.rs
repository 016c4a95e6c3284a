//! The time as it is believed: what is recorded and signed bears it, statements are timely by it,
//! lists count from it. A clock that moved is not believed: then it is the time that is proven, and
//! what only takes away goes on.

use crate::clock_guard::BACK_SECONDS_MAX;
use records::Code;

/// What is published under a clock that seems to be back bears its time down to here, in seconds.
const DATED_BACK_MAX: u64 = 5 * 86_400;

/// A time, and what may be done by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenTime {
    micros: u64,
    clock: Result<(), Code>,
    /// What our clock says, and the time of the newest record that proves one, unix.
    now: u64,
    last: u64,
    ahead_max: u64,
}

impl ProvenTime {
    /// The time by a clock of so many microseconds that may be believed or not, by what is proven
    /// and what the log proves, unix.
    pub fn new(
        (micros, clock): (u64, Result<(), Code>),
        (proven, last): (u64, u64),
        ahead_max: u64,
    ) -> Self {
        let now = micros / 1_000_000;
        let micros = if clock.is_ok() && proven == now { micros } else { proven * 1_000_000 };
        Self { micros, clock, now, last, ahead_max }
    }

    /// What the log proves, by which something may be late whatever a clock says.
    pub fn of_log(last: u64) -> Self {
        Self::new((last * 1_000_000, Ok(())), (last, last), 0)
    }

    /// To be recorded and signed, unix microseconds.
    pub fn micros(&self) -> u64 {
        self.micros
    }

    /// The time to be recorded and signed, unix seconds.
    pub fn unix(&self) -> u64 {
        self.micros / 1_000_000
    }

    /// What an answer bears that others judge by their own clocks and nobody keeps: a record that
    /// is ahead makes none of the future.
    pub fn answered(&self) -> u64 {
        if self.is_believed() { self.now } else { self.unix() }
    }

    /// Whether decisions may bear it, and whether something may be given up since it is so late.
    pub fn clock(&self) -> Result<(), Code> {
        self.clock
    }

    /// Whether our clock is believed.
    pub fn is_believed(&self) -> bool {
        self.clock.is_ok()
    }

    /// Whether something of `since` (unix) is over after so many seconds.
    pub fn is_past(&self, since: u64, seconds: u64) -> bool {
        self.is_believed() && since.saturating_add(seconds) < self.unix()
    }

    /// Whether a statement of `said` (unix) counts that gives something: it is of these minutes.
    /// One that is earlier only since a record is ahead counts where an operator said that our
    /// clock is right.
    pub fn is_timely(&self, said: u64, seconds: u64) -> bool {
        let (first, last) = (self.now.min(self.unix()), self.now.max(self.unix()));
        self.is_believed() && (first.saturating_sub(seconds)..=last + seconds).contains(&said)
    }

    /// By which time a statement of `said` (unix) is judged that only takes away, if it counts.
    /// What is later than our clock is no refusal: our clock may be the one that is wrong.
    pub fn of_brake(&self, said: u64, seconds: u64) -> Option<u64> {
        if self.is_timely(said, seconds) {
            return Some(self.unix());
        }
        let first = if self.is_believed() { self.now.min(self.unix()) } else { self.last };
        let most = self.now.max(self.last.saturating_add(self.ahead_max));
        let allowed = first.saturating_sub(seconds)..=most.saturating_add(seconds);
        allowed.contains(&said).then_some(said.max(self.last))
    }

    /// What lists and snapshots bear.
    pub fn dates(&self) -> Dates {
        Dates::of(self.now, self.unix(), self.clock)
    }
}

/// What lists and snapshots bear: when they were made, and from when their life is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// What is published now bears this thisUpdate, unix seconds.
    pub this: u64,
    /// The time that is proven.
    pub proven: u64,
}

impl Dates {
    /// The dates of what is published now. A number alone puts one list behind another: whoever
    /// reads them takes none whose time has not come, so that a clock that seems to be back may as
    /// well be the right one, and their lives are counted from what is proven.
    fn of(now: u64, proven: u64, clock: Result<(), Code>) -> Self {
        let this = match clock {
            // Also where a record is ahead of a clock that an operator said is right.
            Ok(()) => return Self { this: now, proven: now },
            Err(_) if now < proven && proven - now <= DATED_BACK_MAX => now,
            Err(_) => proven,
        };
        Self { this, proven }
    }

    /// Whether something lies ahead of them that was published under another clock.
    pub fn are_behind(&self, this_update: u64) -> bool {
        this_update > self.this + BACK_SECONDS_MAX
    }

    /// Until when something is good that is so for so many seconds. What follows something is good
    /// for no shorter than that was, unless that one lay ahead: whoever reads would have nothing.
    pub fn until(&self, seconds: u64, before: Option<(u64, u64)>) -> u64 {
        let until =
            before.filter(|(from, _)| !self.are_behind(*from)).map_or(0, |(_, until)| until);
        until.max(self.proven + seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::wish::WISH_SECONDS;

    const LAST: u64 = 1_800_000_000;
    const HOUR: u64 = 3_600;
    const DAY: u64 = 86_400;
    const AHEAD_MAX: u64 = 30 * DAY;
    const MOVED: Result<(), Code> = Err(Code::ClockMoved);

    fn at(now: u64, clock: Result<(), Code>, proven: u64) -> ProvenTime {
        ProvenTime::new((now * 1_000_000, clock), (proven, LAST), AHEAD_MAX)
    }

    fn brake(time: ProvenTime, said: u64) -> Option<u64> {
        time.of_brake(said, WISH_SECONDS)
    }

    #[test]
    fn a_clock_that_is_believed_judges_by_itself() {
        let now = LAST + DAY;
        let time = at(now, Ok(()), now);
        assert_eq!((time.unix(), time.micros()), (now, now * 1_000_000));
        for said in [now - WISH_SECONDS, now + WISH_SECONDS] {
            assert!(time.is_timely(said, WISH_SECONDS));
            assert_eq!(brake(time, said), Some(now));
        }
        for said in [now - WISH_SECONDS - 1, now + WISH_SECONDS + 1] {
            assert!(!time.is_timely(said, WISH_SECONDS));
        }
        assert_eq!(brake(time, now - WISH_SECONDS - 1), None);
    }

    /// An hour back in an idle city is believed: what somebody signs by the right clock is taken,
    /// and judged by when it was said.
    #[test]
    fn a_brake_that_is_later_than_a_clock_that_is_believed_is_taken() {
        let now = LAST + DAY;
        let time = at(now, Ok(()), now);
        assert_eq!(brake(time, now + HOUR), Some(now + HOUR));
        assert_eq!(brake(time, LAST + AHEAD_MAX), Some(LAST + AHEAD_MAX));
        assert_eq!(brake(time, LAST + AHEAD_MAX + WISH_SECONDS + 1), None);
    }

    /// An hour back or a year ahead: what somebody signs now is taken, is judged by when it was
    /// said, and is recorded under what is proven. What is older than that is not taken.
    #[test]
    fn under_a_clock_that_moved_a_brake_is_taken_and_bears_no_wrong_time() {
        let said = LAST + 600;
        for now in [LAST - HOUR, LAST + 365 * DAY] {
            let time = at(now, MOVED, LAST);
            assert_eq!(time.unix(), LAST, "{now}");
            assert!(!time.is_timely(said, WISH_SECONDS) && !time.is_past(0, 1));
            assert_eq!(brake(time, said), Some(said), "{now}");
            assert_eq!(brake(time, LAST - WISH_SECONDS), Some(LAST), "{now}");
            assert_eq!(brake(time, LAST - WISH_SECONDS - 1), None, "{now}");
        }
        let back = at(LAST - HOUR, MOVED, LAST);
        assert!(brake(back, LAST + AHEAD_MAX + WISH_SECONDS).is_some());
        assert!(brake(back, LAST + AHEAD_MAX + WISH_SECONDS + 1).is_none());
        let ahead = at(LAST + 365 * DAY, MOVED, LAST);
        assert!(brake(ahead, LAST + 365 * DAY).is_some(), "it may be right");
        assert!(brake(ahead, LAST + 365 * DAY + WISH_SECONDS + 1).is_none());
        let quiet = at(LAST + 365 * DAY, MOVED, LAST + 30 * HOUR);
        assert_eq!(quiet.unix(), LAST + 30 * HOUR);
        assert_eq!(brake(quiet, LAST + 29 * HOUR), Some(LAST + 29 * HOUR));
    }

    /// With an operator's word that a clock is right which a record is ahead of, decisions bear the
    /// record's time, and what is signed by that clock counts.
    #[test]
    fn under_a_word_decisions_go_on_at_the_proven_time() {
        let right = LAST - 8 * DAY;
        let time = at(right, Ok(()), LAST);
        assert_eq!(time.unix(), LAST);
        assert!(time.is_timely(right, WISH_SECONDS) && time.is_timely(LAST, WISH_SECONDS));
        assert!(!time.is_timely(right - WISH_SECONDS - 1, WISH_SECONDS));
        assert_eq!(time.dates(), Dates { this: right, proven: right });
        assert_eq!(time.answered(), right);
    }

    #[test]
    fn a_clock_that_moved_makes_nothing_late() {
        let moved = at(LAST + 365 * DAY, MOVED, LAST);
        assert!(!moved.is_past(0, 1));
        let right = at(LAST + 10, Ok(()), LAST + 10);
        assert!(right.is_past(LAST, 9) && !right.is_past(LAST, 10));
        assert!(ProvenTime::of_log(LAST).is_past(LAST - 10, 9));
    }

    /// Whichever of clock and log is wrong, whoever has the right time takes what is published.
    #[test]
    fn what_is_published_is_never_dated_ahead() {
        let dates = |now, clock, proven| at(now, clock, proven).dates();
        let nine = LAST + 9;
        assert_eq!(dates(nine, Ok(()), nine), Dates { this: nine, proven: nine });
        assert_eq!(dates(LAST + 900 * DAY, MOVED, LAST), Dates { this: LAST, proven: LAST });
        let back = LAST - 2 * DAY;
        assert_eq!(dates(back, MOVED, LAST), Dates { this: back, proven: LAST });
        let far = LAST - 300 * DAY;
        assert_eq!(dates(far, MOVED, LAST), Dates { this: LAST, proven: LAST });
        // A list of two days ahead is followed at once, whatever its half-life says.
        assert!(dates(LAST, Ok(()), LAST).are_behind(LAST + 2 * DAY));
        assert!(!dates(LAST, Ok(()), LAST).are_behind(LAST + BACK_SECONDS_MAX));
    }

    /// What follows a list is good for no shorter, unless that one was dated ahead.
    #[test]
    fn no_list_is_over_before_the_one_that_it_follows() {
        let dates = at(LAST + 365 * DAY, MOVED, LAST).dates();
        assert_eq!(dates.until(DAY, None), LAST + DAY);
        assert_eq!(dates.until(DAY, Some((LAST - DAY, LAST))), LAST + DAY);
        assert_eq!(dates.until(DAY, Some((LAST, LAST + 2 * DAY))), LAST + 2 * DAY);
        assert_eq!(dates.until(DAY, Some((LAST + 2 * DAY, LAST + 3 * DAY))), LAST + DAY);
    }
}
