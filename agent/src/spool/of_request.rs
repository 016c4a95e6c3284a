//! What a record says of a request that goes through the gate: that it may, or that it ended.
//!
//! Records are canonical JSON: keys are sorted, and a quote inside of a text is escaped. So a key
//! with its quotes stands in no text, and what is looked for is found without building the rest.

/// What a record says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OfRequest<'a> {
    /// The one that this record names may pass.
    Permitted,
    /// The one of this name ended.
    Ended(&'a str),
}

/// What a record of a gate says of a request, if it says something of one.
pub(super) fn of_request(record: &[u8]) -> Option<OfRequest<'_>> {
    let text = core::str::from_utf8(record).ok()?;
    // Behind the body and the kind stand only its place, log, maker, time and form.
    let (before, kind) = text.rsplit_once(r#","kind":""#)?;
    match kind.split_once('"')?.0 {
        "decision" => before.contains(r#""outcome":"permitted""#).then_some(OfRequest::Permitted),
        "completion" => {
            let (_, named) = before.split_once(r#""request":""#)?;
            Some(OfRequest::Ended(named.split_once('"')?.0))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::Bytes;
    use records::access::{Completion, Decision, InForce, Link};
    use records::record::{Event, Record};
    use std::path::Path;

    /// The same from the record as it is read whole.
    fn read_whole(record: &Record) -> Option<OfRequest<'_>> {
        match &record.event {
            Event::Decision(decision) if decision.outcome == "permitted" => {
                Some(OfRequest::Permitted)
            }
            Event::Completion(ended) => Some(OfRequest::Ended(&ended.request)),
            _ => None,
        }
    }

    fn agrees(record: &Record) {
        let bytes = record.write().unwrap();
        assert_eq!(of_request(&bytes), read_whole(record), "{}", String::from_utf8_lossy(&bytes));
    }

    fn decision(outcome: &str, told: &str) -> Event {
        Event::Decision(Box::new(Decision {
            application: told.into(),
            connection: "gate-1/AAAA/3".into(),
            person: told.into(),
            unit: told.into(),
            serial: told.into(),
            exception: None,
            method: told.into(),
            target: [7; 32].into(),
            route: told.into(),
            action: told.into(),
            resource: told.into(),
            outcome: outcome.into(),
            rule: told.into(),
            world: InForce::default(),
            reference: told.into(),
        }))
    }

    /// Of each kind it says what the whole record says, whatever texts of others stand in it.
    #[test]
    fn what_is_found_is_what_the_whole_record_says() {
        let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/vectors.json");
        let vectors: serde_json::Value =
            serde_json::from_slice(&std::fs::read(vectors).unwrap()).unwrap();
        let kinds = vectors["records"].as_array().unwrap();
        assert!(kinds.len() > 20, "{}", kinds.len());
        for one in kinds {
            let bytes = Bytes::read(one["record"].as_str().unwrap()).unwrap();
            agrees(&Record::read(&bytes.0).unwrap());
        }
        let hostile = [
            "",
            r#"","kind":"completion"#,
            r#","kind":"completion","request":"gate-1/AAAA/1""#,
            r#""outcome":"permitted""#,
            r#"\","outcome":"permitted","#,
            r#""request":"gate-1/AAAA/9""#,
            "中\u{2028}\"\\",
        ];
        for told in hostile {
            let ended = Completion::without_answer("gate-1/AAAA/4".into(), "cut");
            let events = [
                decision("permitted", told),
                decision("rule-denied", told),
                decision(told, told),
                Event::Completion(Completion { reference: told.into(), ..ended }),
            ];
            for event in events {
                agrees(&Record {
                    v: 1,
                    id: [7; 16].into(),
                    log: "access".into(),
                    maker: "gate-1/agent".into(),
                    time: "2026-11-24T08:00:00.000000Z".into(),
                    link: Some(Link { epoch: [1; 16].into(), aseq: 4, prev: [2; 32].into() }),
                    event,
                });
            }
        }
        let nameless = br#"{"body":{},"id":"","kind":"completion""#;
        for broken in [b"".as_slice(), b"{}", b"\xff", nameless] {
            assert_eq!(of_request(broken), None);
        }
    }
}
