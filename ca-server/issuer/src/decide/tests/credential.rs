//! Passkeys: asked for by their officer's own certificate key, certified by somebody else, dead
//! with the certificate.

use crate::command::Command;
use crate::sample::act::caller;
use crate::sample::{Sample, SamplePasskey, key};
use records::Code;
use records::passkey::PasskeyStatement;

#[test]
fn a_passkey_counts_when_it_is_certified() {
    let (mut sample, _, order) = Sample::with_application();
    let mut passkey = SamplePasskey::new(&mut sample.city);
    let officer = sample.city.officer("officer-1").clone();
    let early = passkey.approve(&officer, order, |_| {});
    let told = sample.bring(sample.staff(), "officer-1", early);
    assert_eq!(told, Err(Code::PasskeyUnknown));
    let body = sample.credential(&passkey, "officer-1", |_| {});
    let made = sample.certify_passkey("officer-1", body.clone()).unwrap();
    let credential = sample.newest_order();
    assert_eq!((made.order, made.needed), (sample.order_id(credential), 1));
    sample.sequence();
    assert_eq!(sample.approve(credential, "officer-1"), Err(Code::ApproverSelf));
    assert_eq!(sample.approve(credential, "officer-2"), Err(Code::ApproverRole));
    sample.approved_by(credential, &["security-1"]);
    assert_eq!(sample.execute(), None);
    let early = passkey.approve(&officer, order, |_| {});
    let told = sample.bring(sample.staff(), "officer-1", early);
    assert_eq!(told, Err(Code::PasskeyUnknown), "what is granted waits for the tree");
    sample.sequence();
    let again = sample.certify_passkey("officer-1", body);
    assert_eq!(again, Err(Code::StateConflict), "it is certified already");
    let good = passkey.approve(&officer, order, |_| {});
    sample.bring(sample.staff(), "officer-1", good).unwrap();
}

#[test]
fn a_wish_is_of_its_officer_for_the_staff_pages() {
    let mut sample = Sample::found();
    let passkey = SamplePasskey::new(&mut sample.city);
    let refusals: [fn(&mut PasskeyStatement); 8] = [
        |statement| statement.rp_id = "portal.example".into(),
        |statement| statement.origin = "https://portal.example".into(),
        |statement| statement.origin = statement.origin.replace("https", "http"),
        |statement| statement.key.0[4] = 0x27,
        |statement| statement.key.0.truncate(40),
        |statement| statement.certificate = [1; 32].into(),
        |statement| statement.founding = [1; 32].into(),
        |statement| statement.v = 2,
    ];
    for (place, change) in refusals.into_iter().enumerate() {
        let body = sample.credential(&passkey, "officer-1", change);
        let told = sample.certify_passkey("officer-1", body);
        assert_eq!(told, Err(Code::PasskeyRefused), "{place}");
    }
    let mut forged = sample.credential(&passkey, "officer-1", |_| {});
    forged.signature.0[10] ^= 1;
    let told = sample.certify_passkey("officer-1", forged);
    assert_eq!(told, Err(Code::ApprovalSignature));
    let theirs = sample.credential(&passkey, "officer-2", |_| {});
    let told = sample.certify_passkey("officer-1", theirs.clone());
    assert_eq!(told, Err(Code::ApprovalSignature), "another's signature");
    let mut named = theirs;
    named.person = sample.person("officer-1");
    let told = sample.certify_passkey("officer-2", named);
    assert_eq!(told, Err(Code::ApprovalSignature), "for another person");
    let body = sample.credential(&passkey, "auditor", |_| {});
    assert_eq!(sample.certify_passkey("auditor", body), Err(Code::NotYourRoute));
    let body = sample.credential(&passkey, "officer-1", |_| {});
    sample.certify_passkey("officer-1", body).unwrap();
}

