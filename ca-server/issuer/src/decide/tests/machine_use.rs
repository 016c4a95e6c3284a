//! Certificates of systems: within the names, the number and the time of their authorization, each
//! once, as the account's key signed for it. A portal that was captured widens none of that.

use crate::sample::machines::{Client, request};
use crate::sample::operate::{OFFICERS, site, system};
use crate::sample::{Sample, key};
use keys::SoftwareSigner;
use pki::Signer;
use pki::algorithm::by_name;
use records::machine::Finalize;
use records::order::{SystemBody, subject_of_system};
use records::record::Event;
use records::{Bytes, Code};
use serde_json::json;

const WEEK: u64 = 7 * 86_400;

#[test]
fn an_account_gets_a_certificate_of_its_names_once() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let own = key();
    let names = ["www.acme.test", "*.acme.test", "127.0.0.1"];
    let asked = client.finalize("1", &own, &names);
    let serial = sample.finalize(asked.clone()).unwrap();
    assert_eq!(sample.finalize(asked.clone()), Ok(serial.clone()), "recorded is enough");
    sample.sequence();
    assert_eq!(sample.finalize(asked), Ok(serial.clone()), "who did not hear it");
    assert_eq!(sample.count("machine-use"), 1);
    let certificate = sample.sign().remove(0);
    assert_eq!(certificate.serial().to_string(), serial);
    assert_eq!(certificate.subject().common_name().as_deref(), Some("www.acme.test"));
    assert_eq!(certificate.subject().unit().as_deref(), Some("sz-office"));
    assert_eq!(certificate.key().spki(), own.public_key().spki());
    sample.sequence();
    let number = authority::Serial::read(&serial).unwrap();
    let subject = sample.authority().subject_of(&number).map(str::to_owned);
    assert_eq!(subject, Some(subject_of_system("site")));
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn nobody_gets_another_certificate_for_what_was_signed_once() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    sample.finalize(client.finalize("1", &key(), &["a.acme.test"])).unwrap();
    let other = client.finalize("1", &key(), &["b.acme.test"]);
    assert_eq!(sample.finalize(other.clone()), Err(Code::StateConflict), "recorded is enough");
    sample.sequence();
    assert_eq!(sample.finalize(other), Err(Code::StateConflict));
    assert_eq!(sample.count("machine-use"), 1);
}

/// The answer to an order was lost, and the account had another key before the portal asked again:
/// what was signed then brings its certificate, and nothing that was not asked for before.
#[test]
fn what_a_former_key_signed_gives_what_it_gave() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let asked = client.finalize("1", &key(), &["a.acme.test"]);
    let serial = sample.finalize(asked.clone()).unwrap();
    let never_sent = client.finalize("2", &key(), &["b.acme.test"]);
    let another = client.finalize("1", &key(), &["b.acme.test"]);
    sample.change_key(client.change_key(&Client::new())).unwrap();
    assert_eq!(sample.finalize(asked.clone()), Ok(serial.clone()), "the change is on its way");
    sample.sequence();
    assert_eq!(sample.finalize(another), Err(Code::JwsSignature), "another request");
    assert_eq!(sample.finalize(asked), Ok(serial));
    assert_eq!(sample.finalize(never_sent), Err(Code::JwsSignature), "a new one");
    assert_eq!(sample.count("machine-use"), 1);
}

#[test]
fn no_name_stands_in_it_that_the_order_does_not_cover() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    for names in [
        &["other.test"][..],
        &["a.acme.test", "a.other.test"],
        &["xacme.test"],
        &["*.other.test"],
        &["127.0.0.2"],
        &["acme.test", "::1"],
    ] {
        let asked = client.finalize("1", &key(), names);
        assert_eq!(sample.finalize(asked), Err(Code::SystemNames), "{names:?}");
    }
    let body = SystemBody { wildcards: false, ..site("register", "plain") };
    let file = sample.registered_system(body);
    let plain = sample.client_of(&file);
    let asked = plain.finalize("1", &key(), &["*.acme.test"]);
    assert_eq!(sample.finalize(asked), Err(Code::SystemNames), "no wildcard");
    sample.finalize(plain.finalize("2", &key(), &["a.b.acme.test"])).unwrap();
}

#[test]
fn each_name_is_vouched_for_where_the_order_asks_for_challenges() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let names = ["a.acme.test", "b.acme.test"];
    let csr = request(&key(), &names);
    let half = client.finalize_with("1", &csr, &["a.acme.test"]);
    assert_eq!(sample.finalize(half), Err(Code::SystemChallenge));
    let full = client.finalize_with("1", &csr, &names);
    sample.finalize(full).unwrap();
    let Some(Event::MachineUse { vouched, .. }) = sample.recorded.last().map(|one| &one.event)
    else {
        panic!("no use")
    };
    assert_eq!(vouched, &names, "the front's word is recorded as such");
    let inner = SystemBody { challenges: false, ..site("register", "inner") };
    let file = sample.registered_system(inner);
    let inner = sample.client_of(&file);
    sample.finalize(inner.finalize_with("1", &request(&key(), &names), &[])).unwrap();
}

