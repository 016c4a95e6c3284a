use super::*;
use crate::access::{Completion, Connection, Link};
use crate::lineage::Proven;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use std::collections::HashMap;
use tlog::Edge;
use tlog::merkle::leaf_hash;

/// A log whose key we hold.
struct SampleLog {
    key: Ed25519KeyPair,
    vkey: VerifierKey,
    records: Vec<Vec<u8>>,
}

const SALT: [u8; 32] = [9; 32];

fn ended(number: u64) -> Record {
    let event = Completion::without_answer(format!("gate-1/AAAA/{number}"), "done");
    Record {
        v: 1,
        id: Bytes(vec![u8::try_from(number).unwrap(); 16]),
        log: "access".into(),
        maker: "gate-1/agent".into(),
        time: format!("2026-11-24T08:00:{number:02}.000000Z"),
        link: Some(Link { epoch: Bytes(vec![1; 16]), aseq: number, prev: Bytes(vec![2; 32]) }),
        event: Event::Completion(event),
    }
}

fn source() -> Disclosure {
    Disclosure::new("/source", [3; 32], "192.0.2.7".into())
}

fn connected(number: u64) -> Record {
    let event = Connection {
        person: "0123456789ABCDEF".into(),
        serial: "0a".into(),
        sha256: Bytes(vec![4; 32]),
        certificate: Bytes(vec![5; 32]),
        host: "exchange.sl".into(),
        alpn: "h2".into(),
        tls: "1.3".into(),
        source: source().commitment().unwrap(),
        message: Bytes(vec![6; 32]),
        handshake: None,
        scheme: 0x0403,
        signature: Bytes(vec![7; 64]),
    };
    Record { event: Event::Connection(Box::new(event)), ..ended(number) }
}

impl SampleLog {
    /// Ends of requests, and a connection as the last.
    fn new() -> Self {
        let key = Ed25519KeyPair::generate().unwrap();
        let public = key.public_key().as_ref().try_into().unwrap();
        let records = (0..20).map(ended).chain([connected(20)]);
        let records = records.map(|record| record.write().unwrap()).collect();
        Self { key, vkey: VerifierKey::new("city/access", public).unwrap(), records }
    }

    /// What an honest log answers that found these.
    fn answer(&self, found: &[u64]) -> FoundRecords {
        let (mut edge, mut tiles) = (Edge::default(), HashMap::new());
        for bytes in &self.records {
            for full in edge.append(leaf_hash(&crate::record::entry(&SALT, bytes))) {
                tiles.insert(full.id, full.hashes);
            }
        }
        tiles.extend(edge.partial().map(|(id, hashes)| (id, hashes.to_vec())));
        let (size, root) = (edge.size(), edge.root());
        let head = Checkpoint { origin: self.vkey.name().to_owned(), size, root };
        let sign = |text: &[u8]| Ok::<_, ()>(self.key.sign(text).as_ref().to_vec());
        let shown = |index: &u64| {
            let have = |id| tiles.get(&id).map(Vec::as_slice);
            let hashes = tlog::proof::inclusion(*index, size, &have).unwrap();
            let proven = Proven {
                record: Bytes(self.records[usize::try_from(*index).unwrap()].clone()),
                salt: SALT.into(),
                index: *index,
                hashes: hashes.into_iter().map(Bytes::from).collect(),
            };
            DisclosedRecord { proven, disclosures: Vec::new() }
        };
        FoundRecords {
            records: found.iter().map(shown).collect(),
            names: BTreeMap::new(),
            before: None,
            complete_to: size,
            checkpoint: tlog::note::sign(&head.text(), &self.vkey, sign).unwrap(),
            consistency: Vec::new(),
        }
    }

    /// Which records are proven, and why others are refused.
    fn judged(&self, answer: FoundRecords, asked: &Search) -> Vec<Result<u64, Unproven>> {
        let checked = answer.open(asked, &self.vkey).unwrap();
        assert_eq!(checked.tree_size, 21);
        let judged = |one: Result<FoundRecord, UnprovenRecord>| match one {
            Ok(found) => Ok(found.index()),
            Err(unproven) => Err(unproven.why),
        };
        checked.records.into_iter().map(judged).collect()
    }
}

fn all() -> Search {
    Search { log: "access".into(), ..Search::default() }
}

