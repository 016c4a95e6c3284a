//! What passes at gates that rules deny: by the mode that an order puts them in, and in
//! emergencies.

use crate::pages::{Language, show};
use ca_api::OpenEmergency;
use records::access::Heartbeat;
use records::order::AccessMode;

/// The words for how a gate takes its rules.
pub(super) struct ModeWords {
    pub(super) observes: &'static str,
    pub(super) suspended: &'static str,
    pub(super) excepted: &'static str,
}

/// Whether the gate enforces its rules, and how much passed that they deny, as it recorded last.
pub(super) fn mode(w: &ModeWords, beat: &Heartbeat) -> Vec<String> {
    let mode = match beat.mode {
        Some(AccessMode::Observe) => Some(w.observes.to_owned()),
        Some(AccessMode::Suspended) => Some(w.suspended.to_owned()),
        Some(AccessMode::Enforce) | None => None,
    };
    let excepted = (beat.excepted > 0).then(|| format!("{}: {}", w.excepted, beat.excepted));
    mode.into_iter().chain(excepted).collect()
}

/// The words for how an emergency stands.
pub(super) struct EmergencyWords {
    pub(super) to_come: &'static str,
    pub(super) running: &'static str,
    pub(super) over: &'static str,
}

/// An emergency whose case is open.
pub(super) struct EmergencyLine {
    pub(super) order: String,
    pub(super) application: String,
    pub(super) people: u64,
    pub(super) from: String,
    pub(super) until: String,
    /// Whether it is in force, or what it waits for.
    pub(super) stands: &'static str,
}

impl EmergencyLine {
    pub(super) fn of(
        one: &OpenEmergency,
        application: String,
        (now, words): (u64, &EmergencyWords),
        language: Language,
    ) -> Self {
        let unix = |time: &str| records::time::read(time).unwrap_or(0);
        Self {
            stands: match (unix(&one.from), unix(&one.until)) {
                (from, _) if now < from => words.to_come,
                (_, until) if now > until => words.over,
                _ => words.running,
            },
            order: show::harmless(&one.order),
            application,
            people: one.people,
            from: show::time(language, &one.from),
            until: show::time(language, &one.until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emergency_is_to_come_runs_and_waits_for_somebody_who_looks() {
        let one = OpenEmergency {
            order: "digest".into(),
            application: "exchange".into(),
            people: 1,
            from: "2026-11-26T08:00:00Z".into(),
            until: "2026-11-26T12:00:00Z".into(),
        };
        let words = EmergencyWords { to_come: "to come", running: "running", over: "over" };
        let begins = records::time::read(&one.from).unwrap();
        let stands =
            |now| EmergencyLine::of(&one, String::new(), (now, &words), Language::Chinese).stands;
        assert_eq!(stands(begins - 1), "to come");
        assert_eq!((stands(begins), stands(begins + 4 * 3_600)), ("running", "running"));
        assert_eq!(stands(begins + 4 * 3_600 + 1), "over");
    }
}
