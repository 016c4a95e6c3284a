//! Suspensions: at once, by whoever may; released by two others, or revoked when their time is
//! over.

use crate::key;
use authority::Serial;
use records::code::Code;
use records::order::{Body, DelegateBody, PersonAction, RoleAction};
use records::record::{Cause, Event};
use records::rules::Role;
use records::suspension::{HOLD, SUSPENSION_SECONDS, Suspension, SuspensionCause};
use sample_city::{SampleCity, SamplePasskey};

pub(super) const OFFICERS: [&str; 2] = ["officer-1", "officer-2"];

/// The event of a suspension that somebody signed, as the status key takes it.
fn of_signed(city: &mut SampleCity, signed: Suspension) -> Event {
    let cause = city.signed_cause(signed);
    city.suspended_event(cause)
}

/// A city with an official, their letter's reference and their certificate.
pub(super) fn with_official() -> (SampleCity, String, Serial) {
    let mut city = SampleCity::found();
    let (reference, serial) = city.official("official");
    (city, reference, serial)
}

pub(super) fn reason(city: &SampleCity, serial: Serial) -> Option<String> {
    city.authority.revoked_as(&serial.to_string()).map(|revoked| revoked.reason.clone())
}

#[test]
fn a_letter_suspends_what_came_of_it() {
    let (mut city, reference, serial) = with_official();
    let cause = city.by_letter(&reference);
    let event = city.suspended_event(cause.clone());
    city.apply(event).unwrap();
    assert_eq!(reason(&city, serial).as_deref(), Some(HOLD));
    assert!(!city.authority.is_ended(&serial.to_string()));
    let SuspensionCause::Letter { notice, signature, .. } = cause else { panic!() };
    // The value of the loss, another letter's, and a notice that the status key did not sign.
    let (_, other) = city.official("other");
    let letter = city.letter(&city.officer("other").person.clone(), "official");
    for value in [SampleCity::loss_value(&reference), SampleCity::suspension_value(&letter)] {
        let (notice, signature) = (notice.clone(), signature.clone());
        let event = city.suspended_event(SuspensionCause::Letter { value, notice, signature });
        assert_eq!(city.apply(event).unwrap_err().code, Code::WrongCode);
    }
    let SuspensionCause::Portal { notice, signature } = city.by_portal(other) else { panic!() };
    let value = SampleCity::suspension_value(&reference);
    let event = city.suspended_event(SuspensionCause::Letter { value, notice, signature });
    assert_eq!(city.apply(event).unwrap_err().code, Code::UnsignedAuthority);
    assert_eq!(reason(&city, other), None);
}

#[test]
fn whoever_holds_or_cares_for_a_certificate_suspends_it() {
    let (mut city, _, serial) = with_official();
    let (_, other) = city.official("other");
    assert_eq!(city.suspend("other", serial).unwrap_err(), Code::ApproverScope);
    assert_eq!(city.suspend("officer-3", serial).unwrap_err(), Code::ApproverScope);
    assert_eq!(city.suspend("auditor", serial).unwrap_err(), Code::ApproverScope);
    // A handler of another unit, and then of this one.
    let handler = city.officer("other").person.clone();
    let role = |city: &SampleCity, action, scope| {
        city.role_body(action, &handler, Role::UnitHandler, scope)
    };
    let elsewhere = role(&city, RoleAction::Grant, "ln-office");
    city.done(&elsewhere, &["security-1", "security-2"]);
    assert_eq!(city.suspend("other", serial).unwrap_err(), Code::ApproverScope);
    let here = role(&city, RoleAction::Grant, "sz-office");
    city.done(&here, &["security-1", "security-2"]);
    city.suspend("other", serial).unwrap();
    assert_eq!(reason(&city, serial).as_deref(), Some(HOLD));
    city.suspend("other", other).unwrap();
    assert_eq!(city.suspend("other", other).unwrap_err(), Code::CertificateSuspended);
}

