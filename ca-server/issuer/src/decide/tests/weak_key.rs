//! Keys whose private halves are public: no person, service or system has one certified, by the
//! program's own list or by one that the city named.

use crate::command::Command;
use crate::sample::act::caller;
use crate::sample::machines::enrolling;
use crate::sample::operate::{OFFICERS, site};
use crate::sample::{Sample, key};
use crate::verify::VerifiedMachine;
use keys::SoftwareSigner;
use pki::Signer;
use pki::weak_key::KeyList;
use records::{Bytes, Code};

/// RFC 9500 2.3: testECCP256, as PKCS#8.
const PUBLISHED: &str = concat!(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5stb3YCqRa6clejBVHZnn_7JU8FoUecR50OTlYnG",
    "T8GhRANCAARCJUj4j7eC_7Xso3REUscqHlWPvW9zvl5I6TIyzEXFsWxM0QxMuNW4oXE56UiCyJklcpk0JfQUGat-",
    "kKQqSUJy",
);

fn published() -> SoftwareSigner {
    let pkcs8: Bytes = serde_json::from_value(PUBLISHED.into()).unwrap();
    SoftwareSigner::from_pkcs8(&pkcs8.0).unwrap()
}

/// The city names a list that has this key.
fn lists(sample: &mut Sample, key: &SoftwareSigner) {
    let digest = key.public_key().sha256();
    let line: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    sample.list_weak(KeyList::read(&line).unwrap());
}

#[test]
fn nobody_has_a_published_key_certified() {
    let (mut sample, letter) = Sample::with_letter();
    let asked = sample.submission(&letter, &published());
    assert_eq!(sample.submit(asked), Err(Code::KeyPublished), "a person");
    let (mut sample, _, old, signer) = Sample::with_holder();
    let asked = sample.renewing((&old, &signer), &published());
    assert_eq!(sample.renew(asked), Err(Code::KeyPublished), "a renewal");
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let asked = client.finalize("1", &published(), &["a.acme.test"]);
    assert_eq!(sample.finalize(asked), Err(Code::KeyPublished), "a system");
    let inner = sample.inner_system(site("register", "inner"));
    let asked = enrolling(&inner, &published(), &["a.acme.test"]);
    assert_eq!(sample.enrol(asked), Err(Code::KeyPublished), "a system by EST");
    let asked = sample.city.renewal(None, &published());
    let asked = VerifiedMachine::using(asked, sample.authority(), sample.city.now);
    let asked = Box::new(asked);
    let portal = caller(&sample.city.keys.portal, "");
    let told = sample.decide(|reply| Command::Renew(portal, asked, reply));
    assert_eq!(told, Err(Code::KeyPublished), "a service");
}

#[test]
fn a_list_that_the_city_names_counts() {
    let own = key();
    let (mut sample, letter) = Sample::with_letter();
    let (_, client) = sample.site_with_client();
    lists(&mut sample, &own);
    let asked = sample.submission(&letter, &own);
    assert_eq!(sample.submit(asked), Err(Code::KeyPublished));
    let asked = client.finalize("1", &own, &["a.acme.test"]);
    assert_eq!(sample.finalize(asked), Err(Code::KeyPublished));
    let inner = sample.inner_system(site("register", "inner"));
    let asked = enrolling(&inner, &own, &["a.acme.test"]);
    assert_eq!(sample.enrol(asked), Err(Code::KeyPublished), "by EST too");
    sample.submit(sample.submission(&letter, &key())).unwrap();
    let (mut sample, _, old, signer) = Sample::with_holder();
    lists(&mut sample, &own);
    let asked = sample.renewing((&old, &signer), &own);
    assert_eq!(sample.renew(asked), Err(Code::KeyPublished));
}

#[test]
fn a_key_that_is_listed_while_its_order_waits_is_not_certified() {
    let (mut sample, letter) = Sample::with_letter();
    let own = key();
    let order = sample.applied(&letter, &own);
    lists(&mut sample, &own);
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 0);
    let id = sample.order_id(order);
    assert_eq!(sample.refusals(), [("execute", id.as_str(), Code::KeyPublished)]);
}
