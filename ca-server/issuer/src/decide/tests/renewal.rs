//! Renewals of people's certificates: the old key signs for the new one, in time, once, for what
//! holds today; officers look where something became another.

use crate::command::Command;
use crate::sample::act::caller;
use crate::sample::operate::{OFFICERS, SECURITY, person, profile};
use crate::sample::{Sample, key};
use crate::verify::VerifiedRenewal;
use authority::Serial;
use keys::SoftwareSigner;
use pki::Signer;
use pki::algorithm::by_name;
use records::Code;
use records::decline::Outcome;
use records::enrolment::Stage;
use records::order::{Body, PersonAction, ReviewReason};

const DAY: u64 = 86_400;

/// Whom a stage waits for: approvals so far, and needed.
fn waits(stage: &Stage) -> (u32, u32) {
    match stage {
        Stage::Awaiting { approvals, needed, .. } => (*approvals, *needed),
        other => panic!("{other:?}"),
    }
}

/// Why officers have to look at the newest order.
fn review(sample: &Sample) -> Vec<ReviewReason> {
    let order = sample.newest_order();
    let (_, body) = sample.authority().open(order, 0).unwrap();
    match &*body {
        Body::Issue(issue) => issue.renewal.as_ref().unwrap().review.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_old_key_alone_renews_what_did_not_change() {
    let (mut sample, letter, old, signer) = Sample::with_holder();
    let new = key();
    let message = sample.renewing((&old, &signer), &new);
    let stage = sample.renew(message.clone()).unwrap();
    assert_eq!(waits(&stage), (0, 0), "nobody has to approve");
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 1, "not before the tree holds the order");
    sample.sequence();
    let renewed = sample.issue();
    assert_eq!(renewed.key().spki(), new.public_key().spki());
    assert_eq!(renewed.subject(), old.subject());
    assert!(renewed.not_after() > old.not_after());
    let serial = Serial::of(renewed.serial()).unwrap();
    let by = sample.authority().renewed_by(&Serial::of(old.serial()).unwrap());
    assert_eq!(by, Some(serial));
    // Who did not hear the answer asks again, and both count for a while.
    assert_eq!(sample.renew(message), Ok(Stage::Issued { serial: serial.to_string() }));
    assert!(!sample.authority().is_revoked(&old.serial().to_string()));
    // The loss of the letter takes what came from it.
    sample.lose(&letter);
    sample.sequence();
    for certificate in [&old, &renewed] {
        assert!(sample.authority().is_revoked(&certificate.serial().to_string()));
    }
}

#[test]
fn the_same_key_is_the_same_renewal_at_each_step() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    let new = key();
    let ask = |sample: &mut Sample| sample.renew(sample.renewing((&old, &signer), &new)).unwrap();
    let first = ask(&mut sample);
    assert_eq!(ask(&mut sample), first, "recorded is enough");
    sample.sequence();
    assert_eq!(ask(&mut sample), first);
    assert_eq!(sample.execute(), None);
    let issued = ask(&mut sample);
    assert!(matches!(issued, Stage::Issued { .. }), "{issued:?}");
    sample.sequence();
    assert_eq!(ask(&mut sample), issued);
    let serial = sample.sign().remove(0).serial().to_string();
    sample.sequence();
    assert_eq!(ask(&mut sample), Stage::Issued { serial });
    assert_eq!(sample.count("order"), 3, "the person, the letter and one renewal");
}

#[test]
fn not_before_its_window_and_not_behind_its_grace() {
    let asked = |at: fn(u64) -> u64| {
        let (mut sample, _, old, signer) = Sample::with_holder();
        sample.city.now = at(old.not_after());
        sample.renew(sample.renewing((&old, &signer), &key())).map(|stage| waits(&stage).1)
    };
    assert_eq!(asked(|end| end - 30 * DAY - 1), Err(Code::RenewalEarly));
    assert_eq!(asked(|end| end - 30 * DAY), Ok(0));
    assert_eq!(asked(|end| end), Ok(0));
    assert_eq!(asked(|end| end + 1), Ok(2), "with approvals from then on");
    assert_eq!(asked(|end| end + 30 * DAY), Ok(2));
    assert_eq!(asked(|end| end + 30 * DAY + 1), Err(Code::RenewalLate));
}

#[test]
fn an_expired_certificate_renews_with_approvals() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    sample.city.now = old.not_after() + DAY;
    sample.renew(sample.renewing((&old, &signer), &key())).unwrap();
    sample.sequence();
    assert_eq!(review(&sample), [ReviewReason::Expired]);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 1, "its signature carries nothing alone");
}

