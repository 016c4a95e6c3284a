//! What was reported once and is not reported again. Orders, rows and records of which something is
//! told come and go for as long as the process runs; what was told longest ago is forgotten, and is
//! told again if it is still so.

use crate::expiring::Expiring;

/// Most that is remembered as reported.
const REMEMBERED_MAX: usize = 20_000;

/// What was reported. A value; a copy of it costs nothing.
#[derive(Clone)]
pub(crate) struct ReportedOnce {
    kept: Expiring<String, ()>,
    /// How often anything was to be reported.
    times: u64,
}

impl ReportedOnce {
    /// A memory in which nothing was reported yet.
    pub(crate) fn nothing() -> Self {
        Self { kept: Expiring::new(), times: 0 }
    }

    /// Whether something is to be reported for the first time; from now on it was. What is still so
    /// is forgotten behind what nobody meets any more.
    pub(crate) fn is_first(&mut self, what: String) -> bool {
        self.times += 1;
        let is_first = self.kept.get(&what).is_none();
        self.kept.keep(what, (), (0, self.times));
        self.kept.keep_at_most(REMEMBERED_MAX);
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many orders are refused while a process runs, so many are remembered: those that
    /// are met again and again, and the newest.
    #[test]
    fn what_was_reported_is_remembered_up_to_a_bound() {
        let mut reported = ReportedOnce::nothing();
        assert!(reported.is_first("stands".into()) && !reported.is_first("stands".into()));
        assert!(reported.is_first("passed".into()));
        for one in 0..REMEMBERED_MAX - 1 {
            assert!(reported.is_first(format!("order {one}")));
            assert!(!reported.is_first("stands".into()), "it is still so");
        }
        assert!(!reported.is_first(format!("order {}", REMEMBERED_MAX - 2)));
        assert!(reported.is_first("passed".into()), "longest ago");
    }
}
