//! Five hundred certificates of every profile, with names as people and places have them, made as
//! the CA makes them (`ca_host::prepare`) and judged by pkilint, OpenSSL and webpki; pkilint judges
//! what a founding signed beside them, and Java reads all of it.

mod founded;
mod java;
mod mailboxes;
mod wildcards;

use ca_host::prepare::{Addresses, CertificateInputs, CertificateIssuer, PrepareError, prepare};
use keys::SoftwareSigner;
use pki::certificate::{CertificateContent, TbsCertificate};
use pki::crl::{ListContent, RevocationList, RevocationReason, RevokedCertificate};
use pki::name::{DistinguishedName, Subject, TEXT_CHARS_MAX, Text};
use pki::profile::Holder;
use pki::{Certificate, CertificateProfile, SerialNumber, Signer, oid};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tests::load::Chance;
use tests::workspace;

const COUNT: usize = 500;
/// Certificates of a profile with wildcards, judged apart.
const WILDCARDS: usize = 20;
/// The same certificates in every run, but for keys and signatures.
const SEED: u64 = 20_261_130;
const NOW: u64 = 1_795_507_200;
/// A lint that does not end; how long it takes follows from what else the machine does.
const LINT_MAX: Duration = Duration::from_secs(240);
/// Longest name of DNS, in octets.
const HOST_MAX: usize = 253;
/// Keys of a kind; those of RSA take long to make.
const KEYS_OF_A_KIND: [(&str, usize); 6] =
    [("p256", 40), ("p384", 20), ("ed25519", 20), ("rsa2048", 3), ("rsa3072", 1), ("rsa4096", 1)];

/// Names of people: common ones, a character outside of the basic plane, rare ones, of several
/// parts, of other alphabets, with what stands in names besides letters.
const PEOPLE: [&str; 12] = [
    "王小明",
    "李丹",
    "𠮷田𡈽",
    "㐂𪚥龘",
    "欧阳靐",
    "买买提·吐尔逊江",
    "Zoë Müller-Lüdenscheid",
    "Ana O'Brien",
    "Ким Чен",
    "한국인",
    "A",
    "阿卜杜热西提·阿不力孜江",
];
const CITIES: [&str; 4] = ["商洛市", "陕西省商洛市人民政府", "𠮷市", "Shangluo City"];
const LABELS: [&str; 7] = ["a", "portal", "xn--fiqs8s", "xn--55qw42g", "a-b-c", "9to5", "gov"];
const ENDS: [&str; 4] = ["gov.cn", "shangluo.gov.cn", "xn--fiqs8s", "example"];

/// An authority with its key.
struct Issuer {
    signer: SoftwareSigner,
    certificate: Certificate,
}

/// Who signs, for whom, and with which keys.
struct Ceremony {
    chance: Chance,
    arc: oid::Arc,
    keys: BTreeMap<&'static str, Vec<SoftwareSigner>>,
    root: Issuer,
    issuing: Vec<Issuer>,
}

/// Every profile of the sample city, and what its own do not use: signed mail, keys that encipher.
fn profiles() -> Vec<CertificateProfile> {
    let read = |name: &str| {
        let path = workspace().join(format!("policies/profiles/{name}.toml"));
        std::fs::read_to_string(path).unwrap()
    };
    let more = [
        read("official").replace("[\"clientAuth\"]", "[\"clientAuth\", \"emailProtection\"]"),
        read("official")
            .replace("[\"p256\", \"p384\", \"ed25519\", ", "[")
            .replace("[\"digitalSignature\"]", "[\"digitalSignature\", \"keyEncipherment\"]"),
    ];
    let own = std::fs::read_dir(workspace().join("policies/profiles")).unwrap();
    let mut names: Vec<_> = own.map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let own = names.iter().map(|path| std::fs::read_to_string(path).unwrap());
    let all: Vec<_> =
        own.chain(more).map(|text| CertificateProfile::read(&text).unwrap()).collect();
    assert!(all.len() >= 10, "a profile is missing");
    all
}

fn generated(kind: &str) -> SoftwareSigner {
    SoftwareSigner::generate(pki::algorithm::by_name(kind).unwrap()).unwrap()
}