/// A portal that was captured says what it likes beside a request: of that the names that are asked
/// for come into the log, each once, and no text of its own.
#[test]
fn a_portals_word_is_about_names_that_are_asked_for() {
    let mut sample = Sample::found();
    let file = sample.registered_system(SystemBody { live: 100, ..site("register", "site") });
    let client = sample.client_of(&file);
    let told = |sample: &mut Sample, order: &str, names: &[&str], vouched: &[&str]| {
        let csr = request(&key(), names);
        sample.finalize(client.finalize_with(order, &csr, vouched)).unwrap();
        let Some(Event::MachineUse { vouched, .. }) = sample.recorded.last().map(|one| &one.event)
        else {
            panic!("no use")
        };
        let vouched = vouched.clone();
        sample.sequence();
        vouched
    };
    let names = ["a.acme.test", "b.acme.test"];
    assert_eq!(told(&mut sample, "1", &names, &names), names);
    let long = "a text of its own ".repeat(1_000);
    for (order, more) in [("2", "c.acme.test"), ("3", long.as_str())] {
        let said = ["b.acme.test", more, "a.acme.test", "b.acme.test"];
        assert_eq!(told(&mut sample, order, &names, &said), names, "{more:.20}");
    }
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn a_request_asks_for_names_and_for_nothing_else() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let nothing = client.finalize_with("1", &request(&key(), &[]), &[]);
    assert_eq!(sample.finalize(nothing), Err(Code::RequestMalformed));
    let broken = Bytes(vec![0x30, 0x00]);
    let broken = client.finalize_with("1", &broken, &[]);
    assert_eq!(sample.finalize(broken), Err(Code::RequestMalformed));
    let mut forged = request(&key(), &["a.acme.test"]);
    *forged.0.last_mut().unwrap() ^= 1;
    let forged = sample.finalize(client.finalize_with("1", &forged, &["a.acme.test"]));
    assert!(matches!(forged, Err(Code::RequestSignature | Code::RequestMalformed)), "{forged:?}");
}

#[test]
fn the_certified_key_is_nobody_elses_and_no_accounts() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let officers = sample.city.officer("officer-1").signer.clone();
    let theirs = client.finalize("1", &officers, &["a.acme.test"]);
    assert_eq!(sample.finalize(theirs), Err(Code::KeyForeign));
    let city = sample.city.keys.clone();
    let ours = client.finalize("1", &city.registry, &["a.acme.test"]);
    assert_eq!(sample.finalize(ours), Err(Code::KeyForeign));
    let own = client.finalize("1", &client.signer(), &["a.acme.test"]);
    assert_eq!(sample.finalize(own), Err(Code::KeyForeign), "RFC 8555 11.1");
    let ed25519 = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
    let kind = client.finalize("1", &ed25519, &["a.acme.test"]);
    assert_eq!(sample.finalize(kind), Err(Code::KeyNotAllowed));
    // A key of one system is not certified for another; its own gets it again.
    let shared = key();
    sample.finalize(client.finalize("1", &shared, &["a.acme.test"])).unwrap();
    sample.sequence();
    let file = sample.registered_system(site("register", "other"));
    let other = sample.client_of(&file);
    let taken = other.finalize("1", &shared, &["a.acme.test"]);
    assert_eq!(sample.finalize(taken), Err(Code::KeyForeign));
    sample.finalize(client.finalize("2", &shared, &["a.acme.test"])).unwrap();
}

#[test]
fn an_account_signs_for_itself_and_for_an_order() {
    let mut sample = Sample::found();
    let (file, client) = sample.site_with_client();
    let other = sample.client_of(&file);
    let good = client.finalize("1", &key(), &["a.acme.test"]);
    let theirs = Finalize { account: other.account(), ..good.clone() };
    assert_eq!(sample.finalize(theirs), Err(Code::JwsMalformed), "another's address in it");
    let nobody = Finalize { account: Client::new().account(), ..good.clone() };
    assert_eq!(sample.finalize(nobody), Err(Code::AccountUnknown));
    let mut forged = good.clone();
    forged.jws.signature = other.finalize("1", &key(), &["a.acme.test"]).jws.signature;
    assert_eq!(sample.finalize(forged), Err(Code::JwsSignature));
    let csr = request(&key(), &["a.acme.test"]);
    let elsewhere = client.says("https://machines.example/acme/new-order", &json!({ "csr": csr }));
    let elsewhere = Finalize { jws: elsewhere, ..good.clone() };
    assert_eq!(sample.finalize(elsewhere), Err(Code::JwsMalformed), "no order's address");
    let before = sample.recorded.len();
    sample.finalize(good).unwrap();
    assert_eq!(sample.recorded.len(), before + 1, "who proves nothing writes nothing");
}