#[test]
fn a_wish_comes_over_a_registered_portals_staff_process_and_in_good_time() {
    let mut sample = Sample::found();
    let passkey = SamplePasskey::new(&mut sample.city);
    let body = sample.credential(&passkey, "officer-1", |_| {});
    let stranger = caller(&key(), "portal-staff");
    let public = caller(&sample.city.keys.portal, "portal-staff");
    for (from, code) in [(stranger, Code::PortalUnknown), (public, Code::NotYourRoute)] {
        let (officer, copy) = (sample.officer("officer-1"), Box::new(body.clone()));
        let told = sample.decide(|reply| Command::Credential(from, officer, copy, reply));
        assert_eq!(told, Err(code));
    }
    sample.clock = Err(Code::ClockMoved);
    let told = sample.certify_passkey("officer-1", body.clone());
    assert_eq!(told, Err(Code::ClockMoved));
    sample.clock = Ok(());
    sample.certify_passkey("officer-1", body).unwrap();
}

#[test]
fn a_passkey_dies_with_its_certificate() {
    let (mut sample, _, order) = Sample::with_application();
    let mut passkey = sample.passkey("officer-1");
    let officer = sample.city.officer("officer-1").clone();
    let other = SamplePasskey::new(&mut sample.city);
    let waits = sample.credential(&other, "officer-1", |_| {});
    sample.certify_passkey("officer-1", waits.clone()).unwrap();
    sample.sequence();
    let certifying = sample.newest_order();
    sample.revoked("officer-1", &["officer-2", "security-1"]);
    let late = passkey.approve(&officer, order, |_| {});
    let told = sample.bring(sample.staff(), "officer-1", late);
    assert_eq!(told, Err(Code::CertificateRevoked));
    let told = sample.certify_passkey("officer-1", waits);
    assert_eq!(told, Err(Code::CertificateRevoked));
    assert_eq!(sample.approve(certifying, "security-1"), Err(Code::ApproverRevoked));
}

#[test]
fn a_real_city_takes_no_passkey_that_can_be_copied() {
    let mut sample = Sample::found_real();
    let passkey = SamplePasskey::new(&mut sample.city);
    let refusals: [fn(&mut PasskeyStatement); 2] =
        [|statement| statement.software = true, |statement| statement.backup_eligible = true];
    for change in refusals {
        let body = sample.credential(&passkey, "officer-1", change);
        let told = sample.certify_passkey("officer-1", body);
        assert_eq!(told, Err(Code::PasskeySoftware));
    }
    let body = sample.credential(&passkey, "officer-1", |_| {});
    sample.certify_passkey("officer-1", body).unwrap();
    let mut sample = Sample::found();
    let passkey = SamplePasskey::new(&mut sample.city);
    let software = sample.credential(&passkey, "officer-1", |statement| statement.software = true);
    sample.certify_passkey("officer-1", software).unwrap();
}

#[test]
fn each_check_of_an_answer_refuses() {
    use crate::sample::SampleAnswer;
    let (mut sample, _, order) = Sample::with_application();
    let mut passkey = sample.passkey("officer-1");
    let officer = sample.city.officer("officer-1").clone();
    let refusals: [fn(&mut SampleAnswer); 6] = [
        |answer| answer.kind = "webauthn.create".into(),
        |answer| answer.origin = "https://portal.example:8443".into(),
        |answer| answer.challenge = [7; 32],
        |answer| answer.flags = 0x01,
        |answer| answer.flags = 0x04,
        |answer| answer.flags = 0x0d,
    ];
    for (place, change) in refusals.into_iter().enumerate() {
        let approval = passkey.approve(&officer, order, change);
        let told = sample.bring(sample.staff(), "officer-1", approval);
        assert_eq!(told, Err(Code::PasskeyRefused), "{place}");
    }
    let foreign = passkey.approve(&officer, order, |answer| answer.credential.0[0] ^= 1);
    let told = sample.bring(sample.staff(), "officer-1", foreign);
    assert_eq!(told, Err(Code::PasskeyUnknown));
    let good = passkey.approve(&officer, order, |_| {});
    sample.bring(sample.staff(), "officer-1", good).unwrap();
}
