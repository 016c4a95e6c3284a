//! Certificates of systems by CMP: a MAC by the secret of an order in force, or a signature by the
//! key of a certificate that counts, says who asks; the order says what they get.

use crate::command::Command;
use crate::sample::act::caller;
use crate::sample::cmp::{FIRST, MORE, UPDATE, keyed, named, signed, signed_as, wish};
use crate::sample::operate::{OFFICERS, site, system};
use crate::sample::{Sample, key};
use crate::verify::VerifiedCmp;
use keys::SoftwareSigner;
use pki::algorithm::by_name;
use pki::extension::Extension;
use pki::{Signer, extension};
use pkixcmp::client::{confirming, revoking};
use records::Code;
use records::est::EnrolledStatement;
use records::order::SystemBody;
use records::record::{Cause, Event};

const DAY: u64 = 86_400;

fn many(system: &str) -> SystemBody {
    SystemBody { per_week: 20, live: 20, ..site("register", system) }
}

#[test]
fn a_transaction_of_cmp_gets_one_certificate() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let own = key();
    let body = wish(FIRST, &own, &named(&["www.acme.test", "127.0.0.1"]), None);
    let asked = sample.asked_by_cmp(&file, 1, &body);
    let serial = sample.enrol_by_cmp(&asked).unwrap();
    assert_eq!(sample.enrol_by_cmp(&asked), Ok(serial.clone()), "recorded is enough");
    let other = wish(FIRST, &key(), &named(&["www.acme.test"]), None);
    let other = sample.asked_by_cmp(&file, 1, &other);
    assert_eq!(sample.enrol_by_cmp(&other), Err(Code::TransactionUsed));
    sample.sequence();
    assert_eq!(sample.enrol_by_cmp(&asked), Ok(serial.clone()), "who did not hear it");
    assert_eq!(sample.enrol_by_cmp(&other), Err(Code::TransactionUsed));
    assert_eq!(sample.count("machine-enrolled"), 1);
    let certificate = sample.sign().remove(0);
    assert_eq!(certificate.serial().to_string(), serial);
    assert_eq!(certificate.subject().common_name().as_deref(), Some("www.acme.test"));
    assert_eq!(certificate.key().spki(), own.public_key().spki());
    sample.sequence();
    // For good: not once more when it has ended.
    sample.pass(91 * DAY);
    assert_eq!(sample.enrol_by_cmp(&asked), Ok(serial));
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn without_its_secret_nobody_sends_in_a_systems_name() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let other = sample.inner_system(site("register", "other"));
    let body = wish(FIRST, &key(), &named(&["a.acme.test"]), None);
    for wrong in [
        other.cmp_secret.to_string(),
        file.est_password.to_string(),
        file.eab_hmac.to_string(),
        String::new(),
    ] {
        let sent = keyed(1, &body, &wrong);
        let told = sample.by_secret(&file, &sent).err();
        assert_eq!(told, Some(Code::MessageProtection), "{wrong}");
    }
    // What was a secret is none under another order.
    let old = sample.asked_by_cmp(&file, 1, &body);
    sample.inner_system(site("register", "inner"));
    assert_eq!(sample.enrol_by_cmp(&old), Err(Code::MessageProtection));
    assert_eq!(sample.count("machine-enrolled"), 0);
}

#[test]
fn no_secret_of_cmp_stands_in_a_record() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let body = wish(FIRST, &key(), &named(&["a.acme.test"]), None);
    sample.enrol_by_cmp(&sample.asked_by_cmp(&file, 1, &body)).unwrap();
    for record in &sample.recorded {
        let text = String::from_utf8(record.write().unwrap()).unwrap();
        let secret = file.cmp_secret.to_string();
        assert!(!text.contains(&secret), "{text}");
        // What was signed stands in a record as bytes.
        let signed = match &record.event {
            Event::Order { order, .. } => order,
            Event::MachineEnrolled { statement, .. } => statement,
            _ => continue,
        };
        let text = String::from_utf8_lossy(&signed.0);
        assert!(!text.contains(&secret), "{text}");
    }
}