#[test]
fn officers_look_at_what_changed() {
    let (mut sample, letter, old, signer) = Sample::with_holder();
    let moved = person(PersonAction::Move, &letter.person, "李丹丹", "sz-office");
    sample.done(moved, &OFFICERS);
    let stage = sample.renew(sample.renewing((&old, &signer), &key())).unwrap();
    assert_eq!(waits(&stage), (0, 2));
    sample.sequence();
    assert_eq!(review(&sample), [ReviewReason::Person]);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 1);
    let order = sample.newest_order();
    sample.approved_by(order, &OFFICERS);
    let renewed = sample.issue();
    assert_eq!(renewed.subject().common_name().as_deref(), Some("李丹丹"), "as it is today");
}

#[test]
fn what_changes_behind_the_signature_is_asked_for_anew() {
    let (mut sample, letter, old, signer) = Sample::with_holder();
    let new = key();
    sample.renew(sample.renewing((&old, &signer), &new)).unwrap();
    sample.sequence();
    let moved = person(PersonAction::Move, &letter.person, "李丹丹", "sz-office");
    let order = sample.order(moved);
    sample.approved_by(order, &OFFICERS);
    sample.state.ready = [order].into_iter().collect();
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let stage = sample.renew(sample.renewing((&old, &signer), &new)).unwrap();
    assert_eq!(waits(&stage), (0, 2), "the first order fits no more");
    sample.sequence();
    assert_eq!(review(&sample), [ReviewReason::Person]);
}

#[test]
fn a_profile_can_ask_for_a_look_or_forbid_it() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    sample.done(profile(2, ""), &SECURITY);
    sample.renew(sample.renewing((&old, &signer), &key())).unwrap();
    sample.sequence();
    assert_eq!(review(&sample), [ReviewReason::Profile], "another version, another look");
    let mut sample = Sample::found();
    sample.appoint("李丹", records::rules::Role::Auditor, "city");
    let (staff, signer) = {
        let officer = sample.city.officer("李丹");
        (officer.certificate.clone(), officer.signer.clone())
    };
    sample.city.now = staff.not_after() - DAY;
    sample.renew(sample.renewing((&staff, &signer), &key())).unwrap();
    sample.sequence();
    assert_eq!(review(&sample), [ReviewReason::Asked]);
}

#[test]
fn only_the_key_of_a_certificate_of_ours_asks() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    let good = sample.renewing((&old, &signer), &key());
    let mut exchanged = good.clone();
    exchanged.request = keys::request(&key()).unwrap().der().into();
    assert_eq!(sample.renew(exchanged), Err(Code::RenewalSignature));
    let mut other = good.clone();
    other.challenge = sample.renewal_challenge(&old);
    assert_eq!(sample.renew(other), Err(Code::RenewalSignature));
    let foreign = sample.renewing((&old, &key()), &key());
    assert_eq!(sample.renew(foreign), Err(Code::RenewalSignature));
    // A certificate that our key signed and no record knows.
    let serial = sample.city.serial();
    let unknown = sample.city.certificate(
        &serial,
        old.subject().person().unwrap(),
        "sz-office",
        &signer,
        old.not_after(),
    );
    let message = sample.renewing((&unknown, &signer), &key());
    assert_eq!(sample.renew(message), Err(Code::CertificateForeign));
    // A certificate that another city's key signed.
    let elsewhere = Sample::found_real();
    let foreign = elsewhere.city.certificate(
        old.serial(),
        old.subject().person().unwrap(),
        "sz-office",
        &signer,
        old.not_after(),
    );
    let message = sample.renewing((&foreign, &signer), &key());
    assert_eq!(sample.renew(message), Err(Code::CertificateForeign));
    assert!(matches!(sample.renew(good), Ok(Stage::Awaiting { .. })));
}

#[test]
fn a_renewal_takes_a_new_key_that_the_profile_allows() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    let same = sample.renewing((&old, &signer), &signer);
    assert_eq!(sample.renew(same), Err(Code::KeyUsed));
    let officers = sample.city.officer("officer-1").signer.clone();
    let foreign = sample.renewing((&old, &signer), &officers);
    assert_eq!(sample.renew(foreign), Err(Code::KeyForeign));
    let portal = SoftwareSigner::from_pkcs8(sample.city.keys.staff.pkcs8()).unwrap();
    let of_portal = sample.renewing((&old, &signer), &portal);
    assert_eq!(sample.renew(of_portal), Err(Code::KeyForeign));
    let ed25519 = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
    let allowed = sample.renewing((&old, &signer), &ed25519);
    assert!(sample.renew(allowed).is_ok());
}

