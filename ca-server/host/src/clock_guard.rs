//! The clock may be believed if it neither went back behind the newest record nor far ahead of it.
//! Brakes work all the same: what they leave then bears the last proven time, since a wrong one
//! would lock out who reads it. The issuer and `status` judge their clocks alike.

use crate::{BACK_SECONDS_MAX, CaConfig};
use records::Code;

/// What the clock is compared with.
pub struct ClockGuard {
    ahead_max: u64,
    confirmed: Option<u64>,
}

/// An operator's word that the clock is right counts for a day.
const CONFIRMED_SECONDS: u64 = 86_400;

impl ClockGuard {
    /// How far ahead of what is proven a clock may be, in seconds.
    pub fn ahead_max(config: &CaConfig) -> u64 {
        u64::from(config.issuer.clock_days_max) * 86_400
    }

    /// Whether decisions may bear this time; `last` is the time of the newest record that proves
    /// one. An operator's word is looked for only where it makes a difference.
    pub fn judge(config: &CaConfig, now: u64, last: u64) -> Result<(), Code> {
        let ahead_max = Self::ahead_max(config);
        let unconfirmed = Self { ahead_max, confirmed: None }.check(now, last);
        unconfirmed.or_else(|_| {
            let text = std::fs::read_to_string(config.path("issuer/clock-confirmed"));
            let confirmed = text.ok().and_then(|text| records::time::read(text.trim()));
            Self { ahead_max, confirmed }.check(now, last)
        })
    }

    fn check(&self, now: u64, last: u64) -> Result<(), Code> {
        let confirmed = self.confirmed.is_some_and(|at| now.abs_diff(at) < CONFIRMED_SECONDS);
        let ahead = now > last.saturating_add(self.ahead_max) && !confirmed;
        if now + BACK_SECONDS_MAX < last || ahead { Err(Code::ClockMoved) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_moved_is_not_believed() {
        let guard = ClockGuard { ahead_max: 10 * 86_400, confirmed: None };
        let last = 1_000_000_000;
        assert!(guard.check(last, last).is_ok());
        assert!(guard.check(last - BACK_SECONDS_MAX, last).is_ok());
        assert_eq!(guard.check(last - BACK_SECONDS_MAX - 1, last), Err(Code::ClockMoved));
        assert!(guard.check(last + 10 * 86_400, last).is_ok());
        assert_eq!(guard.check(last + 10 * 86_400 + 1, last), Err(Code::ClockMoved));
        let year = last + 365 * 86_400;
        let told = ClockGuard { ahead_max: 10 * 86_400, confirmed: Some(year) };
        assert!(told.check(year, last).is_ok());
        assert_eq!(told.check(year + CONFIRMED_SECONDS, last), Err(Code::ClockMoved));
    }
}
