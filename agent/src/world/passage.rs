//! What comes of what the rules said: it passes, it passes although they deny it, or it is refused.
//! Pure: what orders say stands in the snapshot of people, which the registry key signed.

use http::Method;
use policy::Denial;
use records::Code;
use records::access::{Exception, ExceptionKind};
use records::order::AccessMode;
use records::people::{OrderedEmergency, OrderedMode, PeopleSnapshot};

/// What orders say of how this gate takes its rules.
#[derive(Clone, Debug, Default)]
pub struct Ordered {
    /// The mode, where it is not `enforce`, and until when it observes, unix.
    mode: Option<(OrderedMode, u64)>,
    /// Emergencies, each with its first and last second, unix.
    emergencies: Vec<(OrderedEmergency, u64, u64)>,
}

impl Ordered {
    /// As a snapshot says it. An end that cannot be read has passed.
    pub(super) fn of(snapshot: &PeopleSnapshot) -> Self {
        let until = |mode: &OrderedMode| records::time::read(&mode.until).unwrap_or(0);
        let mode = snapshot.mode.clone();
        let emergencies = snapshot.emergencies.iter().filter_map(|one| {
            let (from, until) = (&one.from, &one.until);
            Some((one.clone(), records::time::read(from)?, records::time::read(until)?))
        });
        Self {
            mode: mode.map(|mode| (mode.clone(), until(&mode))),
            emergencies: emergencies.collect(),
        }
    }

    /// The mode at a time; it observes no longer than the order says.
    pub fn mode(&self, now: u64) -> AccessMode {
        match &self.mode {
            Some((ordered, until)) => match ordered.mode {
                AccessMode::Observe if now > *until => AccessMode::Enforce,
                mode => mode,
            },
            None => AccessMode::Enforce,
        }
    }

    /// Whether anything passes at all.
    pub(super) fn is_open(&self, now: u64) -> Result<(), Code> {
        match self.mode(now) {
            AccessMode::Suspended => Err(Code::ApplicationSuspended),
            AccessMode::Observe | AccessMode::Enforce => Ok(()),
        }
    }

    /// What comes of an outcome of the rules about somebody and a method: nothing, an exception
    /// that its record names, or the code of a refusal.
    pub fn passage(
        &self,
        (person, method): (&str, &str),
        outcome: Result<(), Denial>,
        now: u64,
    ) -> Result<Option<Exception>, Code> {
        self.is_open(now)?;
        let Err(denial) = outcome else { return Ok(None) };
        let passes =
            self.excepted(person, denial, now).or_else(|| self.observed(method, denial, now));
        passes.map(Some).ok_or_else(|| denial_code(denial))
    }

    /// In an emergency what a rule denies to one of its people passes, and nothing else.
    fn excepted(&self, person: &str, denial: Denial, now: u64) -> Option<Exception> {
        let names = |(one, from, until): &&(OrderedEmergency, u64, u64)| {
            (*from..=*until).contains(&now) && one.people.iter().any(|named| named == person)
        };
        let (one, ..) = self.emergencies.iter().filter(|_| denial == Denial::Rule).find(names)?;
        Some(Exception {
            by: ExceptionKind::Emergency,
            denied: denial_code(denial).name().to_owned(),
            order: one.order.clone(),
        })
    }

    /// Only what rules say is observed: who is not served, and what cannot be evaluated, is refused
    /// whatever the mode. A port of which the rules say nothing is no tunnel for people: everything
    /// behind it would be open to all of them.
    fn observed(&self, method: &str, denial: Denial, now: u64) -> Option<Exception> {
        let is_of_rules = matches!(denial, Denial::Rule | Denial::Route);
        let is_unnamed_port = denial == Denial::Route && method == Method::CONNECT.as_str();
        let (ordered, _) = self.mode.as_ref().filter(|_| is_of_rules && !is_unnamed_port)?;
        (self.mode(now) == AccessMode::Observe).then(|| Exception {
            by: ExceptionKind::Observe,
            denied: denial_code(denial).name().to_owned(),
            order: ordered.order.clone(),
        })
    }
}