#[test]
fn what_nobody_signed_suspends_nothing() {
    let (mut city, _, serial) = with_official();
    let mut signed = city.suspension("official", serial, |_| {});
    signed.signature.0.reverse();
    let event = of_signed(&mut city, signed);
    assert_eq!(city.apply(event).unwrap_err().code, Code::ApprovalSignature);
    let signed = city.suspension("official", serial, |said| said.founding = [1; 32].into());
    let event = of_signed(&mut city, signed);
    assert_eq!(city.apply(event).unwrap_err().code, Code::ApprovalSignature);
    let SuspensionCause::Portal { notice, .. } = city.by_portal(serial) else { panic!() };
    let event =
        city.suspended_event(SuspensionCause::Portal { notice, signature: vec![1; 70].into() });
    assert_eq!(city.apply(event).unwrap_err().code, Code::UnsignedAuthority);
    assert_eq!(reason(&city, serial), None);
}

#[test]
fn whoever_signed_needs_the_status_key_beside() {
    let (mut city, _, serial) = with_official();
    let (_, other) = city.official("other");
    let signed = city.suspension("officer-1", serial, |_| {});
    let SuspensionCause::Signed { notice, signature, .. } = city.signed_cause(signed.clone())
    else {
        panic!()
    };
    // Taken for another certificate, for another reason, of another statement, or by no status key.
    let about = city.suspension("officer-1", other, |_| {});
    let why = city.suspension("officer-1", serial, |said| said.reason = "superseded".into());
    let when =
        city.suspension("officer-1", serial, |said| said.time = "2026-11-26T00:00:00Z".into());
    for suspension in [about, why, when] {
        let (notice, signature) = (notice.clone(), signature.clone());
        let cause = SuspensionCause::Signed { suspension, notice, signature };
        let event = city.suspended_event(cause);
        assert_eq!(city.apply(event).unwrap_err().code, Code::UnsignedAuthority);
    }
    let mut forged = signature.clone();
    forged.0.reverse();
    let (suspension, notice) = (signed.clone(), notice.clone());
    let cause = SuspensionCause::Signed { suspension, notice, signature: forged };
    let event = city.suspended_event(cause);
    assert_eq!(city.apply(event).unwrap_err().code, Code::UnsignedAuthority);
    assert_eq!(reason(&city, serial), None);
    let event = of_signed(&mut city, signed);
    city.apply(event).unwrap();
    assert_eq!(reason(&city, serial).as_deref(), Some(HOLD));
}

/// One officer alone takes nobody out of work for longer by a date that is to come.
#[test]
fn what_is_dated_ahead_counts_from_when_it_was_taken() {
    let (mut city, _, serial) = with_official();
    let ahead = records::time::seconds(city.now + 20 * 86_400);
    let signed = city.suspension("officer-1", serial, |said| said.time = ahead.clone());
    let cause = city.signed_cause(signed);
    let event = city.suspended_event(cause);
    city.apply(event).unwrap();
    let revoked = city.authority.revoked_as(&serial.to_string()).unwrap();
    assert_eq!((revoked.at, revoked.reason.as_str()), (city.now, HOLD));
}

/// Between the receipt and the log lie seconds, or the hours for which a database is away.
#[test]
fn a_receipt_that_left_is_a_suspension_whatever_became_of_its_signer() {
    let (mut city, _, serial) = with_official();
    let signed = city.suspension("officer-1", serial, |_| {});
    assert!(city.authority.check_suspension(&signed, city.now).is_ok());
    let event = of_signed(&mut city, signed.clone());
    let own = sample_city::serial_of(&city.officer("officer-1").certificate);
    let person = city.officer("officer-1").person.clone();
    let order = city.order(&city.revoke_body(&person, &[own]));
    for name in ["officer-2", "security-1"] {
        city.approve(order, name).unwrap();
    }
    let approvals = city.authority.judge(order, None, city.now).unwrap().approvals();
    let cause = Cause::Order { order: sample_city::named(order) };
    let revoked = city.revoked_event(cause, approvals);
    city.apply(revoked).unwrap();
    assert_eq!(city.authority.check_suspension(&signed, city.now), Err(Code::CertificateRevoked));
    city.apply(event).unwrap();
    assert_eq!(reason(&city, serial).as_deref(), Some(HOLD));
}