#[test]
fn by_cmp_a_system_has_what_its_order_covers_and_no_more() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let mut transaction = 0;
    let mut ask = |sample: &mut Sample, own: &SoftwareSigner, extensions: &[Extension]| {
        transaction += 1;
        let asked = sample.asked_by_cmp(&file, transaction, &wish(MORE, own, extensions, None));
        sample.enrol_by_cmp(&asked).map(drop)
    };
    for names in [&["other.test"][..], &["a.acme.test", "a.other.test"], &["127.0.0.2"]] {
        let told = ask(&mut sample, &key(), &named(names));
        assert_eq!(told, Err(Code::SystemNames), "{names:?}");
    }
    assert_eq!(ask(&mut sample, &key(), &[]), Err(Code::RequestMalformed), "no name");
    let ocsp = extension::extended_key_usage(&[pki::oid::OCSP_SIGNING], false).unwrap();
    let policy = extension::policy(pki::oid::ANY_POLICY).unwrap();
    for more in [extension::ca_constraints(None).unwrap(), ocsp, policy] {
        let all = [named(&["a.acme.test"]), vec![more]].concat();
        assert_eq!(ask(&mut sample, &key(), &all), Err(Code::RequestExceeds));
    }
    let ed25519 = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
    let name = named(&["a.acme.test"]);
    assert_eq!(ask(&mut sample, &ed25519, &name), Err(Code::KeyNotAllowed));
    let officers = sample.city.officer("officer-1").signer.clone();
    assert_eq!(ask(&mut sample, &officers, &name), Err(Code::KeyForeign));
    for _ in 0..2 {
        ask(&mut sample, &key(), &name).unwrap();
        sample.sequence();
    }
    assert_eq!(ask(&mut sample, &key(), &name), Err(Code::SystemLive));
    let order = sample.order(system(site("close", "inner")));
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert_eq!(ask(&mut sample, &key(), &name), Err(Code::SystemClosed));
    // Nobody looks whether a name answers.
    let looked = sample.registered_system(site("register", "looked-at"));
    let asked = sample.asked_by_cmp(&looked, 1, &wish(FIRST, &key(), &name, None));
    assert_eq!(sample.enrol_by_cmp(&asked), Err(Code::SystemChallenge));
}

