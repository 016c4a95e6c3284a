//! Parts of the golden vectors that belong to the gate: records of agents, what the log records
//! about them, and paths in their one spelling.

use jose::FlatJws;
use records::Bytes;
use records::access::{
    ApplicationCall, Completion, Connection, CountedRejection, Decision, Exception, ExceptionKind,
    GateResource, Heartbeat, InForce, Link, RunStart, request_id,
};
use records::est::EnrolledStatement;
use records::machine::AccountStatement;
use records::order::AccessMode;
use records::record::Event;
use serde_json::{Value, json as j};

fn filler(seed: u8) -> Bytes {
    Bytes::from(core::array::from_fn::<u8, 32, _>(|i| seed.wrapping_add(u8::try_from(i).unwrap())))
}

fn epoch() -> Bytes {
    Bytes::from([7; 16])
}

/// The place of the records below in their run.
pub fn link() -> Link {
    Link { epoch: epoch(), aseq: 4, prev: filler(5) }
}

/// One of each kind that an agent makes, and of each that is made about agents.
pub fn events(request: &[u8]) -> Vec<Event> {
    let person = "0123456789ABCDEF".to_owned();
    let world = InForce { bundle: 1, policy: filler(20), people: 3, crl: 2 };
    let (first, second) = ("2026-11-24T08:00:00Z".to_owned(), "2026-11-25T08:00:00Z".to_owned());
    let mut events = about(request, &person, (&first, &second));
    events.extend(of_systems());
    events.extend([
        Event::Started(RunStart {
            agent: "gate-1".into(),
            application: "exchange".into(),
            version: "0.1.0".into(),
            key_sha256: filler(21),
            cause: "start".into(),
        }),
        Event::Connection(Box::new(connection(&person))),
        Event::Connection(Box::new(Connection {
            tls: "1.2".into(),
            handshake: Some(filler(29)),
            ..connection(&person)
        })),
        Event::Decision(Box::new(decision(&person, &world))),
        Event::Completion(Completion {
            request: request_id("gate-1", &epoch(), 4),
            outcome: "done".into(),
            status: 200,
            reference: String::new(),
            up: 0,
            down: 1024,
            micros: 1500,
        }),
        Event::Called(Box::new(called(&person, &world))),
        Event::Turned(CountedRejection {
            code: "certificate-required".into(),
            stage: "certificate".into(),
            source: filler(28),
            serial: String::new(),
            reference: person,
            count: 1,
            first: "2026-11-24T08:00:00.000000Z".into(),
        }),
        Event::Heartbeat(Heartbeat {
            application: "exchange".into(),
            permitted: 2,
            denied: 1,
            excepted: 1,
            mode: Some(AccessMode::Observe),
            connections: 1,
            world,
            checkpoint: 9,
            spooled: 4096,
            state: "ready".into(),
            full: Vec::new(),
            nearly_full: vec![GateResource::Spool],
        }),
    ]);
    events
}

fn decision(person: &str, world: &InForce) -> Decision {
    Decision {
        application: "exchange".into(),
        connection: request_id("gate-1", &epoch(), 3),
        person: person.to_owned(),
        unit: "sz-office".into(),
        serial: "01".repeat(18),
        exception: Some(Exception {
            by: ExceptionKind::Observe,
            denied: "not-permitted".into(),
            order: filler(31),
        }),
        method: "GET".into(),
        target: filler(27),
        route: "/documents/{unit}/{document}".into(),
        action: "read".into(),
        resource: "exchange/sz-office/2026-001".into(),
        outcome: "permitted".into(),
        rule: "own-unit".into(),
        world: world.clone(),
        reference: String::new(),
    }
}

fn called(person: &str, world: &InForce) -> ApplicationCall {
    ApplicationCall {
        application: "exchange".into(),
        ask: "permission".into(),
        person: person.to_owned(),
        serial: "01".repeat(18),
        asked: filler(30),
        action: "read".into(),
        resource: "exchange/sz-office/2026-001".into(),
        outcome: ApplicationCall::YES.into(),
        rule: "own-unit".into(),
        world: world.clone(),
    }
}

