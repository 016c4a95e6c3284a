//! Releases: two others end a suspension, by an order for just this one, from the tree on.

use super::suspensions::{OFFICERS, reason, with_official};
use records::code::Code;
use records::order::Body;
use records::suspension::HOLD;
use sample_city::SampleCity;

/// A second report has a receipt of its own: no release of the first one ends it, whichever of the
/// two records comes first.
#[test]
fn what_is_said_again_is_released_by_no_older_order() {
    let (mut city, reference, serial) = with_official();
    let first = city.by_letter(&reference);
    let since = city.now;
    let event = city.suspended_event(first);
    city.apply(event).unwrap();
    let order = city.order(&Body::Release(city.release_body(serial)));
    OFFICERS.iter().for_each(|name| city.approve(order, name).unwrap());
    city.now += 3_600;
    let second = city.by_letter(&reference);
    let event = city.suspended_event(second);
    let record = city.record(event.clone());
    city.authority.notice(&record);
    assert_eq!(city.enact(order, &[]), Err(Code::StateConflict), "it is noticed at once");
    city.authority.forget_pending();
    city.apply(event).unwrap();
    assert_eq!(city.enact(order, &[]), Err(Code::StateConflict));
    assert_eq!(reason(&city, serial).as_deref(), Some(HOLD));
    let known = city.authority.suspended_as(&serial.to_string()).unwrap();
    assert_eq!((known.revoked.at, known.said_at), (since, city.now), "since the first");
    city.release(serial, &OFFICERS);
    assert_eq!(reason(&city, serial), None);
}

/// Whoever only takes notice of withdrawals knows of an order that would release a suspension as
/// soon as it is recorded, and it names that one only.
#[test]
fn a_release_that_waits_is_known_before_the_tree_has_it() {
    let (mut city, _, serial) = with_official();
    city.suspend("officer-1", serial).unwrap();
    let name = |city: &SampleCity| city.authority.suspended_as(&serial.to_string()).unwrap().name;
    let first = name(&city);
    assert!(!city.authority.is_being_released(&first));
    let body = Body::Release(city.release_body(serial));
    let (_, event) = city.order_event(&body, &[]);
    let record = city.record(event.clone());
    let mut follower = city.authority.clone();
    follower.notice_withdrawals([&record]);
    assert!(follower.is_being_released(&first) && !follower.is_being_released(&[7; 32]));
    city.apply(event).unwrap();
    assert!(city.authority.is_being_released(&first));
    city.now += 60;
    city.suspend("officer-1", serial).unwrap();
    let second = name(&city);
    assert!(first != second && !city.authority.is_being_released(&second));
}

#[test]
fn two_others_release_it() {
    let (mut city, _, serial) = with_official();
    city.suspend("officer-1", serial).unwrap();
    let body = Body::Release(city.release_body(serial));
    // Whoever suspended drafts nothing, and counts for nothing.
    let by = format!("person:{}", city.officer("officer-1").person);
    let (_, event) = city.drafted_event(&body, &[], &by);
    assert!(city.apply(event).is_err());
    let order = city.order(&body);
    assert_eq!(city.approve(order, "officer-1"), Err(Code::ApproverSelf));
    city.approve(order, "officer-2").unwrap();
    assert_eq!(city.enact(order, &[]), Err(Code::ApprovalsMissing));
    city.approve(order, "security-1").unwrap();
    city.enact(order, &[]).unwrap();
    assert_eq!(reason(&city, serial), None);
    assert!(city.authority.released_at(&serial.to_string()) >= Some(city.now));
}

#[test]
fn a_holder_does_not_release_their_own() {
    let mut city = SampleCity::found();
    let own = sample_city::serial_of(&city.officer("officer-1").certificate);
    city.suspend("officer-1", own).unwrap();
    let order = city.order(&Body::Release(city.release_body(own)));
    // They could not sign at all; another certificate of theirs would not help either.
    assert_eq!(city.approve(order, "officer-1"), Err(Code::CertificateSuspended));
    let body = Body::Release(city.release_body(own));
    let person = city.officer("officer-1").person.clone();
    assert_eq!(city.authority.may_approve(&person, &body, city.now), Err(Code::ApproverSelf));
    city.approve(order, "officer-2").unwrap();
    city.approve(order, "security-1").unwrap();
    city.enact(order, &[]).unwrap();
    assert_eq!(reason(&city, own), None);
}

#[test]
fn a_release_counts_for_its_own_suspension_and_from_the_tree() {
    let (mut city, reference, serial) = with_official();
    let first = city.by_letter(&reference);
    let event = city.suspended_event(first.clone());
    city.apply(event).unwrap();
    let body = Body::Release(city.release_body(serial));
    let (one, two) = (city.order(&body), city.order(&body));
    for order in [one, two] {
        OFFICERS.iter().for_each(|name| city.approve(order, name).unwrap());
    }
    // Recorded is not enough.
    let event = city.enacted_event(one, &[]).unwrap();
    let record = city.record(event);
    city.authority.notice(&record);
    assert_eq!(reason(&city, serial).as_deref(), Some(HOLD));
    city.authority.forget_pending();
    city.enact(one, &[]).unwrap();
    assert_eq!(reason(&city, serial), None);
    // The same suspension again takes nothing, another of that second does, the old order is worth
    // nothing.
    let event = city.suspended_event(first);
    city.apply(event).unwrap();
    assert_eq!(reason(&city, serial), None);
    let second = city.by_letter(&reference);
    let event = city.suspended_event(second);
    city.apply(event).unwrap();
    assert_eq!(reason(&city, serial).as_deref(), Some(HOLD));
    assert_eq!(city.enact(two, &[]), Err(Code::StateConflict));
}
