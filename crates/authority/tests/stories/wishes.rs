//! An order to revoke that names an officer as its drafter by a wish counts only if that officer
//! signed it, with a credential that held then: also for whoever replays the log.

use crate::{key, with_letter};
use authority::Serial;
use records::code::Code;
use records::order::{Body, RevokeBody};
use records::record::Event;
use sample_city::SampleCity;

/// A city, somebody in it, their certificate, and the drafter that officer-1 is.
fn city() -> (SampleCity, String, Serial, String) {
    let (mut city, person, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    let drafter = format!("person:{}", city.officer("officer-1").person);
    (city, person, serial, drafter)
}

fn tried(city: &mut SampleCity, body: RevokeBody, drafter: &str) -> Option<Code> {
    let (_, event) = city.drafted_event(&Body::Revoke(body), &[], drafter);
    city.apply(event).err().map(|unsigned| unsigned.code)
}

#[test]
fn the_drafter_is_who_signed_the_wish() {
    let (mut city, person, serial, drafter) = city();
    let about = (person.as_str(), serial);
    let good = city.wished_body("officer-1", about, |_| {});
    let other = format!("person:{}", city.officer("officer-2").person);
    for named in [other.as_str(), "operator:0"] {
        let told = tried(&mut city, good.clone(), named);
        assert_eq!(told, Some(Code::UnknownKind), "{named}: it is no order");
    }
    let mut forged = good.clone();
    forged.wish.as_mut().unwrap().signature.0[10] ^= 1;
    assert_eq!(tried(&mut city, forged, &drafter), Some(Code::ApprovalSignature));
    let mut turned = good.clone();
    turned.reason = "superseded".into();
    assert_eq!(tried(&mut city, turned, &drafter), Some(Code::UnknownKind), "not asked for");
    let elsewhere = city.wished_body("officer-1", about, |said| said.founding = [9; 32].into());
    assert_eq!(tried(&mut city, elsewhere, &drafter), Some(Code::ApprovalSignature));
    assert_eq!(tried(&mut city, good, &drafter), None);
    assert_eq!(city.authority.open_orders_about(&person).len(), 1);
    assert_eq!(city.authority.unsigned_wishes(city.now).count(), 0);
}

#[test]
fn a_wish_under_a_certificate_that_ended_has_no_effect() {
    let (mut city, person, serial, drafter) = city();
    let body = city.wished_body("officer-1", (&person, serial), |_| {});
    let officer = city.officer("officer-1");
    let (own, held) = (officer.person.clone(), officer.certificate.serial().to_string());
    let mut before = city.clone();
    assert_eq!(tried(&mut before, body.clone(), &drafter), None);
    let held = Serial::read(&held).unwrap();
    let order = city.order(&city.revoke_body(&own, &[held]));
    city.approve(order, "officer-2").unwrap();
    city.approve(order, "security-1").unwrap();
    let approvals = city.authority.judge(order, None, city.now).unwrap().approvals();
    let cause = records::record::Cause::Order { order: sample_city::named(order) };
    let event: Event = city.revoked_event(cause, approvals);
    city.apply(event).unwrap();
    assert_eq!(tried(&mut city, body, &drafter), Some(Code::ApproverRevoked));
}

#[test]
fn a_wish_without_a_signature_is_counted_until_it_ends() {
    let (mut city, person, serial, drafter) = city();
    let body = city.revoke_body(&person, &[serial]);
    let (_, event) = city.drafted_event(&body, &[], &drafter);
    city.apply(event).unwrap();
    assert_eq!(city.authority.unsigned_wishes(city.now).count(), 1);
    let operators = city.order(&body);
    assert_eq!(city.authority.unsigned_wishes(city.now).count(), 1, "{operators:?} is a brake");
    let late = city.now + records::order::ORDER_SECONDS + 1;
    assert_eq!(city.authority.unsigned_wishes(late).count(), 0);
}
