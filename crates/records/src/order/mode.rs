//! Body of the order that says how an application's gates take what their rules say: whether a
//! denial bites, is only told, or nothing passes at all.

use crate::access_mode::AccessMode;
use serde::{Deserialize, Serialize};

/// Gates observe for so long at most without another order, in seconds: 90 days.
pub const OBSERVE_SECONDS_MAX: u64 = 90 * 86_400;

/// Kind `mode`: how the gates of an application take what their rules say from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeBody {
    /// Application id.
    pub application: String,
    /// The mode from now on.
    pub mode: AccessMode,
    /// Last second of `observe`, behind which the rules are enforced; empty for the other modes.
    pub until: String,
}

/// What is in force before an order of kind `mode`: without any, `enforce`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeBefore {
    /// The mode.
    pub mode: AccessMode,
    /// Last second of `observe`; else empty.
    pub until: String,
}

impl ModeBody {
    /// When `observe` ends, unix; 0 for the other modes, which have no end. Nothing where the two
    /// do not go together.
    pub fn until_unix(&self) -> Option<u64> {
        match self.mode {
            AccessMode::Observe => crate::time::read(&self.until),
            AccessMode::Enforce | AccessMode::Suspended => self.until.is_empty().then_some(0),
        }
    }

    /// Whether mode and end go together, where it is ordered at `made` (unix).
    pub fn is_sound(&self, made: u64) -> bool {
        self.until_unix().is_some_and(|until| until <= made + OBSERVE_SECONDS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_observes_has_an_end() {
        let body = |mode, until: &str| ModeBody {
            application: "exchange".into(),
            mode,
            until: until.into(),
        };
        let time = "2026-12-01T08:00:00Z";
        assert_eq!(body(AccessMode::Observe, time).until_unix(), crate::time::read(time));
        assert_eq!(body(AccessMode::Observe, "").until_unix(), None);
        assert_eq!(body(AccessMode::Enforce, "").until_unix(), Some(0));
        assert_eq!(body(AccessMode::Suspended, "").until_unix(), Some(0));
        assert_eq!(body(AccessMode::Suspended, time).until_unix(), None);
        let until = crate::time::read(time).unwrap();
        assert!(body(AccessMode::Observe, time).is_sound(until - OBSERVE_SECONDS_MAX));
        assert!(!body(AccessMode::Observe, time).is_sound(until - OBSERVE_SECONDS_MAX - 1));
    }
}