#[test]
fn an_update_is_signed_by_what_it_renews() {
    let mut sample = Sample::found();
    let file = sample.inner_system(many("inner"));
    let (own, new) = (key(), key());
    let names = named(&["a.acme.test", "b.acme.test"]);
    let certificate = sample.enrolled(&file, &own, &["a.acme.test", "b.acme.test"]);
    let other = sample.enrolled(&file, &key(), &["a.acme.test"]);
    let by_secret = sample.asked_by_cmp(&file, 1, &wish(UPDATE, &new, &names, None));
    assert_eq!(sample.enrol_by_cmp(&by_secret), Err(Code::CertificateRequired));
    let by_key = |sample: &Sample, transaction: u8, body| {
        let message = signed(transaction, &body, (&own, &certificate));
        VerifiedCmp::signed(&message, sample.authority())
    };
    let fewer = wish(UPDATE, &new, &named(&["a.acme.test"]), Some(&certificate));
    let fewer = by_key(&sample, 2, fewer).unwrap();
    assert_eq!(sample.enrol_by_cmp(&fewer), Err(Code::SystemRenewal));
    let others = by_key(&sample, 3, wish(UPDATE, &new, &names, Some(&other))).unwrap();
    assert_eq!(sample.enrol_by_cmp(&others), Err(Code::CertificateForeign));
    let body = wish(UPDATE, &new, &names, Some(&certificate));
    let forged = signed(4, &body, (&key(), &certificate));
    let forged = VerifiedCmp::signed(&forged, sample.authority()).err();
    assert_eq!(forged, Some(Code::MessageProtection), "another key");
    let issuing = sample.context.issuing_certificate.clone();
    let foreign = signed(4, &body, (&own, &issuing));
    let foreign = VerifiedCmp::signed(&foreign, sample.authority()).err();
    assert_eq!(foreign, Some(Code::CertificateForeign));
    // Who sends it is the subject of that certificate, by that key.
    let (subject, id) = (certificate.subject().der(), certificate.key_identifier().unwrap());
    for (name, key_id, told) in [
        (subject, id.as_slice(), None),
        (subject, &[][..], Some(Code::MessageProtection)),
        (certificate.issuer().der(), id.as_slice(), Some(Code::MessageProtection)),
        (subject, &[7; 20][..], Some(Code::MessageProtection)),
    ] {
        let sent = signed_as(4, &body, (&own, &certificate), (name, key_id));
        assert_eq!(VerifiedCmp::signed(&sent, sample.authority()).err(), told);
    }
    let asked = by_key(&sample, 5, body).unwrap();
    let serial = sample.enrol_by_cmp(&asked).unwrap();
    let Some(Event::MachineEnrolled { statement, .. }) =
        sample.recorded.last().map(|one| &one.event)
    else {
        panic!("no use")
    };
    let said = EnrolledStatement::read(&statement.0).unwrap();
    assert_eq!(said.certificate, Some(certificate.der().into()), "who signed is told");
    assert!(said.message.is_some(), "and what");
    sample.sequence();
    assert_eq!(sample.enrol_by_cmp(&asked), Ok(serial));
    // One more certificate is not a renewal: it has what the order covers.
    let more = by_key(&sample, 6, wish(MORE, &key(), &named(&["c.acme.test"]), None)).unwrap();
    sample.enrol_by_cmp(&more).unwrap();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn by_cmp_a_system_ends_what_it_has_and_nothing_else() {
    let mut sample = Sample::found();
    let file = sample.inner_system(many("inner"));
    let other = sample.inner_system(many("other"));
    let (own, last) = (key(), key());
    let certificate = sample.enrolled(&file, &own, &["a.acme.test"]);
    let second = sample.enrolled(&file, &last, &["b.acme.test"]);
    let theirs = sample.enrolled(&other, &key(), &["c.acme.test"]);
    let end =
        |of: &pki::Certificate, reason| revoking(of.issuer().der(), of.serial(), reason).unwrap();
    let foreign = sample.asked_by_cmp(&file, 1, &end(&theirs, 1));
    assert_eq!(sample.revoke_by_cmp(&foreign), Err(Code::CertificateForeign));
    let hold = sample.asked_by_cmp(&file, 1, &end(&certificate, 6));
    assert_eq!(sample.revoke_by_cmp(&hold), Err(Code::RevocationReason));
    let asked = sample.asked_by_cmp(&file, 1, &end(&certificate, 1));
    sample.clock = Err(Code::ClockMoved);
    sample.revoke_by_cmp(&asked).unwrap();
    sample.clock = Ok(());
    let serial = certificate.serial().to_string();
    assert!(sample.authority().is_ended(&serial), "felt at once");
    assert_eq!(sample.revoke_by_cmp(&asked), Err(Code::CertificateRevoked));
    sample.sequence();
    assert_eq!(sample.authority().revoked_as(&serial).unwrap().reason, "keyCompromise");
    // A key whose certificate is over ends no other one.
    let by_dead = signed(2, &end(&second, 1), (&own, &certificate));
    let by_dead = VerifiedCmp::signed(&by_dead, sample.authority()).unwrap();
    assert_eq!(sample.revoke_by_cmp(&by_dead), Err(Code::CertificateRevoked));
    let by_own = signed(3, &end(&second, 4), (&last, &second));
    let by_own = VerifiedCmp::signed(&by_own, sample.authority()).unwrap();
    sample.revoke_by_cmp(&by_own).unwrap();
    sample.sequence();
    let told = |event: &Event| matches!(event, Event::Revoked { cause: Cause::Cmp { .. }, .. });
    assert_eq!(sample.recorded.iter().filter(|one| told(&one.event)).count(), 2);
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn what_its_client_did_not_take_is_revoked() {
    let mut sample = Sample::found();
    let file = sample.inner_system(many("inner"));
    let body = wish(FIRST, &key(), &named(&["a.acme.test"]), None);
    let serial = sample.enrol_by_cmp(&sample.asked_by_cmp(&file, 1, &body)).unwrap();
    sample.sequence();
    let certificate = sample.sign().remove(0);
    sample.sequence();
    let said = |is_taken| confirming(&certificate.sha256(), 0, is_taken).unwrap();
    let taken = sample.asked_by_cmp(&file, 1, &said(true));
    assert_eq!(sample.revoke_by_cmp(&taken), Err(Code::Malformed));
    let others = sample.asked_by_cmp(&file, 2, &said(false));
    assert_eq!(sample.revoke_by_cmp(&others), Err(Code::CertificateForeign), "no transaction");
    let asked = sample.asked_by_cmp(&file, 1, &said(false));
    sample.revoke_by_cmp(&asked).unwrap();
    assert!(sample.authority().is_ended(&serial), "felt at once");
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn what_is_asked_by_cmp_comes_over_the_machines_process_and_no_other() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let body = wish(FIRST, &key(), &named(&["a.acme.test"]), None);
    let asked = sample.asked_by_cmp(&file, 1, &body);
    let stranger = caller(&key(), "portal-machines");
    let public = caller(&sample.city.keys.portal, "portal-machines");
    for (from, code) in [(stranger, Code::PortalUnknown), (public, Code::NotYourRoute)] {
        let (one, other) = (Box::new(asked.clone()), Box::new(asked.clone()));
        let told = sample.decide(|reply| Command::EnrolByCmp(from, one, reply));
        assert_eq!(told.unwrap_err(), code);
        let told = sample.decide(|reply| Command::RevokeByCmp(from, other, reply));
        assert_eq!(told.unwrap_err(), code);
    }
}