impl Ceremony {
    fn begin(seed: u64, profiles: &[CertificateProfile]) -> Self {
        let keys = KEYS_OF_A_KIND
            .map(|(kind, count)| (kind, (0..count).map(|_| generated(kind)).collect()))
            .into();
        let arc = oid::Arc::read("1.3.6.1.4.1.32473").unwrap();
        let named = |id: &str| profiles.iter().find(|profile| profile.id() == id).unwrap();
        let mut chance = Chance(seed);
        let made = |profile, by: Option<&Issuer>, signer: SoftwareSigner, chance: &mut Chance| {
            let subject = subject(chance, profile);
            let certificate = issue(chance, (profile, &arc), by, &signer, (&signer, &subject));
            Issuer { certificate, signer }
        };
        let root = made(named("root"), None, generated("p384"), &mut chance);
        let issuing = ["p256", "p384"]
            .map(|kind| made(named("issuing"), Some(&root), generated(kind), &mut chance))
            .into();
        Self { chance, arc, keys, root, issuing }
    }

    /// A certificate of a profile, under whom it is made.
    fn certificate(&mut self, profile: &CertificateProfile) -> (Certificate, usize) {
        let Self { chance, arc, keys, root, issuing } = self;
        let kind = chance.one(profile.keys()).clone();
        let key = chance.one(&keys[kind.as_str()]);
        let subject = subject(chance, profile);
        let place = chance.below(issuing.len() as u64) as usize;
        let by = match profile.id() {
            "root" => None,
            "issuing" | "registry" | "status" => Some(&*root),
            _ => Some(&issuing[place]),
        };
        (issue(chance, (profile, arc), by, key, (key, &subject)), place)
    }
}

/// Prepared, linted and signed; a root by its own key.
fn issue(
    chance: &mut Chance,
    (profile, arc): (&CertificateProfile, &oid::Arc),
    by: Option<&Issuer>,
    own: &SoftwareSigner,
    (key, subject): (&SoftwareSigner, &DistinguishedName),
) -> Certificate {
    let signer = by.map_or(own, |by| &by.signer);
    let mut random = [0; 18];
    random.iter_mut().for_each(|byte| *byte = chance.below(256) as u8);
    let (dns, mail) = alternative_names(chance, profile);
    let of_system = of_system(profile, &dns);
    let subject = of_system.as_ref().unwrap_or(subject);
    let addresses = by.map(|_| addresses(chance, profile));
    let inputs = CertificateInputs {
        profile,
        arc,
        issuer: by
            .map_or(CertificateIssuer::Itself, |by| CertificateIssuer::Authority(&by.certificate)),
        issuer_key: signer.public_key(),
        serial: &SerialNumber::from_random(random),
        now: NOW,
        subject,
        key: key.public_key(),
        dns: &dns,
        mail: &mail,
        addresses,
    };
    let told = |error| panic!("{}: {error:?}: {dns:?} {mail:?}", profile.id());
    prepare(&inputs).unwrap_or_else(told).tbs().sign(signer).unwrap()
}

fn addresses(chance: &mut Chance, profile: &CertificateProfile) -> Addresses {
    let base = format!("http://{}", host(chance, HOST_MAX));
    let under_root = ["issuing", "registry", "status"].contains(&profile.id());
    Addresses {
        crl: format!("{base}/crl/issuing-1/0.crl"),
        issuer: format!("{base}/ca/issuing-1.cer"),
        ocsp: (!under_root).then(|| format!("{base}/ocsp")),
    }
}

/// The subject of a system is its first name, where that is short enough.
fn of_system(profile: &CertificateProfile, names: &[String]) -> Option<DistinguishedName> {
    let first = names.first().filter(|_| profile.holder() == Holder::System)?;
    let (city, common) = (Text::read("商洛市").unwrap(), Text::read(first).ok());
    Some(DistinguishedName::of_system("CN", &city, "sz-office", common.as_ref()).unwrap())
}

fn subject(chance: &mut Chance, profile: &CertificateProfile) -> DistinguishedName {
    let person = matches!(profile.holder(), Holder::Person | Holder::Staff);
    let city = *chance.one(&CITIES);
    let common = match profile.holder() {
        Holder::Person | Holder::Staff => match chance.below(8) {
            0 => "龘".repeat(TEXT_CHARS_MAX),
            1 => "𠮷".repeat(TEXT_CHARS_MAX),
            _ => (*chance.one(&PEOPLE)).to_owned(),
        },
        Holder::Service => format!("portal-{}/portal-staff", chance.below(1_000)),
        _ => format!("{city} {}", profile.id()),
    };
    let units = match profile.holder() {
        Holder::Authority | Holder::Signer => Vec::new(),
        Holder::Service => vec!["shangluo".to_owned()],
        _ if chance.below(2) == 0 => vec!["sz-office".to_owned()],
        _ => vec!["shangzhou".to_owned(), "区政府办公室".to_owned()],
    };
    let mut id = [0; 10];
    id.iter_mut().for_each(|byte| *byte = chance.below(256) as u8);
    let subject = Subject {
        country: "CN".into(),
        organization: Text::read(city).unwrap(),
        units,
        common_name: Text::read(&common).unwrap(),
        serial_number: person.then(|| records::letter::reference(id)),
    };
    subject.to_name().unwrap()
}

