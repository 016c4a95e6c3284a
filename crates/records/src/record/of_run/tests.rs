//! What is read quickly is what is read otherwise, whatever the bytes are.

use super::*;
use crate::access::{
    ApplicationCall, Completion, Connection, CountedRejection, Decision, Exception, ExceptionKind,
    GateResource, Heartbeat, InForce, RunStart,
};
use crate::access_mode::AccessMode;
use crate::record::Record;
use std::collections::BTreeSet;

fn world() -> InForce {
    InForce { bundle: 2, crl: 12, people: 9, policy: [9; 32].into() }
}

fn decision(exception: Option<Exception>) -> Decision {
    Decision {
        action: "read".into(),
        application: "exchange".into(),
        connection: "gate-1/AAAA/3".into(),
        exception,
        method: "GET".into(),
        outcome: "permitted".into(),
        person: "0123456789ABCDEF".into(),
        reference: String::new(),
        resource: "商州区/7".into(),
        route: "/documents/{id}".into(),
        rule: "own-unit".into(),
        serial: "01".repeat(18),
        target: [8; 32].into(),
        unit: "sz-office".into(),
        world: world(),
    }
}

fn connection(handshake: Option<Bytes>) -> Event {
    Event::Connection(Box::new(Connection {
        alpn: "h2".into(),
        certificate: [1; 32].into(),
        handshake,
        host: "gate.example".into(),
        message: vec![2; 130].into(),
        person: "0123456789ABCDEF".into(),
        scheme: 0x0403,
        serial: "01".repeat(18),
        sha256: [3; 32].into(),
        signature: vec![4; 71].into(),
        source: [5; 32].into(),
        tls: "1.3".into(),
    }))
}

fn heartbeat(excepted: u64, mode: Option<AccessMode>) -> Event {
    Event::Heartbeat(Heartbeat {
        application: "exchange".into(),
        permitted: 7,
        denied: 1,
        excepted,
        mode,
        connections: 2,
        world: world(),
        checkpoint: 5,
        spooled: 0,
        state: "ready".into(),
        full: Vec::new(),
        nearly_full: vec![GateResource::Disk, GateResource::Spool],
    })
}

/// Each kind, with and without what may be left out.
fn samples() -> Vec<Event> {
    let exception =
        Exception { by: ExceptionKind::Observe, denied: "no-rule".into(), order: [6; 32].into() };
    vec![
        Event::Started(RunStart {
            agent: "gate-1".into(),
            application: "exchange".into(),
            version: "0.1.0".into(),
            key_sha256: [7; 32].into(),
            cause: "start".into(),
        }),
        connection(None),
        connection(Some([6; 32].into())),
        Event::Decision(Box::new(decision(None))),
        Event::Decision(Box::new(decision(Some(exception)))),
        Event::Completion(Completion::without_answer("gate-1/AAAA/3".into(), "cut")),
        Event::Called(Box::new(ApplicationCall {
            action: "read".into(),
            application: "exchange".into(),
            ask: "permission".into(),
            asked: [8; 32].into(),
            outcome: ApplicationCall::YES.into(),
            person: String::new(),
            resource: "7".into(),
            rule: "own-unit".into(),
            serial: String::new(),
            world: world(),
        })),
        Event::Turned(CountedRejection {
            code: "no-certificate".into(),
            stage: "handshake".into(),
            source: [5; 32].into(),
            serial: String::new(),
            reference: String::new(),
            count: 3,
            first: "2026-11-24T08:00:00.000000Z".into(),
        }),
        heartbeat(0, None),
        heartbeat(3, Some(AccessMode::Observe)),
    ]
}

fn record(event: Event) -> Record {
    Record {
        v: 1,
        id: [7; 16].into(),
        log: "access".into(),
        maker: "gate-1/agent".into(),
        time: "2026-11-24T08:00:00.000000Z".into(),
        link: Some(Link { epoch: [1; 16].into(), aseq: 4, prev: [2; 32].into() }),
        event,
    }
}

/// What is read quickly of some bytes; the other way reads the same of them.
fn quick(bytes: &[u8]) -> Option<Record> {
    let ReadOfRun { id, log, maker, time, link, event } = read(bytes)?;
    let read = Record { v: 1, id, log, maker, time, link: Some(link), event };
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(json::read::<Record>(bytes), Ok(read.clone()), "{text}");
    Some(read)
}

#[test]
fn each_kind_that_agents_record_is_read_quickly() {
    let mut kinds = BTreeSet::new();
    for event in samples() {
        let kind = event.kind();
        assert!(event.is_of_run(), "{kind}");
        kinds.insert(kind);
        let record = record(event);
        let bytes = record.write().unwrap();
        assert_eq!(quick(&bytes), Some(record.clone()), "{kind}");
        assert_eq!(Record::read(&bytes), Ok(record));
    }
    assert_eq!(kinds.len(), 7);
    // What others record, and what has no place in a run, is read the other way.
    let silent = Event::Silent { agent: "gate-1".into(), since: "2026-11-24T08:00:00Z".into() };
    let silent =
        Record { event: silent, link: None, maker: "log".into(), ..record(connection(None)) };
    let without = Record { link: None, ..record(connection(None)) };
    for other in [silent, without] {
        let bytes = other.write().unwrap();
        assert_eq!(quick(&bytes), None);
        assert_eq!(json::read(&bytes), Ok(other));
    }
}

