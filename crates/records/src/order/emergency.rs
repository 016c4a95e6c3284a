//! Break-glass 应急: bodies of the order that lets named people past what the rules of one
//! application deny them, for hours, and of the one that closes its case.

use crate::bytes::Bytes;
use crate::commitment::Commitment;
use serde::{Deserialize, Serialize};

/// The longest emergency, in seconds: four hours.
pub const EMERGENCY_SECONDS_MAX: u64 = 4 * 3_600;
/// Most people of one.
pub const EMERGENCY_PEOPLE_MAX: usize = 16;

/// Most people whose matter one is: an order keeps 32 approvals, each of one who may act for
/// another.
pub(crate) const EMERGENCY_ABOUT_MAX: usize = EMERGENCY_PEOPLE_MAX + 64;

/// Kind `emergency`: what the rules deny these people passes within one window, and is recorded.
/// It counts once; another one of the application waits until its case is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyBody {
    /// Application id.
    pub application: String,
    /// Person ids, in their order, each once; none of them approves it.
    pub people: Vec<String>,
    /// First second.
    pub from: String,
    /// Last second, four hours later at most.
    pub until: String,
    /// Commitment to why.
    pub evidence: Commitment,
}

/// Kind `emergency-review`: somebody has looked at what passed by an emergency. Its case is closed,
/// and so is its window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyReviewBody {
    /// The order of kind `emergency` is named by its digest, 32 bytes.
    pub order: Bytes,
    /// Application id.
    pub application: String,
    /// Person ids, in their order, of those whose matter it was: whom it let past the rules, who
    /// approved it, and for whom. None of them closes its case.
    pub about: Vec<String>,
    /// Commitment to what was found.
    pub evidence: Commitment,
}

/// What is in force before an order of kind `emergency-review`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyBefore {
    /// Person ids.
    pub people: Vec<String>,
    /// First second.
    pub from: String,
    /// Last second.
    pub until: String,
}

impl EmergencyBody {
    /// First and last second, unix.
    pub fn window(&self) -> Option<(u64, u64)> {
        Some((crate::time::read(&self.from)?, crate::time::read(&self.until)?))
    }

    /// Whether it is of some people, for a time that is no longer than may be and ends behind the
    /// second in which the order was made, and in which it can still be carried out (both unix).
    pub fn is_sound(&self, made: u64, expires: u64) -> bool {
        let named = (1..=EMERGENCY_PEOPLE_MAX).contains(&self.people.len());
        let Some((from, until)) = self.window() else { return false };
        let is_short = from < until && until - from <= EMERGENCY_SECONDS_MAX;
        let is_soon = (made..=expires).contains(&until);
        named && self.people.is_sorted_by(|one, next| one < next) && is_short && is_soon
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emergency_is_short_and_soon_and_of_named_people() {
        let (made, expires) = (1_800_000_000, 1_800_000_000 + 7 * 86_400);
        let body = |people: &[&str], from: u64, until: u64| EmergencyBody {
            application: "exchange".into(),
            people: people.iter().map(|&person| person.to_owned()).collect(),
            from: crate::time::seconds(from),
            until: crate::time::seconds(until),
            evidence: Bytes::default(),
        };
        let long = EMERGENCY_SECONDS_MAX;
        assert!(body(&["A", "B"], made, made + long).is_sound(made, expires));
        assert!(!body(&["A"], made, made + long + 1).is_sound(made, expires), "too long");
        assert!(!body(&["A"], made + 9, made + 9).is_sound(made, expires), "no time at all");
        assert!(
            !body(&["A"], made - 9, made - 1).is_sound(made, expires),
            "over before it was made"
        );
        let late = body(&["A"], expires, expires + 1);
        assert!(!late.is_sound(made, expires), "behind the order's own end");
        for people in [&[][..], &["B", "A"], &["A", "A"], &["A"; 17]] {
            assert!(!body(people, made, made + 60).is_sound(made, expires), "{people:?}");
        }
    }
}