/// Host names and mail addresses as far as the profile gives them, some at their limits.
fn alternative_names(
    chance: &mut Chance,
    profile: &CertificateProfile,
) -> (Vec<String>, Vec<String>) {
    let has_hosts = matches!(profile.holder(), Holder::Service | Holder::System);
    let hosts = if has_hosts { 1 + chance.below(4) } else { 0 };
    let dns = (0..hosts).map(|_| match chance.below(6) {
        0 => format!("{}.{}.0.{}", 1 + chance.below(223), chance.below(256), chance.below(256)),
        1 => format!("2001:db8::{:x}", 1 + chance.below(65_535)),
        2 if profile.wildcards() && profile.holder() == Holder::Service => {
            format!("*.{}", host(chance, HOST_MAX - 2))
        }
        _ => host(chance, HOST_MAX),
    });
    let dns = dns.collect();
    let mails = if profile.mail() { chance.below(3) } else { 0 };
    (dns, (0..mails).map(|_| mail(chance)).collect())
}

/// A name of at most so many octets, sometimes of as many.
fn host(chance: &mut Chance, most: usize) -> String {
    let end = *chance.one(&ENDS);
    match chance.below(8) {
        0 => format!("{}.{end}", "l".repeat(63)),
        1 => {
            let labels = format!("{0}.{0}.{0}.", "m".repeat(62));
            format!("{labels}{}.{end}", "n".repeat(most - labels.len() - end.len() - 1))
        }
        2 => format!("{}.{}.{end}", chance.one(&LABELS), chance.one(&LABELS)),
        _ => format!("{}.{end}", chance.one(&LABELS)),
    }
}

fn mail(chance: &mut Chance) -> String {
    let local = match chance.below(6) {
        0 => "l".repeat(64),
        1 => "王小明".to_owned(),
        2 => "𠮷".repeat(16),
        3 => "o'brien+tag=1".to_owned(),
        4 => "!#$%&*-/=?^_`{|}~.x".to_owned(),
        _ => format!("xiaoming.wang{}", chance.below(1_000)),
    };
    format!("{local}@{}.{}", chance.one(&LABELS), chance.one(&ENDS))
}

/// Runs pkilint over a folder, in one process: its findings, notices too, and how many files.
fn linted(folder: &Path) -> (Vec<String>, usize) {
    let python = workspace().join(".tools/venv/bin/python3");
    assert!(python.exists(), "pkilint is missing; next: make test-tools");
    let script = workspace().join("tests/formats/lint.py");
    let said = Command::new(python).arg(script).arg(folder).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8(said.stdout).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let count = lines.pop().unwrap().parse().unwrap();
    (lines, count)
}

/// OpenSSL reads it and finds its signature good, webpki finds it good for its purpose.
fn judged(certificate: &Certificate, by: &Issuer, root: &Issuer) {
    use rustls_pki_types::{CertificateDer, UnixTime};
    let read = |one: &Certificate| openssl::x509::X509::from_der(one.der()).unwrap();
    let issuer = if certificate.issuer() == root.certificate.subject() { root } else { by };
    let key = read(&issuer.certificate).public_key().unwrap();
    assert!(read(certificate).verify(&key).unwrap(), "{}", certificate.serial());
    let purposes = certificate.purposes();
    let purpose = match () {
        () if purposes.contains(&oid::SERVER_AUTH) => webpki::KeyUsage::server_auth(),
        () if purposes.contains(&oid::CLIENT_AUTH) => webpki::KeyUsage::client_auth(),
        () => return,
    };
    let [leaf, between, anchor] = [certificate, &by.certificate, &root.certificate]
        .map(|one| CertificateDer::from(one.der()));
    let (anchors, between) = ([webpki::anchor_from_trusted_cert(&anchor).unwrap()], [between]);
    let end_entity = webpki::EndEntityCert::try_from(&leaf).unwrap();
    let verified = end_entity.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &between,
        UnixTime::since_unix_epoch(Duration::from_secs(NOW)),
        purpose,
        None,
        None,
    );
    assert!(verified.is_ok(), "{}: {:?}", certificate.serial(), verified.err());
}

fn serial(number: u64) -> SerialNumber {
    let mut bytes = [7; 18];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    SerialNumber::from_random(bytes)
}