/// A byte less, one more or another one, anywhere: what is still read quickly is still read
/// otherwise, as the same.
#[test]
fn no_byte_makes_a_difference() {
    let mut taken = 0;
    for event in [samples().swap_remove(4), samples().swap_remove(5), heartbeat(3, None)] {
        let bytes = record(event).write().unwrap();
        for at in 0..bytes.len() {
            let (before, behind) = bytes.split_at(at);
            let without = [before, &behind[1..]].concat();
            let twice = [before, &behind[..1], behind].concat();
            let others = br#""0A ,}"#.iter().map(|byte| [before, &[*byte], &behind[1..]].concat());
            for altered in others.chain([without, twice]) {
                taken += usize::from(quick(&altered).is_some());
            }
        }
    }
    assert!(taken > 500, "{taken}");
}

/// What a reader of JSON would take for the same is refused, as it is the other way.
#[test]
fn one_spelling_is_read() {
    let bytes = record(samples().swap_remove(3)).write().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (deep, policy) = ("[".repeat(200) + &"]".repeat(200), Bytes(vec![9; 32]).to_string());
    let link =
        format!(r#"{{"aseq":4,"epoch":"{}","prev":"{}"}}"#, Bytes(vec![1; 16]), Bytes(vec![2; 32]));
    let world = format!(r#"{{"bundle":2,"crl":12,"people":9,"policy":"{policy}"}}"#);
    let target = Bytes(vec![8; 32]).to_string();
    let spare_bits = format!("{}h", target.strip_suffix('g').unwrap());
    let other_world = format!(r#"[2,12,9,"{policy}"]"#);
    let other_link = format!(r#"["{}",4,"{}"]"#, Bytes(vec![1; 16]), Bytes(vec![2; 32]));
    let (nested, null) = (format!(r#""method":{deep}"#), r#""exception":null,"method""#);
    for (from, to) in [
        (r#""v":1}"#, r#""v":1} "#),
        (r#""v":1}"#, r#""v":1}}"#),
        (r#""v":1}"#, r#""v":01}"#),
        (r#""v":1}"#, r#""v":1,"w":1}"#),
        (r#""aseq":4"#, r#""aseq":04"#),
        (r#""aseq":4"#, r#""aseq":+4"#),
        (r#""aseq":4"#, r#""aseq":"4""#),
        (r#""aseq":4"#, r#""aseq":"#),
        (r#""aseq":4"#, r#""aseq":9007199254740992"#),
        (r#"{"action""#, r#"{ "action""#),
        (r#""action":"read""#, r#""aaa":"","action":"read""#),
        (r#""action":"read""#, r#""action":"read","action":"read""#),
        (r#""action":"read","#, ""),
        (r#""bundle":2,"crl":12"#, r#""crl":12,"bundle":2"#),
        (r#""bundle":2"#, r#""bundle":4294967296"#),
        (r#""method""#, null),
        (r#""method":"GET""#, r#""method":"G\u0045T""#),
        (r#""method":"GET""#, r#""method":{}"#),
        (r#""method":"GET""#, nested.as_str()),
        (r#""kind":"decision""#, r#""kind":"completion""#),
        (r#""kind":"decision""#, r#""kind":"decided""#),
        (target.as_str(), spare_bits.as_str()),
        (world.as_str(), other_world.as_str()),
        (link.as_str(), other_link.as_str()),
    ] {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        let altered = text.replace(from, to);
        assert_eq!(quick(altered.as_bytes()), None, "{to}");
        let why = json::read::<Record>(altered.as_bytes()).unwrap_err();
        assert_eq!(Record::read(altered.as_bytes()), Err(why), "{to}");
    }
    // What is read quickly is judged as all else: version, log, time, maker and the length of ids.
    for (from, to) in [
        (r#""log":"access""#, r#""log":"other""#),
        (r#""log":"access""#, r#""log":"control""#),
        (r#""maker":"gate-1/agent""#, r#""maker":"log""#),
        (r#".000000Z"#, r#".000Z"#),
        (r#""id":""#, r#""id":"AAAA"#),
    ] {
        let altered = text.replace(from, to);
        assert!(quick(altered.as_bytes()).is_some(), "{to}");
        assert_eq!(Record::read(altered.as_bytes()), Err(json::JsonError::part("header")), "{to}");
    }
    let version = text.replace(r#""v":1}"#, r#""v":2}"#);
    assert_eq!(quick(version.as_bytes()), None);
    assert_eq!(Record::read(version.as_bytes()), Err(json::JsonError::part("header")));
}

/// What has to be looked at, as a text with escapes, is read the other way and no worse.
#[test]
fn what_has_to_be_looked_at_is_read_too() {
    for resource in ["é", "a\"b\\", "\n", "😀"] {
        let said = Decision { resource: resource.into(), ..decision(None) };
        let record = record(Event::Decision(Box::new(said)));
        let bytes = record.write().unwrap();
        assert_eq!(quick(&bytes), None, "{resource:?}");
        assert_eq!(Record::read(&bytes), Ok(record));
    }
}
