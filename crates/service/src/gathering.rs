//! Rounds that come close together: behind one that did much for many the next begins a moment
//! later, so that more of those who are busy share it. Whoever is alone waits for nobody.

use std::time::{Duration, Instant};

/// Rounds of a busy time begin so long behind the end of the last one. More of it saves commits and
/// leaves processors idle: those who have few requests under way wait for each of them.
const APART: Duration = Duration::from_millis(1);
/// A round of nothing that ends so soon behind one of many is of the same busy time.
const BUSY: Duration = Duration::from_millis(10);

/// When the last round ended, if it was one of a busy time.
pub struct Gathering {
    many: usize,
    ended: Option<Instant>,
}

impl Gathering {
    /// So many things in one round are many.
    pub fn of(many: usize) -> Self {
        Self { many, ended: None }
    }

    /// A round of so many things ended.
    pub fn ended(&mut self, now: Instant, count: usize) {
        let is_near = |ended: Instant| now.saturating_duration_since(ended) < BUSY;
        let is_busy = count >= self.many || count == 0 && self.ended.is_some_and(is_near);
        self.ended = is_busy.then_some(now);
    }

    /// Until when the next round may wait, if it may.
    pub fn until(&self, now: Instant) -> Option<Instant> {
        self.ended.map(|ended| ended + APART).filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_behind_a_round_of_many_the_next_one_waits_and_for_a_moment() {
        let (mut gathering, start) = (Gathering::of(2), Instant::now());
        let after = |micros: u64| start + Duration::from_micros(micros);
        assert_eq!(gathering.until(start), None, "nothing was before");
        gathering.ended(start, 1);
        assert_eq!(gathering.until(after(1)), None, "whoever is alone");
        gathering.ended(start, 2);
        let cases = [(0, true), (999, true), (1_000, false), (5_000, false)];
        for (micros, waits) in cases {
            let until = waits.then_some(start + APART);
            assert_eq!(gathering.until(after(micros)), until, "{micros}");
        }
        gathering.ended(after(9_999), 0);
        let until = Some(after(9_999) + APART);
        assert_eq!(gathering.until(after(10_000)), until, "a round of nothing in a busy time");
        gathering.ended(after(19_999), 0);
        assert_eq!(gathering.until(after(20_000)), None, "and behind it");
        gathering.ended(after(20_000), 2);
        gathering.ended(after(20_001), 1);
        assert_eq!(gathering.until(after(20_002)), None, "it is over");
    }
}