/// The code of a denial.
pub fn denial_code(denial: Denial) -> Code {
    match denial {
        Denial::Unknown => Code::NotServed,
        Denial::Route => Code::RouteUnknown,
        Denial::Rule => Code::NotPermitted,
        Denial::Error => Code::PolicyError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;
    const DENIALS: [Denial; 4] = [Denial::Unknown, Denial::Route, Denial::Rule, Denial::Error];

    fn ordered(mode: AccessMode, until: u64) -> Ordered {
        let said = OrderedMode { mode, until: String::new(), order: [7; 32].into() };
        Ordered { mode: Some((said, until)), emergencies: Vec::new() }
    }

    #[test]
    fn without_an_order_what_rules_deny_is_refused() {
        let plain = Ordered::default();
        assert_eq!(plain.passage(("ONE", "GET"), Ok(()), NOW), Ok(None));
        for denial in DENIALS {
            assert_eq!(plain.passage(("ONE", "GET"), Err(denial), NOW), Err(denial_code(denial)));
        }
    }

    /// What the rules deny passes with the code that it would have, up to the last second of the
    /// order; an error of theirs, and who is not served, passes never.
    #[test]
    fn a_gate_observes_what_rules_deny_and_nothing_else_and_not_for_ever() {
        let observes = ordered(AccessMode::Observe, NOW);
        assert_eq!(observes.passage(("ONE", "GET"), Ok(()), NOW), Ok(None));
        for denial in [Denial::Rule, Denial::Route] {
            let passed = observes.passage(("ONE", "GET"), Err(denial), NOW).unwrap().unwrap();
            assert_eq!((passed.by, passed.order), (ExceptionKind::Observe, [7; 32].into()));
            assert_eq!(passed.denied, denial_code(denial).name());
            assert_eq!(
                observes.passage(("ONE", "GET"), Err(denial), NOW + 1),
                Err(denial_code(denial))
            );
        }
        for denial in [Denial::Unknown, Denial::Error] {
            assert_eq!(
                observes.passage(("ONE", "GET"), Err(denial), NOW),
                Err(denial_code(denial))
            );
        }
        let tunnel = |denial| observes.passage(("ONE", "CONNECT"), Err(denial), NOW);
        assert_eq!(tunnel(Denial::Rule).unwrap().unwrap().denied, "not-permitted");
        assert_eq!(tunnel(Denial::Route), Err(Code::RouteUnknown), "a port that no rule names");
        assert_eq!(
            (observes.mode(NOW), observes.mode(NOW + 1)),
            (AccessMode::Observe, AccessMode::Enforce)
        );
    }

    /// Past a rule's denial, for its people alone, within its window alone; never past anything
    /// else, and not where the application is suspended.
    #[test]
    fn an_emergency_lets_its_people_past_rules_in_its_window_and_nobody_else() {
        let emergency = OrderedEmergency {
            order: [8; 32].into(),
            people: vec!["ONE".into()],
            from: String::new(),
            until: String::new(),
        };
        let emergencies = vec![(emergency, NOW, NOW + 60)];
        let ordered = Ordered { mode: None, emergencies: emergencies.clone() };
        let asks = |person, now| ordered.passage((person, "GET"), Err(Denial::Rule), now);
        let passed = asks("ONE", NOW).unwrap().unwrap();
        assert_eq!((passed.by, passed.order), (ExceptionKind::Emergency, [8; 32].into()));
        assert_eq!(passed.denied, "not-permitted");
        assert!(asks("ONE", NOW + 60).is_ok());
        let refused = Err(Code::NotPermitted);
        assert_eq!(
            (asks("ONE", NOW - 1), asks("ONE", NOW + 61)),
            (refused.clone(), refused.clone())
        );
        assert_eq!(asks("TWO", NOW), refused);
        assert_eq!(
            ordered.passage(("ONE", "GET"), Ok(()), NOW),
            Ok(None),
            "what rules permit is no exception"
        );
        for denial in [Denial::Unknown, Denial::Route, Denial::Error] {
            assert_eq!(ordered.passage(("ONE", "GET"), Err(denial), NOW), Err(denial_code(denial)));
        }
        let mode = self::ordered(AccessMode::Suspended, 0).mode;
        let suspended = Ordered { mode, emergencies };
        let none = suspended.passage(("ONE", "GET"), Err(Denial::Rule), NOW);
        assert_eq!(none, Err(Code::ApplicationSuspended));
    }

    #[test]
    fn nothing_passes_where_the_application_is_suspended() {
        let suspended = ordered(AccessMode::Suspended, 0);
        let outcomes = DENIALS.map(Err).into_iter().chain([Ok(())]);
        for outcome in outcomes {
            assert_eq!(
                suspended.passage(("ONE", "GET"), outcome, NOW),
                Err(Code::ApplicationSuspended)
            );
        }
    }
}