fn connection(person: &str) -> Connection {
    Connection {
        person: person.to_owned(),
        serial: "01".repeat(18),
        sha256: filler(22),
        certificate: filler(23),
        host: "localhost".into(),
        alpn: "h2".into(),
        tls: "1.3".into(),
        source: filler(24),
        message: filler(25),
        handshake: None,
        scheme: 0x0403,
        signature: filler(26),
    }
}

/// What systems ask for by themselves.
fn of_systems() -> Vec<Event> {
    let account = filler(40).to_string();
    let jws = || FlatJws::of_parts(br#"{"alg":"ES256"}"#, b"{}", &[1; 64]);
    let said = AccountStatement {
        v: 1,
        founding: filler(41),
        system: "site".into(),
        order: filler(42),
        account: account.clone(),
    };
    let enrolled = EnrolledStatement {
        v: 1,
        founding: filler(41),
        system: "site".into(),
        order: filler(42),
        request: filler(47),
        certificate: Some(filler(48)),
        ..EnrolledStatement::default()
    };
    vec![
        Event::MachineAccount {
            jws: jws(),
            statement: records::json::write(&said).unwrap().into(),
            signature: filler(43),
        },
        Event::MachineUse {
            account: account.clone(),
            jws: jws(),
            vouched: vec!["www.acme.test".into()],
            serial: "01".repeat(18),
            tbs_sha256: filler(44),
        },
        Event::MachineEnrolled {
            statement: records::json::write(&enrolled).unwrap().into(),
            signature: filler(45),
            serial: "01".repeat(18),
            tbs_sha256: filler(46),
        },
        Event::MachineKey { account: account.clone(), jws: jws() },
        Event::MachineClosed { account, jws: jws() },
    ]
}

fn about(request: &[u8], person: &str, (first, second): (&str, &str)) -> Vec<Event> {
    vec![
        Event::Joined {
            agent: "gate-1".into(),
            order: filler(30),
            challenge: Bytes::from([3; 16]),
            request: filler(31),
            token: filler(32),
            value: filler(33),
            serial: "01".repeat(18),
            tbs_sha256: filler(34),
        },
        Event::People {
            agent: "gate-1".into(),
            number: 3,
            sha256: filler(35),
            this_update: first.into(),
            next_update: second.into(),
            people: 2,
        },
        Event::Forked {
            agent: "gate-1".into(),
            epoch: epoch(),
            aseq: 4,
            entry: filler(36),
            other: filler(37),
        },
        Event::Silent { agent: "gate-1".into(), since: first.into() },
        Event::Asked {
            person: person.into(),
            request: request.into(),
            signature: filler(38),
            certificate: filler(39),
            given: 2,
        },
        Event::Read {
            by: "portal-1/portal-staff".into(),
            person: person.into(),
            act: "find".into(),
            count: 1,
        },
        Event::Notified {
            notice: "000102030405060708090a0b0c0d0e0f".into(),
            about: "issued".into(),
            person: person.into(),
            channel: "mail".into(),
            outcome: "done".into(),
        },
        Event::Searched {
            by: "portal-1/portal-staff".into(),
            person: person.into(),
            search: Bytes(br#"{"log":"access"}"#.to_vec()),
            given: 2,
            count: 1,
        },
    ]
}

/// Paths with their one spelling, and paths that are refused.
pub fn paths() -> Value {
    let read = |raw: &str| match policy::CanonicalPath::read(raw) {
        Ok(path) => j!({ "raw": raw, "text": path.text(), "segments": path.segments() }),
        Err(_) => j!({ "raw": raw, "text": "", "segments": [] }),
    };
    let all = [
        "/",
        "/a/b",
        "/a/",
        "/a%20b",
        "/%61%2d",
        "/公文/1",
        "/%e5%85%ac",
        "/100%25",
        "",
        "//a",
        "/a//b",
        "/a/../b",
        "/a/%2e%2E",
        "/a;b",
        "/a%2fb",
        "/a%5cb",
        "/a%00",
        "/%c0%af",
        "/%4",
        "/a%252fb",
        "/%252e%252e",
    ];
    all.map(read).to_vec().into()
}