#[test]
fn a_record_is_believed_where_the_tree_holds_it() {
    let log = SampleLog::new();
    let good = log.answer(&[9, 8, 3]);
    assert_eq!(log.judged(good.clone(), &all()), [Ok(9), Ok(8), Ok(3)]);
    type Change = fn(&mut FoundRecords);
    let changes: [(&str, Change); 6] = [
        ("an altered record", |a| {
            let mut record = Record::read(&a.records[1].proven.record.0).unwrap();
            let Event::Completion(ended) = &mut record.event else { unreachable!() };
            ended.status = 200;
            a.records[1].proven.record = Bytes(record.write().unwrap());
        }),
        ("a record of another index", |a| {
            a.records[1].proven.record = a.records[2].proven.record.clone();
        }),
        ("under another index", |a| a.records[1].proven.index = 7),
        ("another salt", |a| a.records[1].proven.salt.0[0] ^= 1),
        ("another proof", |a| a.records[1].proven.hashes[0].0[0] ^= 1),
        ("no proof", |a| a.records[1].proven.hashes.clear()),
    ];
    for (what, change) in changes {
        let mut answer = good.clone();
        change(&mut answer);
        let judged = log.judged(answer, &all());
        assert_eq!(judged, [Ok(9), Err(Unproven::Elsewhere), Ok(3)], "{what}");
    }
    // What is left out is not seen: what is there is proven all the same.
    assert_eq!(log.judged(log.answer(&[9, 3]), &all()), [Ok(9), Ok(3)]);
}

#[test]
fn a_checkpoint_is_the_logs_own() {
    let (log, other) = (SampleLog::new(), SampleLog::new());
    let answer = log.answer(&[9]);
    assert!(answer.clone().open(&all(), &other.vkey).is_err());
    let named = VerifierKey::new("city/control", *log.vkey.public()).unwrap();
    assert!(answer.clone().open(&all(), &named).is_err());
    let mut changed = answer.clone();
    changed.checkpoint = changed.checkpoint.replacen("\n21\n", "\n22\n", 1);
    assert!(changed.open(&all(), &log.vkey).is_err());
    assert!(answer.open(&all(), &log.vkey).is_ok());
}

/// A record that is true and was not asked for is no answer, and neither is one given twice.
#[test]
fn what_was_not_asked_for_is_refused() {
    let log = SampleLog::new();
    let asked = Search { request: "gate-1/AAAA/8".into(), ..all() };
    let judged = log.judged(log.answer(&[9, 8]), &asked);
    assert_eq!(judged, [Err(Unproven::Unasked), Ok(8)]);
    let asked = Search { until: "2026-11-24T08:00:08Z".into(), ..all() };
    assert_eq!(log.judged(log.answer(&[9, 8]), &asked), [Err(Unproven::Unasked), Ok(8)]);
    let control = Search { log: "control".into(), ..Search::default() };
    assert_eq!(log.judged(log.answer(&[9]), &control), [Err(Unproven::Unasked)]);
    let judged = log.judged(log.answer(&[9, 9, 8, 10]), &all());
    assert_eq!(judged, [Ok(9), Err(Unproven::OutOfOrder), Ok(8), Err(Unproven::OutOfOrder)]);
    let asked = Search { before: Some(9), ..all() };
    assert_eq!(log.judged(log.answer(&[9, 8]), &asked), [Err(Unproven::OutOfOrder), Ok(8)]);
}

/// Beside a record stands what opens it, and the names of those whom it names; all else is dropped.
#[test]
fn what_opens_nothing_of_a_record_is_dropped() {
    let log = SampleLog::new();
    let mut answer = log.answer(&[20]);
    let forged = Disclosure::new("/source", [3; 32], "192.0.2.8".into());
    answer.records[0].disclosures = vec![forged, source()];
    for id in ["0123456789ABCDEF", "FEDCBA9876543210"] {
        answer.names.insert(id.into(), "王小明".into());
    }
    let checked = answer.open(&all(), &log.vkey).unwrap();
    let found = checked.records[0].as_ref().unwrap();
    assert_eq!(found.disclosures(), [source()]);
    let names: Vec<&String> = checked.names.keys().collect();
    assert_eq!(names, ["0123456789ABCDEF"]);
}