#[test]
fn a_touch_suspends_whom_they_care_for_and_no_staff() {
    let (mut city, _, serial) = with_official();
    let mut passkey = SamplePasskey::new(&mut city);
    let officer = city.officer("officer-1").clone();
    let body = passkey.credential(&city, &officer, |_| {});
    city.done(&body, &["security-1"]);
    let other = sample_city::serial_of(&city.officer("officer-2").certificate);
    let own = sample_city::serial_of(&officer.certificate);
    for (serial, told) in
        [(other, Err(Code::SignatureNeeded)), (own, Err(Code::SignatureNeeded)), (serial, Ok(()))]
    {
        let statement = city.suspension("officer-1", serial, |_| {}).statement;
        let challenge = Suspension::challenge(&statement.0);
        let digest = authority::OrderDigest::from([0; 32]);
        let said = passkey.approve(&officer, digest, |answer| answer.challenge = challenge);
        let certificate = officer.certificate.der().into();
        let answer = (said.signature, said.assertion.unwrap());
        let touched = Suspension::by_passkey(statement, certificate, answer);
        assert_eq!(city.authority.check_suspension(&touched, city.now).map(|_| ()), told);
        let event = of_signed(&mut city, touched);
        assert_eq!(city.apply(event).map_err(|unsigned| unsigned.code), told);
    }
}

/// The first may be the thief's, who has a portal or a friend in the office.
#[test]
fn a_suspension_beside_another_holds_until_it_is_released_itself() {
    let (mut city, reference, serial) = with_official();
    city.suspend("officer-1", serial).unwrap();
    let cause = city.by_letter(&reference);
    let event = city.suspended_event(cause);
    city.apply(event).unwrap();
    assert_eq!(city.authority.all_suspended().count(), 2);
    assert_eq!(city.authority.all_revoked().count(), 1, "a list names it once");
    city.release(serial, &["officer-2", "security-1"]);
    assert_eq!(reason(&city, serial).as_deref(), Some(HOLD), "the letter's stands");
    assert_eq!(city.authority.released_at(&serial.to_string()), None);
    city.release(serial, &OFFICERS);
    assert_eq!(reason(&city, serial), None);
    assert!(city.authority.released_at(&serial.to_string()) >= Some(city.now));
}

/// What the receipt names was on its way under the letter; a hand lets it come behind.
#[test]
fn a_letters_suspension_waits_for_what_its_receipt_names() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let letter = city.letter(&person, "official");
    let order = city.apply_for(&letter, &key());
    OFFICERS.iter().for_each(|name| city.approve(order, name).unwrap());
    let (serial, intent) = city.intent_event(order).unwrap();
    let cause = city.by_letter_of(&letter, &[serial]);
    let event = city.suspended_event(cause);
    city.apply(event).unwrap();
    city.apply(intent).unwrap();
    assert_eq!(reason(&city, serial).as_deref(), Some(HOLD));
    // Another letter's certificate it does not take with it.
    let (_, other) = city.official("other");
    let cause = city.by_letter_of(&letter, &[other]);
    let event = city.suspended_event(cause);
    city.apply(event).unwrap();
    assert_eq!(reason(&city, other), None);
}

