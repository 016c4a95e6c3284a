//! Revocations that officers ask for: of their own scope, once, for a reason; others approve them.

use crate::command::Command;
use crate::sample::Sample;
use crate::sample::act::caller;
use crate::sample::key;
use crate::sample::operate::{OFFICERS, unit};
use ca_api::Revocation;
use records::Code;
use records::order::{Body, ORDER_SECONDS, UnitAction};
use records::rules::Role;

const REASON: &str = "keyCompromise";

#[test]
fn an_officer_asks_and_others_approve() {
    let mut sample = Sample::found();
    let (letter, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    let made = sample.revoke("officer-1", &serial, REASON).unwrap();
    let order = sample.newest_order();
    let (read, body) = sample.authority().open(order, sample.city.now).unwrap();
    assert_eq!((made.order, made.needed), (read.order.clone(), 2));
    assert_eq!(read.drafter, format!("person:{}", sample.person("officer-1")));
    assert_eq!(body.person(), Some(letter.person.as_str()));
    assert!(!sample.authority().is_revoked(&serial), "nobody revokes alone");
    // Not even the order has to be in the tree.
    for name in OFFICERS {
        sample.approve(order, name).unwrap();
    }
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&serial));
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert!(sample.authority().is_revoked(&serial));
}

#[test]
fn a_form_that_is_sent_twice_makes_one_order() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    let first = sample.revoke("officer-1", &serial, REASON).unwrap();
    let again = sample.revoke("officer-1", &serial, REASON).unwrap();
    assert_eq!(first, again, "not yet in the tree");
    let others = sample.revoke("officer-2", &serial, REASON);
    assert_eq!(others, Err(Code::WishOpen), "nobody gets one that another asked for");
    sample.sequence();
    assert_eq!(sample.revoke("officer-1", &serial, REASON).unwrap(), first);
    let other = sample.revoke("officer-1", &serial, "superseded");
    assert_eq!(other, Err(Code::WishOpen), "one without a signature for each certificate");
    sample.pass(ORDER_SECONDS + 1);
    let late = sample.revoke("officer-1", &serial, REASON).unwrap();
    assert_ne!(first.order, late.order, "the first one is over");
}

#[test]
fn an_officer_revokes_in_scope() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    assert_eq!(sample.revoke("officer-3", &serial, REASON), Err(Code::ApproverScope));
    assert_eq!(sample.revoke("auditor", &serial, REASON), Err(Code::NotYourRoute));
    let security = sample.city.officer("security-1").certificate.serial().to_string();
    let above = sample.revoke("officer-1", &security, REASON);
    assert_eq!(above, Err(Code::ApproverScope), "of somebody above");
    sample.revoke("security-2", &serial, REASON).unwrap();
}

#[test]
fn an_officer_may_ask_for_the_end_of_their_own() {
    let mut sample = Sample::found();
    let own = sample.city.officer("officer-1").certificate.serial().to_string();
    sample.revoke("officer-1", &own, REASON).unwrap();
    let order = sample.newest_order();
    assert_eq!(sample.approve(order, "officer-1"), Err(Code::ApproverSelf));
    sample.approve(order, "officer-2").unwrap();
}

#[test]
fn what_does_not_exist_or_is_revoked_is_not_revoked() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    for unknown in ["", "xyz", "0123456789abcdef0123456789abcdef0123"] {
        assert_eq!(sample.revoke("officer-1", unknown, REASON), Err(Code::NotFound), "{unknown}");
    }
    assert_eq!(sample.revoke("officer-1", &serial, "because"), Err(Code::Malformed));
    let (caller_, officer) = (sample.staff(), sample.officer("officer-1"));
    let (reason, evidence) = (REASON.to_owned(), " ".to_owned());
    let silent = Revocation { serial: serial.clone(), reason, evidence };
    let told = sample.decide(|reply| Command::Revoke(caller_, officer, silent, reply));
    assert_eq!(told, Err(Code::Malformed), "what was looked at is said");
    sample.revoke("officer-1", &serial, REASON).unwrap();
    let order = sample.newest_order();
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.revoke("officer-1", &serial, "superseded"), Err(Code::StateConflict));
    sample.sequence();
    assert_eq!(sample.revoke("officer-1", &serial, "superseded"), Err(Code::StateConflict));
}

