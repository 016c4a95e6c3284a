//! What is written at once is what is written of a whole record.

use super::*;
use crate::access::{Decision, ExceptionKind, Link, RunStart};
use crate::bytes::Bytes;
use crate::record::Record;

/// Numbers that look drawn and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// A text of a few pieces, of those that are written as they stand and of those that are not.
    fn text(&mut self) -> String {
        const PIECES: [&str; 12] = [
            "a", "/docs/7", "\"", "\\", "\n", "\u{1}", "\u{7f}", "中", "é", "\u{2028}", "😀", "~ ",
        ];
        let count = self.roll(5);
        (0..count).map(|_| PIECES[usize::try_from(self.roll(12)).unwrap()]).collect()
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| u8::try_from(self.roll(256)).unwrap())
    }

    fn count(&mut self) -> u64 {
        let bits = self.roll(53);
        self.roll(u64::MAX).wrapping_mul(self.roll(u64::MAX) | 1) >> (63 - bits) & ((1 << 53) - 1)
    }
}

fn whole(event: Event, place: &PlaceInRun<'_>, maker: &str) -> Vec<u8> {
    let link =
        Link { epoch: [5; 16].into(), aseq: place.aseq, prev: Bytes::from(place.prev.as_slice()) };
    let record = Record {
        v: 1,
        id: Bytes::from(place.id.as_slice()),
        log: "access".into(),
        maker: maker.into(),
        time: time::micros(place.micros),
        link: Some(link),
        event,
    };
    record.write().unwrap()
}

fn decision(dice: &mut Dice) -> (Decision, InForceBytes) {
    let outcome = if dice.roll(2) == 0 { PERMITTED.to_owned() } else { dice.text() };
    let world = InForce {
        bundle: u32::try_from(dice.roll(1 << 20)).unwrap(),
        policy: dice.bytes::<32>().into(),
        people: dice.count(),
        crl: dice.count(),
    };
    let written = InForceBytes::of(&world).unwrap();
    let decision = Decision {
        application: dice.text(),
        connection: dice.text(),
        person: dice.text(),
        unit: dice.text(),
        serial: dice.text(),
        exception: (dice.roll(3) == 0).then(|| Exception {
            by: ExceptionKind::Observe,
            denied: dice.text(),
            order: dice.bytes::<32>().into(),
        }),
        method: dice.text(),
        target: dice.bytes::<32>().into(),
        route: dice.text(),
        action: dice.text(),
        resource: dice.text(),
        outcome,
        rule: dice.text(),
        world,
        reference: dice.text(),
    };
    (decision, written)
}

fn at_once(decision: &Decision, world: &InForceBytes) -> RecordBody {
    let of = OfConnection {
        application: &decision.application,
        connection: &decision.connection,
        person: &decision.person,
        unit: &decision.unit,
        serial: &decision.serial,
    };
    let target = decision.target.digest().unwrap();
    let said = OfDecision {
        exception: decision.exception.as_ref(),
        method: &decision.method,
        target: &target,
        route: &decision.route,
        action: &decision.action,
        resource: &decision.resource,
        outcome: &decision.outcome,
        rule: &decision.rule,
        world,
        reference: &decision.reference,
    };
    DecisionForm::new(&of).unwrap().body(&said).unwrap()
}

/// Of decisions, ends and other events, with whatever texts, numbers and times.
#[test]
fn a_record_is_written_at_once_as_it_is_written_whole() {
    let mut dice = Dice(7);
    let mut run = RunWriter::new(&[5; 16], "gate-1/agent").unwrap();
    for round in 0..2_000 {
        let (id, prev) = (dice.bytes::<16>(), dice.bytes::<32>());
        let micros = 1_790_000_000_000_000 + dice.roll(3_000_000);
        let place = PlaceInRun { id: &id, aseq: dice.count(), prev: &prev, micros };
        let (event, body) = match round % 3 {
            0 => {
                let (decision, world) = decision(&mut dice);
                let body = at_once(&decision, &world);
                assert_eq!(body.permits(), decision.outcome == PERMITTED);
                (Event::Decision(Box::new(decision)), body)
            }
            1 => {
                let ended = Completion {
                    request: dice.text(),
                    outcome: dice.text(),
                    status: u16::try_from(dice.roll(1_000)).unwrap(),
                    reference: dice.text(),
                    up: dice.count(),
                    down: dice.count(),
                    micros: dice.count(),
                };
                let body = RecordBody::completion(&ended).unwrap();
                assert!(body.ends_request() && !body.permits());
                (Event::Completion(ended), body)
            }
            _ => {
                let event = Event::Started(RunStart {
                    agent: dice.text(),
                    application: dice.text(),
                    version: dice.text(),
                    key_sha256: dice.bytes::<32>().into(),
                    cause: dice.text(),
                });
                let body = RecordBody::of(&event).unwrap();
                (event, body)
            }
        };
        assert_eq!(RecordBody::of(&event).unwrap(), body, "whichever way it was written");
        let mut written = b"before".to_vec();
        run.write(&mut written, &body, &place).unwrap();
        let written = written.strip_prefix(b"before").unwrap();
        let whole = whole(event, &place, "gate-1/agent");
        assert_eq!(String::from_utf8_lossy(written), String::from_utf8_lossy(&whole));
    }
}

/// What no document may hold is in no body either.
#[test]
fn what_no_document_holds_is_no_body() {
    let ended = Completion::without_answer("gate-1/A/1".into(), "done");
    assert!(RecordBody::completion(&ended).is_ok());
    for wrong in [
        Completion { up: 1 << 53, ..ended.clone() },
        Completion { down: u64::MAX, ..ended.clone() },
        Completion { micros: 1 << 53, ..ended.clone() },
        Completion { reference: "e\u{301}".into(), ..ended.clone() },
    ] {
        assert!(RecordBody::completion(&wrong).is_err(), "{wrong:?}");
        assert!(RecordBody::of(&Event::Completion(wrong)).is_err());
    }
    let of = OfConnection { application: "", connection: "", person: "", unit: "", serial: "" };
    assert!(DecisionForm::new(&OfConnection { person: "e\u{301}", ..of }).is_err());
    let (id, prev) = ([1; 16], [2; 32]);
    let place = PlaceInRun { id: &id, aseq: 1 << 53, prev: &prev, micros: 0 };
    let mut run = RunWriter::new(&[5; 16], "gate-1/agent").unwrap();
    let body = RecordBody::completion(&ended).unwrap();
    assert!(run.write(&mut Vec::new(), &body, &place).is_err());
}

/// Times of any second have the one spelling of records.
#[test]
fn a_time_has_one_spelling_whichever_way_it_is_written() {
    let mut run = RunWriter::new(&[5; 16], "gate-1/agent").unwrap();
    for second in [0, 1, 59, 86_399, 1_790_000_000, 4_102_444_800, SECONDS_END - 1, SECONDS_END] {
        for rest in [0, 1, 10, 999_999, 123_456] {
            let (mut written, micros) = (Vec::new(), second * 1_000_000 + rest);
            run.time(&mut written, micros);
            assert_eq!(String::from_utf8(written).unwrap(), time::micros(micros));
        }
    }
}
