//! The key of an application: bound by its letter's code, allowed by its profile, and nobody
//! else's.

use super::submit::changed;
use crate::sample::operate::OFFICERS;
use crate::sample::{Sample, key};
use keys::SoftwareSigner;
use pki::algorithm::by_name;
use records::Code;
use records::rules::Role;

#[test]
fn a_key_that_was_exchanged_on_the_way_is_found_out() {
    let (mut sample, letter) = Sample::with_letter();
    let attackers = keys::request(&key()).unwrap().der().to_vec();
    let exchanged = changed(&sample, &letter, |message| message.request = attackers.into());
    assert_eq!(sample.submit(exchanged), Err(Code::BindMismatch));
    assert_eq!(sample.count("order"), 1, "nothing is left of it but the person's own order");
    let refusal = ("submit", letter.reference.as_str(), Code::BindMismatch);
    assert_eq!(sample.refusals(), [refusal]);
}

#[test]
fn a_key_is_one_that_the_profile_allows() {
    let mut sample = Sample::found();
    let person = sample.register("孙核验", "sz-office");
    sample.grant(&person, Role::RegistrationOfficer, "shangzhou");
    let (staff, official) = (sample.letter(&person, "staff"), sample.letter(&person, "official"));
    let ed25519 = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
    let refused = sample.submission(&staff, &ed25519);
    assert_eq!(sample.submit(refused), Err(Code::KeyNotAllowed));
    sample.submit(sample.submission(&official, &ed25519)).unwrap();
}

#[test]
fn a_key_is_strong_known_and_ones_own_to_use() {
    let (mut sample, letter) = Sample::with_letter();
    let with = |sample: &mut Sample, request: Vec<u8>| {
        let message = sample.submission_of(&letter, request);
        sample.submit(message)
    };
    let read = |pem: &str| pki::pem::read_one(pem.as_bytes(), pki::pem::Kind::Request).unwrap();
    assert_eq!(with(&mut sample, read(RSA_1024)), Err(Code::KeyWeak));
    assert_eq!(with(&mut sample, read(SECP256K1)), Err(Code::KeyUnknown));
    let mut unproven = keys::request(&key()).unwrap().der().to_vec();
    *unproven.last_mut().unwrap() ^= 1;
    assert_eq!(with(&mut sample, unproven), Err(Code::RequestSignature));
    assert_eq!(with(&mut sample, vec![7; 40]), Err(Code::RequestMalformed));
    sample.applied(&letter, &key());
}

#[test]
fn a_key_belongs_to_nobody_else() {
    let (mut sample, letter) = Sample::with_letter();
    let own = key();
    let certificate = sample.certify(&letter, &own);
    let other = sample.register("王小明", "sz-office");
    let other = sample.letter(&other, "official");
    let (city, officer) = (sample.city.keys.clone(), sample.city.officer("officer-1").clone());
    for foreign in [&own, &city.portal, &city.registry, &*officer.signer] {
        let message = sample.submission(&other, foreign);
        assert_eq!(sample.submit(message), Err(Code::KeyForeign));
    }
    // Whose it is may have it certified again, until one of its certificates is revoked.
    let again = sample.letter(&letter.person, "official");
    sample.submit(sample.submission(&again, &own)).unwrap();
    let serial = certificate.serial().to_string();
    sample.revoke("officer-1", &serial, "superseded").unwrap();
    let order = sample.newest_order();
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    let lost = sample.submission(&again, &own);
    assert_eq!(sample.submit(lost), Err(Code::KeyForeign), "recorded is enough");
}

const RSA_1024: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIIBPzCBqQIBADAAMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDXfJ/I2wtj
pLl8ItUmCljfOTAB5gOrODUlxvAFftEGBJNQyNMU2P7KlZivoKoQxV9uW5JTNylR
u66eo/5Du3kdWiAdes18B8eYChAXHK9f0tvLc4bkv950/m9zM65KyjZIdzHGXWMr
he2dTyolmtbEIsX4/4PbImxoscpM3Y6XqwIDAQABoAAwDQYJKoZIhvcNAQELBQAD
gYEAFDcu+B9mykI7ggrWG4DFukvz7Lk5AdkKkxQ5Z6Wqd1qj4nq4ySRqGe7F5qHI
9fx3l3UaM8pEH8xoCzWO5/yEXNhQpQB5617TVQ82Y2oMKULk/TgIkBzdnvYJbGAz
cU9Qd3T+C1PG8nJezLJpc1rJd2H6/Gzvz4zbtnd0z0diUVI=
-----END CERTIFICATE REQUEST-----";
const SECP256K1: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIG3MF8CAQAwADBWMBAGByqGSM49AgEGBSuBBAAKA0IABD2c9pjITkAqssP8fi4C
AFKVhfm678d+BWkKqdfBmcdl4R6ICzChGkbdOz1qlX49kayvTC5malA8k5V/0WFL
36KgADAKBggqhkjOPQQDAgNIADBFAiEAgUHkANZQXrZSJeGVjlnQGBHF4Ry1J9Ub
fdJyE/VSDCkCIE0lISc22YZDmWxlr4pf62HwnEa6KieGSd68rOcjgmC1
-----END CERTIFICATE REQUEST-----";
