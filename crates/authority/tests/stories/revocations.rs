//! What a revocation takes follows from its cause, never from the record that claims it.

use crate::{key, with_letter};
use records::code::Code;
use records::order::{Body, PersonAction};
use records::record::{Cause, Event, RevokedSerial};
use sample_city::{SampleCity, named};

#[test]
fn an_order_revokes_what_it_names_and_no_more() {
    let (mut city, person, reference) = with_letter();
    let first = city.certify(&reference, &key());
    let other = city.letter(&person, "official");
    let second = city.certify(&other, &key());
    city.revoke(&person, &[first]);
    assert!(city.authority.is_revoked(&first.to_string()));
    assert!(!city.authority.is_revoked(&second.to_string()));
    let revoked = city.authority.revoked_as(&first.to_string()).unwrap();
    assert_eq!((revoked.at, revoked.reason.as_str()), (city.now, "keyCompromise"));
}

#[test]
fn a_record_that_names_more_than_its_cause_revokes_no_more() {
    let (mut city, person, reference) = with_letter();
    let first = city.certify(&reference, &key());
    let other = city.letter(&person, "official");
    let second = city.certify(&other, &key());
    let value = SampleCity::loss_value(&reference);
    let cause = Cause::Loss { reference, value };
    let mut event = city.revoked_event(cause, Vec::new());
    if let Event::Revoked { certificates, .. } = &mut event {
        let not_after = records::time::seconds(city.now);
        *certificates = vec![RevokedSerial { serial: second.to_string(), not_after }];
    }
    city.apply(event).unwrap();
    assert!(city.authority.is_revoked(&first.to_string()));
    assert!(!city.authority.is_revoked(&second.to_string()));
}

#[test]
fn only_ones_own_certificates_are_revoked_by_an_order() {
    let (mut city, person, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    let other = city.register("sz-office");
    let foreign = city.revoke_body(&other, &[serial]);
    assert_eq!(city.authority.fits(&foreign), Err(Code::StateConflict));
    assert_eq!(city.authority.fits(&city.revoke_body(&person, &[])), Err(Code::StateConflict));
    let mut unnamed = city.revoke_body(&person, &[serial]);
    if let Body::Revoke(body) = &mut unnamed {
        body.reason = "boredom".into();
    }
    assert_eq!(city.authority.fits(&unnamed), Err(Code::StateConflict));
    assert_eq!(city.authority.fits(&city.revoke_body(&person, &[serial])), Ok(()));
}

#[test]
fn a_revocation_needs_its_approvals() {
    let (mut city, person, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    let order = city.order(&city.revoke_body(&person, &[serial]));
    city.approve(order, "officer-1").unwrap();
    let event = city.revoked_event(Cause::Order { order: named(order) }, Vec::new());
    assert_eq!(city.apply(event).unwrap_err().code, Code::ApprovalsMissing);
    assert_eq!(city.authority.open_orders_about(&person).len(), 1);
    city.approve(order, "officer-2").unwrap();
    let approvals = city.authority.judge(order, None, city.now).unwrap().approvals();
    let event = city.revoked_event(Cause::Order { order: named(order) }, approvals);
    city.apply(event).unwrap();
    assert!(city.authority.is_revoked(&serial.to_string()));
    assert!(city.authority.open_orders_about(&person).is_empty());
}

#[test]
fn whoever_leaves_office_loses_every_certificate() {
    let (mut city, person, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    let left = |person: &str| Cause::Left { person: person.to_owned() };
    let event = city.revoked_event(left(&person), Vec::new());
    assert_eq!(city.apply(event).unwrap_err().code, Code::UnsignedAuthority);
    let body = city.person_body(PersonAction::Leave, &person, "sz-office");
    city.done(&body, &["officer-1", "officer-2"]);
    let event = city.revoked_event(left(&person), Vec::new());
    city.apply(event).unwrap();
    assert!(city.authority.is_revoked(&serial.to_string()));
    let unknown = city.revoked_event(left("0000000000000009"), Vec::new());
    assert_eq!(city.apply(unknown).unwrap_err().code, Code::UnsignedAuthority);
}

#[test]
fn what_was_revoked_before_it_was_signed_stays_revoked() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    city.approve(order, "officer-2").unwrap();
    let serial = city.intend(order).unwrap();
    let issued = city.issued_event(serial, "official");
    city.lose(&reference).unwrap();
    city.apply(issued).unwrap();
    assert!(city.authority.is_revoked(&serial.to_string()));
    assert!(city.authority.held(&serial.to_string()).unwrap().sha256.is_some());
}

/// Since when a revocation counts is what a key of the CA signed about just this cause: neither the
/// record's own time nor a statement of anything else moves it.
#[test]
fn nobody_dates_a_revocation_without_a_key() {
    let (mut city, person, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    let lost = city.letter(&person, "official");
    let lost_serial = city.certify(&lost, &key());
    let order = city.order(&city.revoke_body(&person, &[serial]));
    city.approve(order, "officer-1").unwrap();
    city.approve(order, "officer-2").unwrap();
    let approvals = city.authority.judge(order, None, city.now).unwrap().approvals();
    let by_order = Cause::Order { order: named(order) };
    let loss = |reference: &str| {
        let value = SampleCity::loss_value(reference);
        Cause::Loss { reference: reference.to_owned(), value }
    };
    let since = |event: &Event| match event {
        Event::Revoked { statement, signature, .. } => (statement.clone(), signature.clone()),
        other => panic!("{other:?}"),
    };
    let now = city.now;
    let foreign = [
        since(&city.revoked_since(Cause::Left { person: person.clone() }, Vec::new(), now)),
        since(&city.revoked_since(loss(&reference), Vec::new(), now)),
        since(&city.revoked_since(loss(&lost), Vec::new(), now)),
        (b"{}".as_slice().into(), vec![7; 64].into()),
    ];
    for (cause, approvals, own) in [(by_order, approvals, usize::MAX), (loss(&lost), Vec::new(), 2)]
    {
        for (at, (said, signed)) in foreign.iter().enumerate().filter(|(at, _)| *at != own) {
            let mut event = city.revoked_event(cause.clone(), approvals.clone());
            if let Event::Revoked { statement, signature, .. } = &mut event {
                (*statement, *signature) = (said.clone(), signed.clone());
            }
            city.pending(event.clone());
            assert_eq!(city.apply(event).unwrap_err().code, Code::UnsignedAuthority, "{at}");
        }
        // The record comes under any time; what is signed counts.
        let event = city.revoked_since(cause, approvals, now);
        city.now = now + 3_600;
        city.pending(event.clone());
        city.authority.forget_pending();
        city.apply(event).unwrap();
        city.now = now;
    }
    for serial in [serial, lost_serial] {
        assert_eq!(city.authority.revoked_as(&serial.to_string()).unwrap().at, now);
    }
}
