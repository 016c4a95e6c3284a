//! A letter brings one certificate, to the person and under the profile that it names.

use crate::{key, with_letter};
use records::code::Code;
use records::letter::CHALLENGE_SECONDS;
use records::order::Body;
use records::record::{Cause, Event};
use sample_city::SampleCity;

fn issue(city: &SampleCity, reference: &str) -> records::order::IssueBody {
    city.issue(reference, &key())
}

#[test]
fn a_letter_is_used_once() {
    let (mut city, person, reference) = with_letter();
    assert_eq!(city.authority.intended_under(&reference), None);
    let serial = city.certify(&reference, &key());
    assert_eq!(city.authority.issued_under(&reference), Some(serial));
    assert_eq!(city.authority.intended_under(&reference), Some(serial));
    let again = Body::Issue(Box::new(issue(&city, &reference)));
    assert_eq!(city.authority.fits(&again), Err(Code::CodeUsed));
    let other = city.letter(&person, "official");
    let other = Body::Issue(Box::new(issue(&city, &other)));
    assert_eq!(city.authority.fits(&other), Ok(()));
}

#[test]
fn an_intent_uses_the_letter_before_there_is_a_result() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    city.approve(order, "officer-2").unwrap();
    let serial = city.intend(order).unwrap();
    assert_eq!(city.authority.issued_under(&reference), None);
    assert_eq!(city.authority.intended_under(&reference), Some(serial));
    assert_eq!(city.authority.unfinished_intents().count(), 1);
    // Given up after a crash, the letter can be used again.
    let abandoned = Cause::Abandoned { order: order.into() };
    let event = city.revoked_event(abandoned.clone(), Vec::new());
    let mut waits = city.clone();
    waits.pending(event.clone());
    assert_eq!(waits.authority.intended_under(&reference), None);
    city.apply(event.clone()).unwrap();
    assert_eq!(city.authority.intended_under(&reference), None);
    assert!(city.authority.is_revoked(&serial.to_string()));
    assert_eq!(city.authority.unfinished_intents().count(), 0);
    assert_eq!(city.apply(event).unwrap_err().code, Code::UnsignedAuthority);
    city.certify(&reference, &key());
}