#[test]
fn what_is_revoked_is_neither_suspended_nor_released() {
    let (mut city, reference, serial) = with_official();
    city.suspend("officer-1", serial).unwrap();
    let order = city.order(&Body::Release(city.release_body(serial)));
    for name in ["officer-2", "security-1"] {
        city.approve(order, name).unwrap();
    }
    city.lose(&reference).unwrap();
    assert_eq!(reason(&city, serial).as_deref(), Some("keyCompromise"));
    assert_eq!(city.enact(order, &[]), Err(Code::StateConflict));
    city.suspend("officer-2", serial).unwrap();
    assert_eq!(reason(&city, serial).as_deref(), Some("keyCompromise"));
    assert!(city.authority.suspended_as(&serial.to_string()).is_none());
}

#[test]
fn a_suspended_certificate_is_revoked_by_order_and_by_leaving() {
    let (mut city, _, serial) = with_official();
    let person = city.officer("official").person.clone();
    city.suspend("official", serial).unwrap();
    city.revoke(&person, &[serial]);
    assert!(city.authority.is_ended(&serial.to_string()));
    let (_, other) = city.official("other");
    let person = city.officer("other").person.clone();
    city.suspend("other", other).unwrap();
    let body = city.person_body(PersonAction::Leave, &person, "sz-office");
    city.done(&body, &OFFICERS);
    let event = city.revoked_event(records::record::Cause::Left { person }, Vec::new());
    city.apply(event).unwrap();
    assert_eq!(reason(&city, other).as_deref(), Some("cessationOfOperation"));
}

#[test]
fn after_fifteen_days_it_is_revoked_for_its_reason() {
    let (mut city, _, serial) = with_official();
    let since = city.now;
    city.suspend("officer-1", serial).unwrap();
    let name = city.authority.suspended_as(&serial.to_string()).unwrap().name;
    city.now = since + SUSPENSION_SECONDS - 1;
    assert!(city.authority.lapsed_suspensions(city.now).is_empty());
    let early = city.revoked_event(city.lapsed(name), Vec::new());
    assert_eq!(city.apply(early).unwrap_err().code, Code::UnsignedAuthority);
    city.now += 1;
    assert_eq!(city.authority.lapsed_suspensions(city.now).into_iter().collect::<Vec<_>>(), [name]);
    // Nobody but the registry key says so.
    let mut cause = city.lapsed(name);
    if let records::record::Cause::Lapsed { signature, .. } = &mut cause {
        signature.0.reverse();
    }
    let forged = city.revoked_event(cause, Vec::new());
    assert_eq!(city.apply(forged).unwrap_err().code, Code::UnsignedAuthority);
    let event = city.revoked_event(city.lapsed(name), Vec::new());
    city.apply(event.clone()).unwrap();
    let revoked = city.authority.revoked_as(&serial.to_string()).unwrap();
    assert_eq!((revoked.at, revoked.reason.as_str()), (since, "privilegeWithdrawn"));
    assert!(city.authority.lapsed_suspensions(city.now).is_empty());
    assert!(city.apply(event).is_err(), "once");
}

#[test]
fn a_suspended_officer_approves_and_suspends_nothing() {
    let (mut city, _, serial) = with_official();
    let own = sample_city::serial_of(&city.officer("officer-1").certificate);
    let (person, order) = {
        let person = city.officer("official").person.clone();
        let order = city.order(&city.revoke_body(&person, &[serial]));
        (person, order)
    };
    city.approve(order, "officer-1").unwrap();
    city.suspend("officer-2", own).unwrap();
    assert!(!city.authority.given(order, city.now).contains_key(&city.officer("officer-1").person));
    assert_eq!(city.suspend("officer-1", serial).unwrap_err(), Code::CertificateSuspended);
    let other = city.order(&city.revoke_body(&person, &[serial]));
    assert_eq!(city.approve(other, "officer-1"), Err(Code::CertificateSuspended));
    city.release(own, &["security-1", "security-2"]);
    city.approve(other, "officer-1").unwrap();
}

