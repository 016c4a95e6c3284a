//! Certificates of devices by SCEP: by the challenge of an order, once, and by what the key of the
//! old certificate signed, whoever passed it on.

use crate::command::Command;
use crate::sample::act::caller;
use crate::sample::devices::{challenged, renewing_device, signed_renewal};
use crate::sample::machines::{request, revoke_by_key};
use crate::sample::operate::site;
use crate::sample::{Sample, key};
use crate::verify::VerifiedMachine;
use authority::Serial;
use keys::SoftwareSigner;
use pki::algorithm::by_name;
use pki::{Certificate, sequence, wrap};
use records::est::EnrolledStatement;
use records::machine::SystemFile;
use records::order::SystemBody;
use records::record::Event;
use records::scep::{EnrolDevice, RenewDevice, SignedRenewal};
use records::{Bytes, Code};

const DAY: u64 = 86_400;

/// A real city with a device's order of many certificates.
fn with_device() -> (Sample, SystemFile) {
    let mut sample = Sample::found_real();
    let body = SystemBody { per_week: 40, live: 40, ..site("register", "printer") };
    let file = sample.inner_system(body);
    (sample, file)
}

/// A certificate for which devices encrypt: any of ours with a key of RSA.
fn with_authority() -> (Sample, SystemFile, Certificate) {
    let (mut sample, file) = with_device();
    // By an order of its own: the password of the device's is good for one request.
    let own = sample.inner_system(site("register", "ra"));
    let rsa = SoftwareSigner::generate(by_name("rsa2048").unwrap()).unwrap();
    let certificate = sample.enrolled(&own, &rsa, &["ra.acme.test"]);
    (sample, file, certificate)
}

fn newest(sample: &Sample) -> EnrolledStatement {
    let newest = sample.recorded.iter().rev().find_map(|record| match &record.event {
        Event::MachineEnrolled { statement, .. } => EnrolledStatement::read(&statement.0),
        _ => None,
    });
    newest.unwrap()
}

#[test]
fn a_challenge_is_good_for_one_request() {
    let (mut sample, file) = with_device();
    let own = key();
    let ask = |names: &[&str]| challenged(&own, names, &file.scep_challenge);
    let first = ask(&["a.acme.test"]);
    let serial = sample.enrol_device(first.clone()).unwrap();
    assert_eq!(sample.enrol_device(first.clone()), Ok(serial.clone()), "recorded is enough");
    let other = challenged(&key(), &["a.acme.test"], &file.scep_challenge);
    assert_eq!(sample.enrol_device(other.clone()), Err(Code::CodeUsed), "what waits counts");
    sample.sequence();
    assert_eq!(sample.enrol_device(first.clone()), Ok(serial.clone()), "who did not hear it");
    assert_eq!(sample.enrol_device(other.clone()), Err(Code::CodeUsed));
    assert_eq!(sample.enrol_device(ask(&["b.acme.test"])), Err(Code::CodeUsed), "the same key");
    assert_eq!(sample.sign().remove(0).serial().to_string(), serial);
    sample.sequence();
    assert!(newest(&sample).challenge && newest(&sample).certificate.is_none());
    assert_eq!(sample.count("machine-enrolled"), 1);
    sample.pass(91 * DAY);
    assert_eq!(sample.enrol_device(first), Err(Code::CodeUsed), "once its certificate is over");
    // A new order has another one.
    let renewed = sample.inner_system(site("register", "printer"));
    assert_eq!(sample.enrol_device(other), Err(Code::SystemSecret));
    let again = challenged(&key(), &["a.acme.test"], &renewed.scep_challenge);
    sample.enrol_device(again).unwrap();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn a_request_whose_certificate_was_given_up_keeps_its_challenge() {
    let (mut sample, file) = with_device();
    let asked = challenged(&key(), &["a.acme.test"], &file.scep_challenge);
    let serial = sample.enrol_device(asked.clone()).unwrap();
    sample.sequence();
    sample.settle_left_behind(Serial::read(&serial).unwrap());
    sample.sequence();
    let other = challenged(&key(), &["a.acme.test"], &file.scep_challenge);
    assert_eq!(sample.enrol_device(other), Err(Code::CodeUsed));
    let again = sample.enrol_device(asked).unwrap();
    assert_ne!(again, serial);
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn in_a_sample_city_a_challenge_is_good_for_any_number() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "printer"));
    for _ in 0..2 {
        let asked = challenged(&key(), &["a.acme.test"], &file.scep_challenge);
        sample.enrol_device(asked).unwrap();
        sample.sequence();
    }
}