#[test]
fn a_lost_letter_brings_nothing_and_loses_what_it_brought() {
    let (mut city, person, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    let wrong = Cause::Loss {
        reference: reference.clone(),
        value: SampleCity::loss_value("0000000000000000"),
    };
    let event = city.revoked_event(wrong, Vec::new());
    assert_eq!(city.apply(event).unwrap_err().code, Code::WrongCode);
    assert!(!city.authority.is_lost(&reference));
    city.lose(&reference).unwrap();
    assert_eq!(city.approve(order, "officer-2"), Err(Code::LetterLost));

    let kept = city.letter(&person, "official");
    let kept = city.certify(&kept, &key());
    let lost = city.letter(&person, "official");
    let serial = city.certify(&lost, &key());
    city.lose(&lost).unwrap();
    assert!(city.authority.is_revoked(&serial.to_string()));
    assert!(!city.authority.is_revoked(&kept.to_string()));
}

#[test]
fn a_voided_letter_brings_nothing() {
    let (mut city, person, reference) = with_letter();
    let kept = city.letter(&person, "official");
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    city.apply(city.void_event(&reference)).unwrap();
    assert!(city.authority.is_voided(&reference) && !city.authority.is_voided(&kept));
    assert_eq!(city.approve(order, "officer-2"), Err(Code::LetterVoided));
    assert_eq!(city.authority.check_letter(&reference), Err(Code::LetterVoided));
    // The same again changes nothing; its loss can be reported, which is told first.
    city.apply(city.void_event(&reference)).unwrap();
    city.lose(&reference).unwrap();
    assert_eq!(city.authority.check_letter(&reference), Err(Code::LetterLost));
    assert_eq!(city.authority.revoked().count(), 0);
    city.certify(&kept, &key());
}

#[test]
fn only_the_registry_key_voids_a_letter_and_only_one_that_is_known() {
    let (mut city, _, reference) = with_letter();
    let unsigned = |city: &mut SampleCity, event: Event| {
        assert_eq!(city.apply(event.clone()).unwrap_err().code, Code::UnsignedAuthority);
        city.pending(event);
        assert!(!city.authority.is_voided(&reference));
    };
    let Event::Voided { statement, signature } = city.void_event(&reference) else {
        unreachable!()
    };
    let other = records::label::Label::Void.sign(&key(), &statement.0).unwrap();
    unsigned(&mut city, Event::Voided { statement: statement.clone(), signature: other.into() });
    // A signature of another kind is none of this kind.
    let letter = records::label::Label::Letter.sign(&city.keys.registry, &statement.0).unwrap();
    unsigned(&mut city, Event::Voided { statement: statement.clone(), signature: letter.into() });
    let unknown = city.void_event("0000000000000009");
    unsigned(&mut city, unknown);
    city.apply(Event::Voided { statement, signature }).unwrap();
    assert!(city.authority.is_voided(&reference));
}

#[test]
fn a_loss_counts_under_a_voided_letter_too() {
    let (mut city, _, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    // No issuer voids a letter that is used; if a log says so all the same, its holder still can
    // report the loss.
    city.apply(city.void_event(&reference)).unwrap();
    assert!(!city.authority.is_revoked(&serial.to_string()), "to void is not to revoke");
    city.lose(&reference).unwrap();
    assert!(city.authority.is_revoked(&serial.to_string()));
}

#[test]
fn a_letter_is_over_when_nobody_begins_anything_with_it() {
    let (mut city, person, reference) = with_letter();
    let is_over =
        |city: &SampleCity, reference: &str| city.authority.is_letter_over(reference, city.now);
    assert_eq!(is_over(&city, "0000000000000009"), None);
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    city.approve(order, "officer-2").unwrap();
    city.intend(order).unwrap();
    assert_eq!(is_over(&city, &reference), Some(false), "what is intended may be given up");
    let used = city.letter(&person, "official");
    city.certify(&used, &key());
    assert_eq!(is_over(&city, &used), Some(true));
    let voided = city.letter(&person, "official");
    let mut waits = city.clone();
    waits.pending(city.void_event(&voided));
    assert_eq!(is_over(&waits, &voided), Some(false), "what the tree does not hold may vanish");
    city.apply(city.void_event(&voided)).unwrap();
    assert_eq!(is_over(&city, &voided), Some(true));
    let lost = city.letter(&person, "official");
    city.lose(&lost).unwrap();
    assert_eq!(is_over(&city, &lost), Some(true));
    let late = city.letter(&person, "official");
    city.now += 7 * 86_400;
    assert_eq!(is_over(&city, &late), Some(false), "the last second counts");
    city.now += 1;
    assert_eq!(is_over(&city, &late), Some(true));
}

#[test]
fn a_letter_is_for_its_person_and_profile() {
    let (mut city, _, reference) = with_letter();
    let other = city.register("sz-office");
    let mut body = issue(&city, &reference);
    body.person.clone_from(&other);
    body.subject.sn = other;
    let check = |city: &SampleCity, body: &records::order::IssueBody| {
        city.authority.fits(&Body::Issue(Box::new(body.clone())))
    };
    assert_eq!(check(&city, &body), Err(Code::UnsignedAuthority));
    let mut staff = issue(&city, &reference);
    let profile = city.authority.profile("staff").unwrap();
    staff.profile.id = "staff".into();
    staff.profile.digest = profile.digest.clone();
    assert_eq!(check(&city, &staff), Err(Code::UnsignedAuthority));
    let mut longer = issue(&city, &reference);
    longer.validity_days += 1;
    assert_eq!(check(&city, &longer), Err(Code::ProfileChanged));
    let mut moved = issue(&city, &reference);
    moved.subject.ou = vec!["luonan".into(), "ln-office".into()];
    assert_eq!(check(&city, &moved), Err(Code::PersonChanged));
    let mut page = issue(&city, &reference);
    page.label = "telephone".into();
    assert_eq!(check(&city, &page), Err(Code::LabelNotAllowed));
    let mut unreadable = issue(&city, &reference);
    unreadable.key = vec![0x30, 0].into();
    assert_eq!(check(&city, &unreadable), Err(Code::KeyUnknown));
    assert_eq!(check(&city, &issue(&city, &reference)), Ok(()));
}

#[test]
fn a_staff_code_is_for_the_command_line() {
    let mut city = SampleCity::found();
    let officer = city.officer("officer-1").person.clone();
    let reference = city.letter(&officer, "staff");
    let mut body = issue(&city, &reference);
    body.label = "page".into();
    assert_eq!(
        city.authority.fits(&Body::Issue(Box::new(body.clone()))),
        Err(Code::LabelNotAllowed)
    );
    body.label = "cli".into();
    assert_eq!(city.authority.fits(&Body::Issue(Box::new(body))), Ok(()));
}

#[test]
fn a_challenge_is_used_once_for_as_long_as_it_lives() {
    let (mut city, _, reference) = with_letter();
    let challenge = sample_city::sha256(b"a challenge");
    let application = |challenge: &records::Bytes| Event::Application {
        reference: reference.clone(),
        order: sample_city::sha256(b"order"),
        label: "cli".into(),
        challenge_sha256: challenge.clone(),
        request: sample_city::sha256(b"request"),
    };
    assert!(!city.authority.is_challenge_used(&challenge.0));
    let mut waits = city.clone();
    waits.pending(application(&challenge));
    assert!(waits.authority.is_challenge_used(&challenge.0));
    waits.authority.forget_pending();
    assert!(!waits.authority.is_challenge_used(&challenge.0));
    city.apply(application(&challenge)).unwrap();
    city.now += CHALLENGE_SECONDS;
    city.apply(application(&sample_city::sha256(b"another"))).unwrap();
    assert!(city.authority.is_challenge_used(&challenge.0));
    city.now += 2 * CHALLENGE_SECONDS;
    city.apply(application(&sample_city::sha256(b"a third"))).unwrap();
    assert!(!city.authority.is_challenge_used(&challenge.0));
}

#[test]
fn the_last_certificate_is_the_one_that_ends_last() {
    let (mut city, person, reference) = with_letter();
    assert!(city.authority.last_certificate(&person, "official").is_none());
    city.certify(&reference, &key());
    city.now += 86_400;
    let second = city.letter(&person, "official");
    let second = city.certify(&second, &key());
    let last = city.authority.last_certificate(&person, "official").unwrap();
    assert_eq!(Some(last), city.authority.held(&second.to_string()));
    assert_eq!(last.not_after, city.now + 365 * 86_400);
    assert!(city.authority.last_certificate(&person, "staff").is_none());
    // A certificate that is only intended is none yet.
    city.now += 86_400;
    let third = city.letter(&person, "official");
    let order = city.apply_for(&third, &key());
    city.approve(order, "officer-1").unwrap();
    city.approve(order, "officer-2").unwrap();
    city.intend(order).unwrap();
    let held = city.authority.held(&second.to_string());
    assert_eq!(city.authority.last_certificate(&person, "official"), held);
}
