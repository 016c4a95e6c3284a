//! How fast a replay in trust applies records, what a city weighs in memory, and how fast its kept
//! form is taken up: `cargo run --release -p authority --example pace -- PEOPLE CERTIFICATES`.
#![expect(clippy::unwrap_used, reason = "a measurement, no program")]

use authority::{Authority, OrderDigest, Signatures};
use keys::SoftwareSigner;
use pki::Signer;
use records::Approval;
use records::bytes::Bytes;
use records::order::{
    Body, IssueBody, ORDER_SECONDS, Order, PersonAction, PersonBody, ProfileRef, SubjectBody, maker,
};
use records::record::{Event, LetterStatement, Record, approval_id};
use sample_city::{SampleCity, sha256};
use std::time::{Duration, Instant};

const BATCH: usize = 1_000;

struct Maker {
    city: SampleCity,
    keys: Vec<SoftwareSigner>,
    records: Vec<Record>,
    applied: usize,
    spent: Duration,
    read: Duration,
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>().unwrap());
    let people = arguments.next().unwrap_or(10_000);
    let certificates = arguments.next().unwrap_or(100_000);
    let mut city = SampleCity::found();
    city.authority = city.authority.with_signatures(Signatures::trusting());
    let keys = (0..256).map(|_| SoftwareSigner::generate_p256().unwrap()).collect();
    let (spent, read) = (Duration::ZERO, Duration::ZERO);
    let mut maker = Maker { city, keys, records: Vec::new(), applied: 0, spent, read };
    let before = resident();
    let ids: Vec<String> = (0..people).map(|_| maker.person()).collect();
    maker.flush();
    println!("people: {:.0} records/s", maker.rate());
    let after_people = resident();
    (maker.applied, maker.spent, maker.read) = (0, Duration::ZERO, Duration::ZERO);
    for number in 0..certificates {
        maker.certificate(ids.get(number % ids.len()).unwrap(), number);
    }
    maker.flush();
    println!("certificates: apply {:.0} records/s", maker.rate());
    let read = maker.applied as f64 / maker.read.as_secs_f64();
    println!("reading the same records from their bytes: {read:.0} records/s");
    let memory = resident();
    println!(
        "memory: {people} people {} MiB, {certificates} certificates {} MiB more",
        (after_people.saturating_sub(before)) >> 20,
        (memory.saturating_sub(after_people)) >> 20
    );
    kept(&maker.city);
}

fn kept(city: &SampleCity) {
    let begun = Instant::now();
    let parts = city.authority.parts();
    let bytes: usize = parts.values().map(Vec::len).sum();
    println!("kept: {} parts, {} MiB, {:?}", parts.len(), bytes >> 20, begun.elapsed());
    let begun = Instant::now();
    let again = Authority::from_parts(&city.founding, &parts).unwrap();
    println!("taken up: {:?}, {} certificates", begun.elapsed(), again.held_count());
    let begun = Instant::now();
    for _ in 0..1_000 {
        std::hint::black_box(again.clone());
    }
    println!("a copy: {:?}", begun.elapsed() / 1_000);
    let changed = Instant::now();
    let count = again.changed_parts(&again.clone()).len();
    println!("what changed: {count} parts, {:?}", changed.elapsed());
}

fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}

impl Maker {
    fn rate(&self) -> f64 {
        self.applied as f64 / self.spent.as_secs_f64()
    }

    fn push(&mut self, event: Event) {
        let record = self.city.record(event);
        self.records.push(record);
    }

    fn flush(&mut self) {
        let records = std::mem::take(&mut self.records);
        let bytes: Vec<Vec<u8>> = records.iter().map(|record| record.write().unwrap()).collect();
        let begun = Instant::now();
        for bytes in &bytes {
            std::hint::black_box(Record::read(bytes).unwrap());
        }
        self.read += begun.elapsed();
        let begun = Instant::now();
        for record in &records {
            self.city.authority.apply(record).unwrap();
        }
        self.spent += begun.elapsed();
        self.applied += records.len();
    }

    fn order(&mut self, body: &Body) -> Bytes {
        let order = Order {
            v: 1,
            kind: body.kind().into(),
            issuer: maker("issuing-1", &self.city.founding),
            order: self.city.id(),
            version: 1,
            nonce: Bytes(vec![7; 16]),
            expires: records::time::seconds(self.city.now + ORDER_SECONDS),
            drafter: "operator:0".into(),
            basis: self.city.authority.basis(body, "operator:0").unwrap(),
            draft: None,
            place: None,
            body: body.value().unwrap(),
        };
        let bytes = records::json::write(&order).unwrap();
        let digest = OrderDigest::of(&bytes);
        self.push(Event::Order {
            order: Bytes(bytes),
            signature: Bytes(vec![0x30; 71]),
            cancels: Vec::new(),
        });
        digest.into()
    }

