//! When a gate's certificate is due: one rule for `doctor`, which says it, and for the timer of the
//! service manager, which acts by it.

use pki::Certificate;

/// Whether a certificate is in the last third of its life, or behind it. Gates that joined on one
/// day do not all renew on another: each has a moment of its own, which its certificate draws,
/// before three quarters of the life are over.
pub(super) fn is_due(certificate: &Certificate, now: u64) -> bool {
    let [high, low, ..] = certificate.sha256();
    let drawn = u16::from_be_bytes([high, low]);
    is_due_at((certificate.not_before(), certificate.not_after()), drawn, now)
}

/// The same of a life, in Unix seconds, with what was drawn.
fn is_due_at((from, until): (u64, u64), drawn: u16, now: u64) -> bool {
    let life = until.saturating_sub(from);
    let later = life / 12 * u64::from(drawn) / (u64::from(u16::MAX) + 1);
    from >= until || until.saturating_sub(now) <= life / 3 - later
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_due_in_the_last_third_of_its_life_and_afterwards() {
        let life = (1_000, 4_000);
        for (now, due) in [(0, false), (1_000, false), (2_999, false), (3_000, true)] {
            assert_eq!(is_due_at(life, 0, now), due, "{now}");
        }
        for drawn in [0, u16::MAX] {
            assert!(is_due_at(life, drawn, 4_000) && is_due_at(life, drawn, 9_000));
            assert!(is_due_at((4_000, 1_000), drawn, 500), "a life that is none");
        }
    }

    /// Gates that joined in one second, a thousand of them, come one after the other over a twelfth
    /// of their lives: none before the last third, and none with less than a quarter left.
    #[test]
    fn gates_that_joined_together_are_not_due_together() {
        let life = (0, 12 * 86_400);
        let (third, quarter) = (8 * 86_400, 9 * 86_400);
        let drawn = |gate: u16| gate * 64;
        let due = |now: u64| (0..1_024).filter(|gate| is_due_at(life, drawn(*gate), now)).count();
        assert_eq!((due(third - 1), due(third), due(quarter)), (0, 1, 1_024));
        for hour in 0..24 {
            let (before, then) = (third + hour * 3_600, third + (hour + 1) * 3_600);
            assert!((42..=43).contains(&(due(then) - due(before))), "{hour}");
        }
    }
}