#[test]
fn without_its_challenge_no_device_asks_in_a_systems_name() {
    let (mut sample, file) = with_device();
    let other = sample.inner_system(site("register", "other"));
    let secret = |file: &SystemFile| file.scep_challenge.rsplit_once('.').unwrap().1.to_owned();
    for wrong in [
        "x".to_owned(),
        file.kid.clone(),
        format!("{}.{}", file.kid, secret(&other)),
        format!("{}.{}", other.kid, secret(&file)),
        format!("{}.{}", file.kid, file.est_password),
        format!("{} ", file.scep_challenge),
        file.scep_challenge.to_uppercase(),
        format!("nobody.0123456789abcdef.{}", secret(&file)),
    ] {
        let asked = challenged(&key(), &["a.acme.test"], &wrong);
        assert_eq!(sample.enrol_device(asked), Err(Code::SystemSecret), "{wrong}");
    }
    let nothing = EnrolDevice { request: request(&key(), &["a.acme.test"]) };
    assert_eq!(sample.enrol_device(nothing), Err(Code::SystemSecret));
    // A challenge that was read on the way is of use to nobody in another request.
    let mut forged = challenged(&key(), &["a.acme.test"], &file.scep_challenge);
    *forged.request.0.last_mut().unwrap() ^= 1;
    let forged = sample.enrol_device(forged);
    assert!(matches!(forged, Err(Code::RequestSignature | Code::RequestMalformed)), "{forged:?}");
    assert_eq!(sample.count("machine-enrolled"), 0);
}

#[test]
fn by_a_challenge_a_device_has_what_its_order_covers_and_no_more() {
    let (mut sample, file) = with_device();
    for names in [&["other.test"][..], &["a.acme.test", "a.other.test"]] {
        let asked = challenged(&key(), names, &file.scep_challenge);
        assert_eq!(sample.enrol_device(asked), Err(Code::SystemNames), "{names:?}");
    }
    let looked = sample.registered_system(site("register", "looked-at"));
    let asked = challenged(&key(), &["a.acme.test"], &looked.scep_challenge);
    assert_eq!(sample.enrol_device(asked), Err(Code::SystemChallenge));
    let asked = challenged(&key(), &["a.acme.test"], &file.scep_challenge);
    sample.enrol_device(asked).unwrap();
}