    fn approved(&mut self, order: &Bytes) -> Vec<Bytes> {
        let approve = |name: &str| Approval {
            v: 1,
            method: "certificate".into(),
            order: order.clone(),
            certificate: self.city.officer(name).certificate.der().into(),
            signature: Bytes(vec![0x30; 71]),
            assertion: None,
            acting_for: None,
            opened: None,
        };
        let approvals = ["officer-1", "officer-2"].map(approve);
        let ids = approvals.iter().map(|approval| approval_id(approval).unwrap()).collect();
        for approval in approvals {
            self.push(Event::Approval {
                approval,
                person: "0000000000000FF1".into(),
                acting_for: None,
            });
        }
        ids
    }

    fn person(&mut self) -> String {
        let person = self.city.id();
        let order = self.order(&Body::Person(PersonBody {
            action: PersonAction::Create,
            person: person.clone(),
            version: 1,
            unit: "sz-office".into(),
            name: sha256(person.as_bytes()),
            mail: None,
            number: None,
            evidence: sha256(b"evidence"),
        }));
        let approvals = self.approved(&order);
        self.push(Event::Enacted { order, approvals, files: Vec::new() });
        if self.records.len() >= 4 * BATCH {
            self.flush();
        }
        person
    }

    fn letter(&mut self, person: &str, reference: &str) {
        let statement = LetterStatement {
            v: 1,
            reference: reference.to_owned(),
            person: person.into(),
            profile: "official".into(),
            lookup_sha256: sha256(reference.as_bytes()),
            loss_sha256: sha256(person.as_bytes()),
            suspend_sha256: sha256(person.as_bytes()),
            expires: records::time::seconds(self.city.now + 7 * 86_400),
            channels: Vec::new(),
            draft: None,
            place: None,
        };
        self.push(Event::Letter {
            statement: Bytes(records::json::write(&statement).unwrap()),
            signature: Bytes(vec![0x30; 71]),
        });
    }

    fn certificate(&mut self, person: &str, number: usize) {
        self.city.now += 10;
        let reference = self.city.id();
        self.letter(person, &reference);
        let key = self.keys.get(number % self.keys.len()).unwrap().public_key();
        let (spki, key_sha256) = (Bytes::from(key.spki()), Bytes::from(key.sha256()));
        let profile = self.city.authority.profile("official").unwrap();
        let body = Body::Issue(Box::new(IssueBody {
            person: person.into(),
            person_version: 1,
            profile: ProfileRef {
                id: "official".into(),
                version: profile.version,
                digest: profile.digest.clone(),
            },
            subject: SubjectBody {
                c: "CN".into(),
                o: "商洛市".into(),
                ou: vec!["shangzhou".into(), "sz-office".into()],
                cn: sha256(b"cn"),
                sn: person.into(),
            },
            names: Vec::new(),
            key: spki,
            validity_days: profile.profile.validity_days(),
            evidence: sha256(b"evidence"),
            label: "cli".into(),
            reference: Some(reference.clone()),
            renewal: None,
            previous: None,
        }));
        self.push(Event::Application {
            reference: reference.clone(),
            order: sha256(b"order"),
            label: "cli".into(),
            challenge_sha256: sha256(reference.as_bytes()),
            request: sha256(b"request"),
        });
        let order = self.order(&body);
        let approvals = self.approved(&order);
        let serial = self.city.serial().to_string();
        let not_after = records::time::seconds(self.city.now + 365 * 86_400);
        self.push(Event::Intent {
            order: order.clone(),
            approvals,
            serial: serial.clone(),
            not_after: not_after.clone(),
            tbs_sha256: sha256(b"tbs"),
            tbs: sha256(b"commitment"),
            lint: 1,
        });
        self.push(Event::Issued {
            under: order,
            serial: serial.clone(),
            subject: person.into(),
            profile: "official".into(),
            key_sha256,
            not_after,
            sha256: sha256(serial.as_bytes()),
            certificate: sha256(b"certificate"),
        });
        if self.records.len() >= 7 * BATCH {
            self.flush();
        }
    }
}