/// Lists of either authority: of nobody, of some, of many.
fn lists(ceremony: &Ceremony, folder: &Path) {
    let reasons = ["keyCompromise", "superseded", "cessationOfOperation"];
    for (number, count) in [0, 3, 400].into_iter().enumerate() {
        let revoked: Vec<RevokedCertificate> = (0..count)
            .map(|one| RevokedCertificate {
                serial: serial(one),
                at: NOW - one,
                reason: RevocationReason::from_name(reasons[one as usize % 3]).unwrap(),
            })
            .collect();
        for (by, end) in [(&ceremony.root, "arl"), (&ceremony.issuing[0], "crl")] {
            let content = ListContent {
                issuer: by.certificate.subject(),
                key_identifier: &by.certificate.key_identifier().unwrap(),
                number: number as u64 + 1,
                this_update: NOW,
                next_update: NOW + 86_400,
                shard_url: (end == "crl").then_some("http://ca.gov.cn/crl/issuing-1/0.crl"),
                revoked: &revoked,
            };
            let list = RevocationList::issue(&content, &by.signer).unwrap();
            std::fs::write(folder.join(format!("{number}.{end}")), list.der()).unwrap();
        }
    }
}

#[test]
fn five_hundred_certificates_please_every_judge() {
    let profiles = profiles();
    let mut ceremony = Ceremony::begin(SEED, &profiles);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, der: &[u8]| std::fs::write(folder.path().join(name), der).unwrap();
    for (number, profile) in profiles.iter().cycle().take(COUNT).enumerate() {
        let (certificate, place) = ceremony.certificate(profile);
        if profile.id() != "root" {
            judged(&certificate, &ceremony.issuing[place], &ceremony.root);
        }
        write(&format!("{number:03}-{}.cer", profile.id()), certificate.der());
    }
    lists(&ceremony, folder.path());
    let all = COUNT + 6 + founded::bring(folder.path());
    let began = Instant::now();
    let (findings, count) = linted(folder.path());
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
    assert_eq!(count, all);
    assert!(began.elapsed() < LINT_MAX, "{:?}", began.elapsed());
    let others = java::differs(folder.path());
    assert!(others.is_empty(), "{} differ:\n{}", others.len(), others.join("\n"));

    let official = profiles.iter().find(|profile| profile.id() == "official").unwrap();
    mailboxes::are_read_as_they_are(&mut ceremony, official);
    with_wildcards(&mut ceremony);
    // One that nobody here would sign is found among them.
    let service = profiles.iter().find(|profile| profile.id() == "service").unwrap();
    write("planted.cer", planted(&mut ceremony, service).der());
    let (findings, count) = linted(folder.path());
    assert_eq!(count, all + 1);
    assert!(!findings.is_empty() && findings.iter().all(|one| one.starts_with("planted.cer\t")));
}

/// OpenSSL and webpki take wildcards, and pkilint finds nothing but them.
fn with_wildcards(ceremony: &mut Ceremony) {
    let (profile, folder) = (wildcards::profile(), tempfile::tempdir().unwrap());
    for number in 0..WILDCARDS {
        let (certificate, place) = ceremony.certificate(&profile);
        judged(&certificate, &ceremony.issuing[place], &ceremony.root);
        std::fs::write(folder.path().join(format!("{number}.cer")), certificate.der()).unwrap();
    }
    let (findings, count) = linted(folder.path());
    assert_eq!(count, WILDCARDS);
    assert!(wildcards::are_all_that_is_found(&findings), "{}", findings.join("\n"));
}

/// A certificate with a name that is none: our own lint refuses it, and it is signed past that.
fn planted(ceremony: &mut Ceremony, profile: &CertificateProfile) -> Certificate {
    let Ceremony { chance, arc, keys, issuing, .. } = ceremony;
    let (by, key) = (&issuing[0], &keys["p256"][0]);
    let (names, serial) = ([format!("not a host.{}", ENDS[0])], serial(7));
    let subject = subject(chance, profile);
    let inputs = CertificateInputs {
        profile,
        arc,
        issuer: CertificateIssuer::Authority(&by.certificate),
        issuer_key: by.signer.public_key(),
        serial: &serial,
        now: NOW,
        subject: &subject,
        key: key.public_key(),
        dns: &names,
        mail: &[],
        addresses: Some(addresses(chance, profile)),
    };
    assert!(matches!(prepare(&inputs), Err(PrepareError::Lint(_))));
    let mut extensions = profile.extensions(arc).unwrap();
    extensions.push(pki::extension::subject_alt_name(&names, &[]).unwrap());
    let content = CertificateContent {
        serial: &serial,
        signature: &by.signer.public_key().algorithm().signature_identifier().unwrap(),
        issuer: by.certificate.subject(),
        not_before: NOW,
        not_after: NOW + 86_400,
        subject: &subject,
        key: key.public_key().spki(),
        extensions,
    };
    TbsCertificate::build(content).unwrap().sign(&by.signer).unwrap()
}
