//! When a gate's certificate is due: one rule for `doctor`, which says it, and for the timer of the
//! service manager, which acts by it.

/// Whether less than a third of a life is left, or all of it is over; both in Unix seconds.
pub(super) fn is_due((from, until): (u64, u64), now: u64) -> bool {
    from >= until || until.saturating_sub(now) <= (until - from) / 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_due_in_the_last_third_of_its_life_and_afterwards() {
        let life = (1_000, 4_000);
        for (now, due) in [(0, false), (1_000, false), (2_999, false), (3_000, true)] {
            assert_eq!(is_due(life, now), due, "{now}");
        }
        assert!(is_due(life, 4_000) && is_due(life, 9_000));
        assert!(is_due((4_000, 1_000), 500), "a life that is none");
    }
}