#[test]
fn a_device_renews_by_the_key_of_its_certificate() {
    let (mut sample, file, ra) = with_authority();
    let own = key();
    let certificate = sample.enrolled(&file, &own, &["a.acme.test"]);
    let asked = renewing_device((&own, &certificate), &key(), &["a.acme.test"], &ra);
    let serial = sample.renew_device(asked.clone()).unwrap();
    assert_eq!(sample.renew_device(asked.clone()), Ok(serial.clone()), "recorded is enough");
    sample.sequence();
    assert_eq!(sample.renew_device(asked.clone()), Ok(serial.clone()));
    assert_eq!(newest(&sample).signed, Some(asked.signed));
    sample.sign();
    sample.sequence();
    // No portal's word is in it: a quarter of a week's certificates is no bound.
    for _ in 0..11 {
        let asked = renewing_device((&own, &certificate), &key(), &["a.acme.test"], &ra);
        sample.renew_device(asked).unwrap();
        sample.sequence();
    }
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn no_device_renews_what_does_not_count_or_has_other_names() {
    let (mut sample, file, ra) = with_authority();
    let own = key();
    let certificate = sample.enrolled(&file, &own, &["a.acme.test"]);
    let renew = |sample: &mut Sample, certificate: &Certificate, names: &[&str]| {
        sample.renew_device(renewing_device((&own, certificate), &key(), names, &ra))
    };
    for names in [&["b.acme.test"][..], &["a.acme.test", "b.acme.test"]] {
        assert_eq!(renew(&mut sample, &certificate, names), Err(Code::SystemRenewal), "{names:?}");
    }
    sample.revoke_machine(revoke_by_key(&own, &certificate)).unwrap();
    let revoked = renew(&mut sample, &certificate, &["a.acme.test"]);
    assert_eq!(revoked, Err(Code::CertificateRevoked), "felt at once");
    sample.sequence();
    let file = sample.inner_system(site("register", "plotter"));
    let own = key();
    let certificate = sample.enrolled(&file, &own, &["a.acme.test"]);
    sample.pass(91 * DAY);
    let asked = renewing_device((&own, &certificate), &key(), &["a.acme.test"], &ra);
    let expired = sample.renew_device(asked);
    assert_eq!(expired, Err(Code::CertificateExpired));
}

/// A portal that was captured has the message and the key of what it hides, and no other.
#[test]
fn what_a_device_signed_is_renewed_and_nothing_else() {
    let (mut sample, file, ra) = with_authority();
    let own = key();
    let certificate = sample.enrolled(&file, &own, &["a.acme.test"]);
    let before = sample.count("machine-enrolled");
    let good = renewing_device((&own, &certificate), &key(), &["a.acme.test"], &ra);
    let with = |signed: SignedRenewal| RenewDevice { signed };
    let other_key = SignedRenewal { content_key: Bytes::from([8; 16]), ..good.signed.clone() };
    let short_key = SignedRenewal { content_key: Bytes::from([7; 15]), ..good.signed.clone() };
    for wrong in [other_key, short_key] {
        let told = sample.renew_device(with(wrong)).unwrap_err();
        assert!(matches!(told, Code::RenewalSignature | Code::RequestMalformed), "{told}");
    }
    let mut changed = good.signed.clone();
    let middle = changed.message.0.len() / 2;
    changed.message.0[middle] ^= 1;
    assert!(sample.renew_device(with(changed)).is_err());
    // Signed by a key of its own under the device's certificate.
    let asked = request(&key(), &["a.acme.test"]);
    let forged = signed_renewal((&key(), &certificate), &asked, (&ra, "17"));
    assert_eq!(sample.renew_device(with(forged)), Err(Code::RenewalSignature));
    let poll = signed_renewal((&own, &certificate), &asked, (&ra, "20"));
    assert_eq!(sample.renew_device(with(poll)), Err(Code::RequestMalformed), "of another kind");
    let issuing = sample.context.issuing_certificate.clone();
    let foreign = signed_renewal((&sample.city.keys.issuing, &issuing), &asked, (&ra, "17"));
    assert_eq!(sample.renew_device(with(foreign)), Err(Code::CertificateForeign));
    assert_eq!(sample.count("machine-enrolled"), before);
    // What PKCSReq asks with a certificate of ours is a renewal.
    let early = signed_renewal((&own, &certificate), &asked, (&ra, "19"));
    sample.renew_device(with(early)).unwrap();
    sample.renew_device(good).unwrap();
}

/// Whoever has the registry key's signature states no other request than the device signed.
#[test]
fn a_renewal_says_what_the_device_signed() {
    let (mut sample, file, ra) = with_authority();
    let own = key();
    let certificate = sample.enrolled(&file, &own, &["a.acme.test"]);
    let asked = renewing_device((&own, &certificate), &key(), &["a.acme.test"], &ra);
    sample.renew_device(asked).unwrap();
    let said = newest(&sample);
    sample.sequence();
    let renewed = sample.sign().remove(0);
    sample.sequence();
    let judged = |said: EnrolledStatement| sample.authority().enrol_wish(&said).map(drop);
    assert_eq!(judged(said.clone()), Ok(()));
    let request = request(&key(), &["a.acme.test"]);
    let other = EnrolledStatement { request, ..said.clone() };
    assert_eq!(judged(other), Err(Code::RenewalSignature));
    let shown = |certificate: &Certificate| EnrolledStatement {
        certificate: Some(certificate.der().into()),
        ..said.clone()
    };
    assert_eq!(judged(shown(&renewed)), Err(Code::RenewalSignature), "another of its own");
    assert_eq!(judged(shown(&ra)), Err(Code::CertificateForeign), "another system's");
    let nothing = EnrolledStatement { certificate: None, ..said.clone() };
    assert_eq!(judged(nothing), Err(Code::RenewalSignature));
    assert_eq!(judged(EnrolledStatement { challenge: true, ..said }), Err(Code::Malformed));
}

/// What stands behind tag and length.
fn inside(der: &[u8]) -> &[u8] {
    let head = match der[1] {
        0x82 => 4,
        0x81 => 3,
        _ => 2,
    };
    &der[head..]
}

/// A message with one part of its SignedData in place of another.
fn exchanged(message: &Bytes, from: &[u8], to: &[u8]) -> Bytes {
    // Behind the identifier of SignedData, which has 11 bytes.
    let (kind, data) = inside(&message.0).split_at(11);
    let data = inside(inside(data));
    let place = data.windows(from.len()).position(|part| part == from).unwrap();
    let data = [&data[..place], to, &data[place + from.len()..]].concat();
    let content = wrap(0xa0, &sequence(&data).unwrap()).unwrap();
    sequence(&[kind, &content].concat()).unwrap().into()
}

/// A portal that was captured puts what it likes beside what the device signed, where no signature
/// reaches: nothing of that comes into the log.
#[test]
fn nothing_that_no_device_signed_stands_in_a_renewal() {
    let (mut sample, file, ra) = with_authority();
    let own = key();
    let certificate = sample.enrolled(&file, &own, &["a.acme.test"]);
    let words = "a text of its own ".repeat(100);
    let alone = wrap(0xa0, certificate.der()).unwrap();
    let list = wrap(0xa1, words.as_bytes()).unwrap();
    let with_list = [alone.as_slice(), &list].concat();
    let other = wrap(0x0c, words.as_bytes()).unwrap();
    let with_other = wrap(0xa0, &[certificate.der(), &other].concat()).unwrap();
    for stuffed in [&with_list, &with_other] {
        let good = renewing_device((&own, &certificate), &key(), &["a.acme.test"], &ra);
        let message = exchanged(&good.signed.message, &alone, stuffed);
        assert!(message.0.len() > words.len());
        let signed = SignedRenewal { message, ..good.signed.clone() };
        sample.renew_device(RenewDevice { signed }).unwrap();
        assert_eq!(newest(&sample).signed, Some(good.signed), "what the device sent");
        sample.sequence();
    }
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn what_devices_ask_comes_over_the_machines_process_and_no_other() {
    let (mut sample, file) = with_device();
    let stranger = caller(&key(), "portal-machines");
    let public = caller(&sample.city.keys.portal, "portal-machines");
    for (from, code) in [(stranger, Code::PortalUnknown), (public, Code::NotYourRoute)] {
        let message = challenged(&key(), &["a.acme.test"], &file.scep_challenge);
        let verified = VerifiedMachine::challenged(message, sample.authority()).unwrap();
        let told = sample.decide(|reply| Command::EnrolDevice(from, Box::new(verified), reply));
        assert_eq!(told.unwrap_err(), code);
    }
}
