//! What a portal's process tells of itself: acts and outcomes from closed sets, and who, as an id.
//! It writes no text of its own choosing into a log.

use crate::Code;
use crate::letter::read_reference;
use crate::record::{Event, Record};

/// Every act that a portal tells of.
pub const ACTS: [&str; 42] = [
    "approve",
    "batch",
    "certificate",
    "certify",
    "collect",
    "decline",
    "draft",
    "draft-many",
    "drafts",
    "fetch",
    "find",
    "join",
    "list",
    "look-up",
    "loss",
    "machine-account",
    "machine-cmp",
    "machine-deactivate",
    "machine-enrol",
    "machine-finalize",
    "machine-key",
    "machine-renew",
    "machine-revoke",
    "mine",
    "numbers",
    "passkeys",
    "people",
    "person",
    "preview",
    "receipt",
    "renew",
    "renew-certificate",
    "renewal-terms",
    "revoke",
    "search",
    "start",
    "state",
    "stop",
    "submit",
    "suspend",
    "system",
    "unit",
    "withdraw",
];

/// Whether a record is an event of a portal's process, told by that process.
pub fn is_of(record: &Record, maker: &str) -> bool {
    let Event::Portal { process, .. } = &record.event else { return false };
    let own = maker.rsplit_once("/portal-").is_some_and(|(_, own)| own == process);
    own && record.log == "access" && record.maker == maker
}

/// Whether an event says what a portal's process can tell.
pub fn is_sound(event: &Event) -> bool {
    let Event::Portal { act, outcome, person, .. } = event else { return false };
    let ended = outcome == "done" || Code::ALL.iter().any(|code| code.name() == outcome);
    let somebody = person.is_empty() || read_reference(person).as_ref() == Some(person);
    ACTS.contains(&act.as_str()) && ended && somebody
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(act: &str, outcome: &str, person: &str) -> Event {
        let [act, outcome, person] = [act, outcome, person].map(str::to_owned);
        Event::Portal { process: "staff".into(), act, outcome, person, count: 1 }
    }

    #[test]
    fn a_portal_writes_no_text_of_its_own_into_the_log() {
        let person = "0123456789ABCDEF";
        for (outcome, person) in [("done", person), ("done", ""), ("order-unknown", person)] {
            assert!(is_sound(&told("fetch", outcome, person)), "{outcome} {person}");
        }
        let long = "x".repeat(60_000);
        for (act, outcome, person) in [
            (long.as_str(), "done", person),
            ("fetched", "done", person),
            ("", "done", person),
            ("fetch", &long, person),
            ("fetch", "well", person),
            ("fetch", "", person),
            ("fetch", "done", &long),
            ("fetch", "done", "wang xiaoming"),
        ] {
            assert!(!is_sound(&told(act, outcome, person)), "{:.20}", format!("{act} {outcome}"));
        }
        assert!(!is_sound(&Event::Silent { agent: "g".into(), since: String::new() }));
    }

    #[test]
    fn a_process_tells_of_itself_only() {
        let record = |maker: &str, log: &str| Record {
            v: 1,
            id: vec![7; 16].into(),
            log: log.into(),
            maker: maker.into(),
            time: "2026-11-24T08:00:00.000000Z".into(),
            link: None,
            event: told("fetch", "done", ""),
        };
        let own = "portal-1/portal-staff";
        assert!(is_of(&record(own, "access"), own));
        assert!(!is_of(&record(own, "control"), own));
        assert!(!is_of(&record("portal-2/portal-staff", "access"), own));
        let public = "portal-1/portal-public";
        assert!(!is_of(&record(public, "access"), public), "the event names the other process");
    }
}
