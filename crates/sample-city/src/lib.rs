//! A small city in memory, with keys of its own, for tests that need no process: people who act,
//! and records as the CA would write them. Nothing here is part of a program.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a sample that contradicts itself is a defect of the test"
)]

mod act;
mod batch;
mod letter;
mod list;
pub mod orders;
mod passkey;
mod revoke;
pub mod shape;
mod suspend;
mod trust;

pub use batch::{SampleBatch, numbered_rows};
pub use passkey::{SampleAnswer, SamplePasskey};

use authority::Authority;
use authority::{OrderDigest, Serial};
use keys::SoftwareSigner;
use pki::certificate::{CertificateContent, TbsCertificate};
use pki::name::{Subject, Text};
use pki::{Certificate, SerialNumber, Signer};
use records::bytes::Bytes;
use records::commitment::Disclosure;
use records::founding::{
    City, FirstPerson, FirstService, FirstUnit, Founding, Holding, OnlineKeys, RuleFile,
    ServiceKey, StandingAuthorization,
};
use records::label::Label;
use records::order::{ProfileRef, bundle_digest};
use records::record::{Event, File, Record};
use records::rules::Role;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// When the sample city was founded, unix.
pub const FOUNDED: u64 = 1_795_507_200;
const PROFILES: [(&str, &str); 6] = [
    ("official", include_str!("../../../policies/profiles/official.toml")),
    ("staff", include_str!("../../../policies/profiles/staff.toml")),
    ("service", include_str!("../../../policies/profiles/service.toml")),
    ("server", include_str!("../../../policies/profiles/server.toml")),
    ("system", include_str!("../../../policies/profiles/system.toml")),
    ("device", include_str!("../../../policies/profiles/device.toml")),
];
const APPROVALS: &str = include_str!("../../../policies/approvals.toml");
const ROLES: &str = include_str!("../../../policies/roles.toml");
const BUNDLE: &str = "access/exchange.toml";
/// The first people: name, id, unit, role, scope.
const PEOPLE: [(&str, &str, &str, Role, &str); 6] = [
    ("officer-1", "0000000000000FF1", "sz-office", Role::RegistrationOfficer, "shangzhou"),
    ("officer-2", "0000000000000FF2", "sz-office", Role::RegistrationOfficer, "shangzhou"),
    ("officer-3", "0000000000000FF3", "ln-office", Role::RegistrationOfficer, "luonan"),
    ("security-1", "00000000000005E1", "city", Role::SecurityAdministrator, "city"),
    ("security-2", "00000000000005E2", "city", Role::SecurityAdministrator, "city"),
    ("auditor", "000000000000A0D1", "city", Role::Auditor, "city"),
];

/// A person who holds a key and a certificate.
#[derive(Clone)]
pub struct SampleOfficer {
    /// Person id.
    pub person: String,
    /// The key.
    pub signer: std::sync::Arc<SoftwareSigner>,
    /// The certificate.
    pub certificate: Certificate,
}

/// The city, at a time of its own that tests move.
#[derive(Clone)]
pub struct SampleCity {
    /// What follows from its log.
    pub authority: Authority,
    /// The time at which the next record is made, unix.
    pub now: u64,
    /// Every record so far, leaf 0 first.
    pub log: Vec<Record>,
    /// Its digest.
    pub founding: [u8; 32],
    /// Its keys.
    pub keys: std::sync::Arc<CityKeys>,
    officers: BTreeMap<String, SampleOfficer>,
    count: u64,
}

/// The keys of authorities and of the portal.
pub struct CityKeys {
    /// The root.
    pub root: SoftwareSigner,
    /// The issuing key signs certificates and their list.
    pub issuing: SoftwareSigner,
    /// The registry key signs orders and letters.
    pub registry: SoftwareSigner,
    /// The TLS key of the public portal's process.
    pub portal: SoftwareSigner,
    /// The TLS key of the staff portal's process.
    pub staff: SoftwareSigner,
    /// The portal's process for machines.
    pub machines: SoftwareSigner,
    /// Everything else.
    pub other: SoftwareSigner,
}

fn fresh() -> SoftwareSigner {
    SoftwareSigner::generate_p256().unwrap()
}

fn spki(signer: &SoftwareSigner) -> Bytes {
    signer.public_key().spki().into()
}

/// SHA-256 as documents have it.
pub fn sha256(bytes: &[u8]) -> Bytes {
    Bytes::from(Sha256::digest(bytes).as_slice())
}

/// What opens the name of one of the first people, as their record commits to it.
pub fn first_name(person: &str) -> Disclosure {
    let salt = Sha256::digest(person.as_bytes()).into();
    Disclosure::new("/name", salt, "王小明".into())
}