#[test]
fn nobody_takes_everybody_away_who_could_undo_it() {
    let mut city = SampleCity::found();
    let serial =
        |city: &SampleCity, name: &str| sample_city::serial_of(&city.officer(name).certificate);
    let by = authority::PersonId::read(&city.officer("security-1").person).unwrap();
    let leaves = |city: &SampleCity, name: &str| {
        city.authority.leaves_releasers(&by, &serial(city, name), city.now)
    };
    // Of those who count for security-2, the other officers of the whole city, nobody is left.
    assert_eq!(leaves(&city, "security-2"), Err(Code::SuspensionAlone));
    assert_eq!(leaves(&city, "officer-1"), Ok(()));
    city.suspend("security-1", serial(&city, "officer-1")).unwrap();
    assert_eq!(leaves(&city, "officer-2"), Err(Code::SuspensionAlone));
}

/// A deputy beside whom they act for is one voice: two people are left, and nobody could release.
#[test]
fn a_deputy_beside_whom_they_act_for_is_one_who_is_left() {
    let mut city = SampleCity::found();
    let deputy = city.appoint("deputy", Role::ApplicationOwner, "sz-office");
    city.appoint("other", Role::RegistrationOfficer, "shangzhou");
    let by = authority::PersonId::read(&city.officer("security-1").person).unwrap();
    let leaves = |absent: &[&str]| {
        let mut city = city.clone();
        for name in absent {
            let lent = DelegateBody {
                action: RoleAction::Grant,
                person: deputy.clone(),
                absent: city.officer(name).person.clone(),
                role: Role::RegistrationOfficer,
                scope: "shangzhou".into(),
                from: records::time::seconds(city.now),
                until: records::time::seconds(city.now + 86_400),
            };
            city.done(&Body::Delegate(lent), &["security-1", "security-2"]);
        }
        city.now += 3_600;
        for name in ["security-2", "other"] {
            let serial = sample_city::serial_of(&city.officer(name).certificate);
            city.suspend("security-1", serial).unwrap();
        }
        let serial = sample_city::serial_of(&city.officer("officer-1").certificate);
        city.authority.leaves_releasers(&by, &serial, city.now)
    };
    assert_eq!(leaves(&[]), Err(Code::SuspensionAlone), "officer-2 alone is left");
    assert_eq!(leaves(&["officer-2"]), Err(Code::SuspensionAlone));
    assert_eq!(leaves(&["officer-2", "other"]), Ok(()), "who acts for another one as well");
}

#[test]
fn it_is_felt_before_the_tree_has_it() {
    let (mut city, reference, serial) = with_official();
    let cause = city.by_letter(&reference);
    let event = city.suspended_event(cause);
    let record = city.record(event);
    city.authority.notice(&record);
    assert_eq!(reason(&city, serial).as_deref(), Some(HOLD));
    assert_eq!(city.authority.revoked().count(), 0);
    assert_eq!(city.authority.all_revoked().count(), 1);
    assert!(matches!(record.event, Event::Suspended { .. }));
}

/// Who says it again, while the tree does not have that yet, changes nothing of since when it
/// counts: neither for whoever asks about one certificate nor for a list of all.
#[test]
fn what_is_said_again_counts_since_the_first_before_the_tree_has_it() {
    let (mut city, reference, serial) = with_official();
    let cause = city.by_letter(&reference);
    let event = city.suspended_event(cause);
    city.apply(event).unwrap();
    city.now += 10;
    city.suspend("officer-1", serial).unwrap();
    let since = |city: &SampleCity| {
        let listed: Vec<u64> = city.authority.all_revoked().map(|(_, one)| one.at).collect();
        (city.authority.revoked_as(&serial.to_string()).unwrap().at, listed)
    };
    let first = since(&city);
    assert_eq!(first.1, [first.0]);
    city.now += 100;
    let cause = city.by_letter(&reference);
    let event = city.suspended_event(cause);
    city.pending(event.clone());
    assert_eq!(since(&city), first);
    city.authority.forget_pending();
    city.apply(event).unwrap();
    assert_eq!(since(&city), first);
}