#[test]
fn a_challenge_counts_once_and_for_its_certificate() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    let first = sample.renewing((&old, &signer), &key());
    sample.renew(first.clone()).unwrap();
    let again = |sample: &Sample, challenge: Vec<u8>| {
        let request = keys::request(&key()).unwrap();
        let mut message = sample.renewing((&old, &signer), &key());
        let signed = records::join::use_message(&old.sha256(), &challenge, request.der());
        message.challenge = challenge.into();
        message.request = request.der().into();
        message.signature =
            records::Bytes(records::label::Label::Use.sign(&signer, &signed).unwrap());
        message
    };
    let used = again(&sample, first.challenge.0.clone());
    assert_eq!(sample.renew(used.clone()), Err(Code::ChallengeUsed), "recorded is enough");
    sample.sequence();
    assert_eq!(sample.renew(used), Err(Code::ChallengeUsed));
    let invented = again(&sample, vec![7; 16]);
    assert_eq!(sample.renew(invented), Err(Code::ChallengeUsed));
    sample.pass(DAY + 1);
    let late = again(&sample, sample.renewal_challenge(&old).0);
    sample.pass(DAY + 1);
    assert_eq!(sample.renew(late), Err(Code::ChallengeUsed));
}

#[test]
fn a_certificate_is_renewed_once() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    let first = key();
    let renewed = sample.renewed((&old, &signer), &first);
    let again = sample.renewing((&old, &signer), &key());
    assert_eq!(sample.renew(again), Err(Code::RenewalDone));
    let next = sample.renewing((&renewed, &first), &key());
    assert_eq!(sample.renew(next), Err(Code::RenewalEarly), "its successor, in its own time");
}

#[test]
fn another_key_replaces_what_waits() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    sample.city.now = old.not_after() + DAY;
    let (first, second) = (key(), key());
    sample.renew(sample.renewing((&old, &signer), &first)).unwrap();
    sample.sequence();
    let replaced = sample.newest_order();
    sample.renew(sample.renewing((&old, &signer), &second)).unwrap();
    assert_eq!(sample.became_of(replaced), Err(Code::OrderCancelled), "recorded is enough");
    sample.sequence();
    assert_eq!(sample.became_of(replaced), Err(Code::OrderCancelled));
}

#[test]
fn officers_send_back_or_end_a_renewal() {
    let (mut sample, letter, old, signer) = Sample::with_holder();
    sample.done(person(PersonAction::Move, &letter.person, "李丹丹", "sz-office"), &OFFICERS);
    let ask = |sample: &mut Sample| sample.renew(sample.renewing((&old, &signer), &key()));
    ask(&mut sample).unwrap();
    sample.sequence();
    let order = sample.newest_order();
    sample.decline(order, "officer-1", Outcome::Returned).unwrap();
    ask(&mut sample).unwrap();
    sample.sequence();
    let order = sample.newest_order();
    sample.decline(order, "officer-1", Outcome::Rejected).unwrap();
    assert_eq!(ask(&mut sample), Err(Code::RenewalRejected), "recorded is enough");
    sample.sequence();
    assert_eq!(ask(&mut sample), Err(Code::RenewalRejected));
}

#[test]
fn a_renewal_needs_a_registered_portal_and_a_clock() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    let message = sample.renewing((&old, &signer), &key());
    let verified = |sample: &Sample| {
        Box::new(VerifiedRenewal::verify(message.clone(), sample.authority()).unwrap())
    };
    for (caller, code) in [
        (caller(&key(), "portal-public"), Code::PortalUnknown),
        (caller(&sample.city.keys.staff, "portal-public"), Code::NotYourRoute),
    ] {
        let verified = verified(&sample);
        let told = sample.decide(|reply| Command::RenewCertificate(caller, verified, reply));
        assert_eq!(told, Err(code));
    }
    sample.clock = Err(Code::ClockMoved);
    assert!(sample.renew(message.clone()).is_err());
    sample.clock = Ok(());
    sample.renew(message).unwrap();
}

#[test]
fn a_crash_gives_the_certificate_back_to_be_renewed() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    let new = key();
    sample.renew(sample.renewing((&old, &signer), &new)).unwrap();
    sample.sequence();
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let old_serial = Serial::of(old.serial()).unwrap();
    let serial = sample.authority().renewed_by(&old_serial).unwrap();
    sample.settle_left_behind(serial);
    assert_eq!(sample.authority().renewed_by(&old_serial), None, "recorded is enough");
    sample.sequence();
    assert_eq!(sample.authority().next_superseded(), None);
    let renewed = sample.renewed((&old, &signer), &new);
    assert_eq!(renewed.key().spki(), new.public_key().spki(), "nobody ever had the first one");
}

#[test]
fn a_person_of_the_founding_renews_like_everybody() {
    let mut sample = Sample::found();
    let officer = sample.city.officer("officer-1");
    let (old, signer) = (officer.certificate.clone(), officer.signer.clone());
    sample.city.now = old.not_after() - DAY;
    let message = sample.renewing((&old, &signer), &key());
    assert_eq!(sample.renew(message), Err(Code::RenewalNever), "a loss could not be reported");
}