impl SampleCity {
    /// Founds it; the first people hold their certificates.
    pub fn found() -> Self {
        Self::found_as(true)
    }

    /// Founds it as a sample city or as a real one.
    pub fn found_as(sample: bool) -> Self {
        let keys = CityKeys {
            root: fresh(),
            issuing: fresh(),
            registry: fresh(),
            portal: fresh(),
            staff: fresh(),
            machines: fresh(),
            other: fresh(),
        };
        let people: Vec<(usize, SoftwareSigner)> =
            (0..PEOPLE.len()).map(|place| (place, fresh())).collect();
        let statement = statement(&keys, &people, sample);
        let bytes = records::json::write(&statement).unwrap();
        let signature = Label::Founding.sign(&keys.root, &bytes).unwrap();
        let founding = records::founding::digest(&bytes);
        let event = Event::Founding {
            statement: Bytes(bytes),
            signature: Bytes(signature),
            files: files(),
        };
        let record = record(event, FOUNDED, 0);
        let mut city = Self {
            authority: Authority::found(&record, &founding).unwrap(),
            now: FOUNDED,
            log: vec![record],
            founding,
            keys: std::sync::Arc::new(keys),
            officers: BTreeMap::new(),
            count: 0,
        };
        for ((name, person, unit, ..), (_, signer)) in PEOPLE.into_iter().zip(people) {
            city.certify_first(name, person, unit, signer);
        }
        city
    }

    fn certify_first(&mut self, name: &str, person: &str, unit: &str, signer: SoftwareSigner) {
        let serial = self.serial();
        let certificate = self.certificate(&serial, person, unit, &signer, FOUNDED + 365 * 86_400);
        let event = Event::Issued {
            under: self.founding.into(),
            serial: serial.to_string(),
            subject: person.into(),
            profile: "staff".into(),
            key_sha256: signer.public_key().sha256().into(),
            not_after: records::time::seconds(certificate.not_after()),
            sha256: certificate.sha256().into(),
            certificate: sha256(b"certificate"),
        };
        self.apply(event).unwrap();
        let signer = std::sync::Arc::new(signer);
        let officer = SampleOfficer { person: person.into(), signer, certificate };
        self.officers.insert(name.into(), officer);
    }

    /// One of the people who hold a certificate, by name.
    pub fn officer(&self, name: &str) -> &SampleOfficer {
        self.officers.get(name).unwrap()
    }

    /// Lets a person act under a name.
    pub fn admit(&mut self, name: &str, officer: SampleOfficer) {
        self.officers.insert(name.into(), officer);
    }

    /// A certificate by the issuing key; no record says anything of it.
    pub fn certificate(
        &self,
        serial: &SerialNumber,
        person: &str,
        unit: &str,
        signer: &SoftwareSigner,
        not_after: u64,
    ) -> Certificate {
        let name = |common: &str, number: Option<&str>| {
            let subject = Subject {
                country: "CN".into(),
                organization: Text::read("商洛市").unwrap(),
                units: self.authority.organizational_units(unit),
                common_name: Text::read(common).unwrap(),
                serial_number: number.map(str::to_owned),
            };
            subject.to_name().unwrap()
        };
        let issuing = &self.keys.issuing;
        let content = CertificateContent {
            serial,
            signature: &issuing.public_key().algorithm().signature_identifier().unwrap(),
            issuer: &name("issuing", None),
            not_before: FOUNDED - 60,
            not_after,
            subject: &name("王小明", Some(person)),
            key: signer.public_key().spki(),
            extensions: Vec::new(),
        };
        TbsCertificate::build(content).unwrap().sign(issuing).unwrap()
    }

    /// 32 bytes that nobody drew before.
    fn draw(&mut self) -> [u8; 32] {
        self.count += 1;
        Sha256::digest([self.founding.as_slice(), &self.count.to_be_bytes()].concat()).into()
    }

    /// A new id of a person, order or letter.
    pub fn id(&mut self) -> String {
        let drawn = self.draw();
        records::letter::reference(*drawn.first_chunk().unwrap())
    }

    /// Draws a new serial number.
    pub fn serial(&mut self) -> SerialNumber {
        let drawn = self.draw();
        SerialNumber::from_random(*drawn.first_chunk().unwrap())
    }

    /// Makes a record of this event at the city's present time.
    pub fn record(&mut self, event: Event) -> Record {
        self.count += 1;
        record(event, self.now, self.count)
    }