#[test]
fn a_week_has_so_many_certificates() {
    let mut sample = Sample::found();
    let body = SystemBody { live: 100, ..site("register", "site") };
    let file = sample.registered_system(body.clone());
    let client = sample.client_of(&file);
    for order in ["1", "2", "3"] {
        sample.finalize(client.finalize(order, &key(), &["a.acme.test"])).unwrap();
    }
    let fourth = client.finalize("4", &key(), &["a.acme.test"]);
    assert_eq!(sample.finalize(fourth.clone()), Err(Code::SystemQuota), "what waits counts");
    sample.sequence();
    assert_eq!(sample.finalize(fourth.clone()), Err(Code::SystemQuota));
    // Whoever registers it anew begins no new week.
    let file = sample.registered_system(body);
    let anew = sample.client_of(&file);
    let asked = anew.finalize("4", &key(), &["a.acme.test"]);
    assert_eq!(sample.finalize(asked.clone()), Err(Code::SystemQuota));
    sample.pass(WEEK);
    sample.finalize(asked).unwrap();
}

#[test]
fn so_many_certificates_count_at_the_same_time() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let first = sample.certified(&client, "1", "a.acme.test");
    sample.finalize(client.finalize("2", &key(), &["b.acme.test"])).unwrap();
    let third = client.finalize("3", &key(), &["c.acme.test"]);
    assert_eq!(sample.finalize(third.clone()), Err(Code::SystemLive), "what waits counts");
    sample.sequence();
    assert_eq!(sample.finalize(third.clone()), Err(Code::SystemLive));
    sample.revoke_machine(client.revoke(&first, json!(4))).unwrap();
    sample.sequence();
    sample.finalize(third).unwrap();
    sample.sequence();
    let fourth = client.finalize("4", &key(), &["d.acme.test"]);
    sample.pass(WEEK);
    assert_eq!(sample.finalize(fourth.clone()), Err(Code::SystemLive));
    sample.pass(90 * 86_400);
    sample.finalize(fourth).unwrap();
}

#[test]
fn a_system_that_is_over_gets_nothing() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let asked = client.finalize("1", &key(), &["a.acme.test"]);
    let order = sample.order(system(site("close", "site")));
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.finalize(asked.clone()), Err(Code::SystemClosed), "recorded is enough");
    sample.sequence();
    assert_eq!(sample.finalize(asked), Err(Code::SystemClosed));
}

#[test]
fn a_certificate_is_asked_for_in_good_time() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let asked = client.finalize("1", &key(), &["a.acme.test"]);
    sample.clock = Err(Code::ClockMoved);
    assert_eq!(sample.finalize(asked.clone()), Err(Code::ClockMoved));
    sample.clock = Ok(());
    sample.pass(366 * 86_400);
    assert_eq!(sample.finalize(asked), Err(Code::SystemClosed), "after its last second");
}

/// A crash between mark and result: the serial number is revoked, and the client's next try gets
/// another certificate under what it signed.
#[test]
fn what_a_crash_left_is_given_up_and_asked_for_again() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let asked = client.finalize("1", &key(), &["a.acme.test"]);
    let serial = sample.finalize(asked.clone()).unwrap();
    sample.sequence();
    sample.settle_left_behind(authority::Serial::read(&serial).unwrap());
    sample.sequence();
    assert!(sample.authority().is_ended(&serial));
    let again = sample.finalize(asked).unwrap();
    assert_ne!(again, serial);
    sample.sequence();
    assert_eq!(sample.sign().remove(0).serial().to_string(), again);
}

#[test]
fn the_first_of_an_account_and_what_replaces_another_are_known() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let id = authority::read_account(&client.account()).unwrap();
    assert_eq!(sample.authority().account(&id).unwrap().first, None);
    let first = sample.certified(&client, "1", "a.acme.test").serial().to_string();
    let again = sample.certified(&client, "2", "a.acme.test").serial().to_string();
    let account = sample.authority().account(&id).unwrap();
    assert_eq!(account.first.map(|serial| serial.to_string()), Some(first.clone()));
    let names = |serial: &str| sample.authority().system_certificate(serial).unwrap().names_sha256;
    assert_eq!(names(&first), names(&again), "one stands for the other");
    assert!(sample.authority().system("site").unwrap().contact.is_some(), "who is told");
}