/// What an official writes where an id belongs stands in no record of the log.
#[test]
fn what_does_not_exist_is_in_no_refusal() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let before = sample.recorded.len();
    let text = "任意文字".repeat(1_000);
    assert_eq!(sample.revoke("officer-1", &text, REASON), Err(Code::NotFound));
    assert_eq!(sample.recorded.len(), before);
    let serial = certificate.serial().to_string();
    assert_eq!(sample.revoke("officer-1", &serial, &text), Err(Code::Malformed));
    assert_eq!(sample.refusals(), [("revoke", serial.as_str(), Code::Malformed)]);
}

#[test]
fn a_revocation_comes_over_a_registered_portals_staff_process() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let wanted = Revocation {
        serial: certificate.serial().to_string(),
        reason: REASON.into(),
        evidence: "本人报告丢失".into(),
    };
    let officer = sample.officer("officer-1");
    let stranger = caller(&key(), "portal-staff");
    let public = caller(&sample.city.keys.portal, "portal-staff");
    for (from, code) in [(stranger, Code::PortalUnknown), (public, Code::NotYourRoute)] {
        let (officer, wanted) = (officer.clone(), wanted.clone());
        let told = sample.decide(|reply| Command::Revoke(from, officer, wanted, reply));
        assert_eq!(told, Err(code));
    }
    let staff = sample.staff();
    sample.decide(|reply| Command::Revoke(staff, officer, wanted, reply)).unwrap();
}

#[test]
fn a_revoked_officer_revokes_nobody() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let sun = sample.appoint("sun", Role::RegistrationOfficer, "shangzhou");
    let serial = certificate.serial().to_string();
    sample.withdraw(&sun.person, Role::RegistrationOfficer, "shangzhou");
    assert_eq!(sample.revoke("sun", &serial, REASON), Err(Code::NotYourRoute));
    sample.revoked("officer-2", &["officer-1", "security-1"]);
    assert_eq!(sample.revoke("officer-2", &serial, REASON), Err(Code::CertificateRevoked));
    sample.revoke("officer-1", &serial, REASON).unwrap();
}

/// A clock that runs far ahead must not become the time that the log proves: it would be believed
/// from then on, and every order that is made under the right clock again would be older than what
/// was signed.
#[test]
fn a_brake_under_a_clock_that_moved_leaves_time_where_it_was() {
    let (mut sample, letter, waits) = Sample::with_application();
    let (_, certificate) = sample.official("张建国");
    let (serial, right) = (certificate.serial().to_string(), sample.city.now);
    let proven = sample.state.followed.last_time;
    sample.clock = Err(Code::ClockMoved);
    let day = 86_400;
    for (name, moved) in [
        ("officer-1", right + 30 * day),
        ("officer-2", right + 400 * day),
        ("security-1", right - day),
    ] {
        sample.city.now = moved;
        sample.revoke("officer-1", &serial, REASON).unwrap();
        let order = sample.newest_order();
        sample.approve(order, name).unwrap();
        sample.sequence();
        assert_eq!(sample.state.followed.last_time, proven, "nothing believes the moved clock");
        assert!(sample.authority().signed_time() <= right);
    }
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let revoked = sample.authority().revoked_as(&serial).unwrap();
    assert_eq!(revoked.at, proven);
    (sample.city.now, sample.clock) = (right, Ok(()));
    sample.approve(waits, "officer-1").unwrap();
    let change = unit(UnitAction::Create, "sz-archive", "档案局", "shangzhou");
    sample.done(change, &OFFICERS);
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    let (_, body) = sample.authority().open(waits, right).unwrap();
    let Body::Issue(issue) = &*body else { panic!("{body:?}") };
    assert_eq!(issue.reference.as_ref(), Some(&letter.reference));
}