    /// The next record of the log.
    pub fn apply(&mut self, event: Event) -> Result<(), authority::UnsignedClaim> {
        let record = self.record(event);
        let applied = self.authority.apply(&record);
        if applied.is_ok() {
            self.log.push(record);
        }
        applied
    }

    /// A record that is not yet in the tree.
    pub fn pending(&mut self, event: Event) {
        let record = self.record(event);
        self.authority.notice(&record);
    }
}

fn record(event: Event, now: u64, count: u64) -> Record {
    let digest = Sha256::digest(count.to_be_bytes());
    Record {
        v: 1,
        id: digest.get(..16).unwrap().into(),
        log: "control".into(),
        maker: "issuer".into(),
        time: records::time::micros(now * 1_000_000),
        link: None,
        event,
    }
}

fn files() -> Vec<File> {
    let file = |name: String, content: &str| File { name, content: content.into() };
    let mut files: Vec<File> =
        PROFILES.iter().map(|(id, content)| file(format!("profiles/{id}.toml"), content)).collect();
    files.push(file("approvals.toml".into(), APPROVALS));
    files.push(file("roles.toml".into(), ROLES));
    files.push(file(BUNDLE.into(), "version = 1\n"));
    files
}

fn statement(keys: &CityKeys, people: &[(usize, SoftwareSigner)], sample: bool) -> Founding {
    let unit = |unit: &str, county: bool, parent: Option<&str>| FirstUnit {
        unit: unit.into(),
        name: unit.into(),
        county,
        parent: parent.map(str::to_owned),
    };
    let person = |(place, signer): &(usize, SoftwareSigner)| {
        let (_, person, unit, role, scope) = PEOPLE.get(*place).copied().unwrap();
        FirstPerson {
            person: person.into(),
            name: first_name(person).commitment().unwrap(),
            unit: unit.into(),
            roles: vec![Holding { role, scope: scope.into() }],
            key: spki(signer),
            profile: "staff".into(),
        }
    };
    let rule = |name: &str, digest: Bytes| RuleFile { name: name.into(), version: 1, digest };
    let profile = |(id, content): &(&str, &str)| ProfileRef {
        id: (*id).into(),
        version: 1,
        digest: sha256(content.as_bytes()),
    };
    Founding {
        v: 1,
        city: City {
            name: "商洛市".into(),
            country: "CN".into(),
            arc: "1.3.6.1.4.1.32473".into(),
            sample,
        },
        founded: records::time::seconds(FOUNDED),
        nonce: Bytes(vec![7; 16]),
        root: spki(&keys.root),
        issuer: "issuing-1".into(),
        keys: OnlineKeys {
            issuing: spki(&keys.issuing),
            registry: spki(&keys.registry),
            status: spki(&keys.other),
            ocsp: spki(&keys.other),
        },
        logs: Vec::new(),
        units: vec![
            unit("city", false, None),
            unit("shangzhou", true, Some("city")),
            unit("sz-office", false, Some("shangzhou")),
            unit("luonan", true, Some("city")),
            unit("ln-office", false, Some("luonan")),
        ],
        people: people.iter().map(person).collect(),
        services: vec![portal(keys)],
        authorizations: vec![StandingAuthorization {
            authorization: "renew-portal-1".into(),
            service: "portal-1".into(),
            process: "portal-public".into(),
            profile: "service".into(),
            quota: 2,
            expires: records::time::seconds(FOUNDED + 3_650 * 86_400),
            key_sha256: keys.portal.public_key().sha256().into(),
        }],
        profiles: PROFILES.iter().map(profile).collect(),
        rules: vec![
            rule("approvals", sha256(APPROVALS.as_bytes())),
            rule("roles", sha256(ROLES.as_bytes())),
            rule("bundle", bundle_digest([(BUNDLE, "version = 1\n")])),
        ],
    }
}

fn portal(keys: &CityKeys) -> FirstService {
    let key = |process: &str, host: &str, signer: &SoftwareSigner| ServiceKey {
        process: process.into(),
        hosts: vec![host.into()],
        key: spki(signer),
    };
    FirstService {
        service: "portal-1".into(),
        unit: "city".into(),
        keys: vec![
            key("portal-public", "portal.example", &keys.portal),
            key("portal-staff", "staff.example", &keys.staff),
            key("portal-machines", "machines.example", &keys.machines),
        ],
    }
}

/// The serial number of a certificate as tables have it.
pub fn serial_of(certificate: &Certificate) -> Serial {
    Serial::of(certificate.serial()).unwrap()
}

/// The digest of an order as records name it.
pub fn named(digest: OrderDigest) -> Bytes {
    digest.into()
}
