//! What becomes of orders: carried out once, replaced, sent back, ended, too old, forged.

use crate::{key, with_letter};
use authority::{ApplicationOutcome, OrderEnd};
use records::bytes::Bytes;
use records::code::Code;
use records::decline::Outcome as Said;
use records::label::Label;
use records::order::{
    Body, BundleBody, ORDER_SECONDS, Order, PersonAction, SignedOrder, UnitAction, UnitBody,
    bundle_digest, maker,
};
use records::record::{Event, File};
use sample_city::{SampleCity, named, sha256};

#[test]
fn an_order_is_carried_out_once() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    city.approve(order, "officer-2").unwrap();
    let (_, event) = city.intent_event(order).unwrap();
    city.apply(event.clone()).unwrap();
    assert_eq!(city.apply(event).unwrap_err().code, Code::OrderConsumed);
    assert_eq!(city.approve(order, "security-1"), Err(Code::OrderConsumed));
    let ended = Some((order, ApplicationOutcome::Ended(OrderEnd::Consumed)));
    assert_eq!(city.authority.application_under(&reference, city.now), ended);
}

#[test]
fn an_order_lives_for_a_week() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    city.now += ORDER_SECONDS;
    assert_eq!(city.approve(order, "officer-2"), Ok(()));
    assert_eq!(
        city.authority.application_under(&reference, city.now),
        Some((order, ApplicationOutcome::Open))
    );
    city.now += 1;
    assert_eq!(city.intend(order).unwrap_err(), Code::OrderExpired);
    assert_eq!(
        city.authority.application_under(&reference, city.now),
        Some((order, ApplicationOutcome::Expired))
    );
}

#[test]
fn a_record_under_an_old_date_brings_no_old_order_back() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    city.approve(order, "officer-2").unwrap();
    let (_, intent) = city.intent_event(order).unwrap();
    let before = city.now;
    // The registry key signs an order a month later; that proves the time for every record behind
    // it.
    city.now += 30 * 86_400;
    let body = city.person_body(PersonAction::Create, "0000000000000001", "sz-office");
    city.order(&body);
    city.now = before;
    assert_eq!(city.apply(intent).unwrap_err().code, Code::OrderExpired);
    let (_, old) = city.order_event(&body, &[]);
    assert_eq!(city.apply(old).unwrap_err().code, Code::StateConflict);
}

#[test]
fn a_new_application_replaces_the_last_one_under_its_letter() {
    let (mut city, person, reference) = with_letter();
    let other = city.letter(&person, "official");
    let others = city.apply_for(&other, &key());
    let first = city.apply_for(&reference, &key());
    city.approve(first, "officer-1").unwrap();
    let second = city.apply_for(&reference, &key());
    assert_eq!(city.approve(first, "officer-2"), Err(Code::OrderCancelled));
    assert_eq!(city.authority.open_order_under(&reference).unwrap().0, second);
    // An order names others to be replaced, and only those under its own letter are.
    let body = records::order::Body::Issue(Box::new(city.issue(&reference, &key())));
    let (third, event) = city.order_event(&body, &[second, others]);
    city.apply(event).unwrap();
    assert_eq!(city.approve(second, "officer-1"), Err(Code::OrderCancelled));
    assert_eq!(city.approve(others, "officer-1"), Ok(()));
    assert_eq!(city.approve(third, "officer-1"), Ok(()));
}

#[test]
fn one_officer_sends_an_application_back() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    let foreign = city.decline(order, "officer-3", Said::Returned);
    assert_eq!(city.authority.check_decline(&foreign, city.now).unwrap_err(), Code::ApproverScope);
    let decline = city.decline(order, "officer-1", Said::Returned);
    let [person, other] = ["officer-1", "officer-2"].map(|name| city.officer(name).person.clone());
    let told =
        |person: &String| Event::Declined { decline: decline.clone(), person: person.clone() };
    assert_eq!(city.apply(told(&other)).unwrap_err().code, Code::UnsignedAuthority);
    city.apply(told(&person)).unwrap();
    assert_eq!(city.approve(order, "officer-2"), Err(Code::OrderReturned));
    let ended = Some((order, ApplicationOutcome::Ended(OrderEnd::Returned)));
    assert_eq!(city.authority.application_under(&reference, city.now), ended);
    assert!(city.authority.open_order_under(&reference).is_none());
    // The same letter applies again.
    let again = city.apply_for(&reference, &key());
    assert_eq!(city.approve(again, "officer-1"), Ok(()));
}

#[test]
fn a_rejection_uses_the_letter_up() {
    let (mut city, person, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    let decline = city.decline(order, "officer-1", Said::Rejected);
    let officer = city.officer("officer-1").person.clone();
    city.apply(Event::Declined { decline, person: officer }).unwrap();
    assert!(city.authority.is_rejected(&reference));
    let again = city.apply_for(&reference, &key());
    assert_eq!(city.approve(again, "officer-1"), Err(Code::OrderRejected));
    let other = city.letter(&person, "official");
    let other = city.apply_for(&other, &key());
    assert_eq!(city.approve(other, "officer-1"), Ok(()));
}

#[test]
fn nobody_declines_a_brake_or_their_own_order() {
    let (mut city, person, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    let brake = city.order(&city.revoke_body(&person, &[serial]));
    let decline = city.decline(brake, "officer-1", Said::Rejected);
    assert_eq!(city.authority.check_decline(&decline, city.now).unwrap_err(), Code::StateConflict);
    let own = city.officer("officer-1").person.clone();
    let reference = city.letter(&own, "staff");
    let order = city.apply_for(&reference, &key());
    let decline = city.decline(order, "officer-1", Said::Rejected);
    assert_eq!(city.authority.check_decline(&decline, city.now).unwrap_err(), Code::ApproverSelf);
    let decline = city.decline(order, "officer-2", Said::Rejected);
    assert!(city.authority.check_decline(&decline, city.now).is_ok());
}

#[test]
fn what_the_registry_key_did_not_sign_has_no_effect() {
    let (mut city, person, _) = with_letter();
    let thief = key();
    let forge = |event: &mut Event, label: Label| match event {
        Event::Letter { statement: bytes, signature }
        | Event::Order { order: bytes, signature, .. } => {
            *signature = Bytes(label.sign(&thief, &bytes.0).unwrap());
        }
        _ => unreachable!(),
    };
    let mut letter = city.letter_event("0000000000000002", &person, "staff");
    forge(&mut letter, Label::Letter);
    assert_eq!(city.apply(letter).unwrap_err().code, Code::UnsignedAuthority);
    assert!(city.authority.letter("0000000000000002").is_none());
    let body = city.person_body(PersonAction::Create, "0000000000000003", "sz-office");
    let (digest, mut order) = city.order_event(&body, &[]);
    forge(&mut order, Label::Order);
    assert_eq!(city.apply(order).unwrap_err().code, Code::OrderAltered);
    assert_eq!(city.approve(digest, "officer-1"), Err(Code::OrderUnknown));
    // A signature of another kind is none of this kind.
    let (_, mut order) = city.order_event(&body, &[]);
    if let Event::Order { order: bytes, .. } = &order {
        let statement = bytes.clone();
        let (_, other) = city.order_event(&body, &[]);
        let Event::Order { signature, .. } = other else { unreachable!() };
        order = Event::Letter { statement, signature };
    }
    assert_eq!(city.apply(order).unwrap_err().code, Code::UnsignedAuthority);
}

#[test]
fn what_nobody_approved_has_no_effect() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    let intent = Event::Intent {
        order: named(order),
        approvals: vec![sha256(b"an approval"), sha256(b"another")],
        serial: "0102".into(),
        not_after: records::time::seconds(city.now + 86_400),
        tbs_sha256: sha256(b"tbs"),
        tbs: sha256(b"commitment"),
        lint: 1,
    };
    assert_eq!(city.apply(intent).unwrap_err().code, Code::ApprovalsMissing);
    let issued = Event::Issued {
        under: named(order),
        serial: "0102".into(),
        subject: "somebody".into(),
        profile: "official".into(),
        key_sha256: sha256(b"key"),
        not_after: records::time::seconds(city.now + 86_400),
        sha256: sha256(b"certificate"),
        certificate: sha256(b"commitment"),
    };
    assert_eq!(city.apply(issued).unwrap_err().code, Code::UnsignedAuthority);
    assert!(city.authority.held("0102").is_none());
}

/// Whose certificate it is, and of which kind, follows from what was ordered.
#[test]
fn a_record_names_nobody_else_as_a_certificates_holder() {
    let (mut city, _, reference) = with_letter();
    let other = city.register("sz-office");
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    city.approve(order, "officer-2").unwrap();
    let serial = city.intend(order).unwrap();
    let right = city.issued_event(serial, "official");
    for (holder, kind) in [(Some(&other), None), (None, Some("staff"))] {
        let mut event = right.clone();
        if let Event::Issued { subject, profile, .. } = &mut event {
            *subject = holder.unwrap_or(subject).clone();
            *profile = kind.map_or(profile.clone(), str::to_owned);
        }
        assert_eq!(city.apply(event).unwrap_err().code, Code::UnsignedAuthority);
    }
    city.apply(right).unwrap();
    assert!(city.authority.held(&serial.to_string()).unwrap().sha256.is_some());
    // Nor does one of the founding that gives a service's key another name.
    let founding = city.authority.founding().clone();
    let service = &founding.services[0];
    let first = |subject: &str| Event::Issued {
        under: city.authority.founding_digest().into(),
        serial: "0a".repeat(18),
        subject: subject.into(),
        profile: "service".into(),
        key_sha256: sha256(&service.keys[0].key.0),
        not_after: records::time::seconds(city.now),
        sha256: sha256(b"certificate"),
        certificate: sha256(b"commitment"),
    };
    let own = format!("{}/{}", service.service, service.keys[0].process);
    let events = [other.as_str(), "root", &own].map(first);
    let applied = events.map(|event| city.apply(event).map_err(|unsigned| unsigned.code));
    assert_eq!(applied, [Err(Code::UnsignedAuthority), Err(Code::UnsignedAuthority), Ok(())]);
}

/// Which files come into force stands beside what is signed. A hand that names one twice, once as
/// it was approved and once as it likes, puts none of them in force: whoever takes the first one of
/// a name, and whoever takes the last, reads the same.
#[test]
fn a_file_of_rules_stands_there_once() {
    let mut city = SampleCity::found();
    let approved = File { name: "access/exchange.toml".into(), content: "approved".into() };
    let digest = bundle_digest([(&*approved.name, &*approved.content)]);
    let order = city.order(&Body::Bundle(BundleBody { version: 2, digest }));
    city.approve(order, "security-1").unwrap();
    city.approve(order, "security-2").unwrap();
    let other = File { content: "of a hand".into(), ..approved.clone() };
    for files in [vec![other.clone(), approved.clone()], vec![approved.clone(), other], vec![]] {
        assert_eq!(city.enact(order, &files), Err(Code::OrderIncomplete));
    }
    city.enact(order, std::slice::from_ref(&approved)).unwrap();
    assert_eq!(city.authority.bundle().files, [approved]);
    // What cannot be named has no digest, and is nothing that an order could name.
    let twice = [("access/a.cedar", "one"), ("access/a.cedar", "other")];
    assert!(bundle_digest(twice).0.is_empty());
    assert!(bundle_digest([("access/e\u{301}.cedar", "one")]).0.is_empty());
    let unnamed = Body::Bundle(BundleBody { version: 3, digest: Bytes::default() });
    let order = city.order(&unnamed);
    city.approve(order, "security-1").unwrap();
    city.approve(order, "security-2").unwrap();
    let files = twice.map(|(name, content)| File { name: name.into(), content: content.into() });
    assert_eq!(city.enact(order, &files), Err(Code::OrderIncomplete));
}

#[test]
fn units_make_a_tree() {
    let mut city = SampleCity::found();
    let body = |action, unit: &str, parent: &str| {
        let (unit, name, parent) = (unit.into(), unit.into(), parent.into());
        records::order::Body::Unit(UnitBody { action, unit, county: false, name, parent })
    };
    let fits = |city: &SampleCity, body| city.authority.fits(&body);
    assert_eq!(
        fits(&city, body(UnitAction::Create, "sz-office", "city")),
        Err(Code::StateConflict)
    );
    assert_eq!(fits(&city, body(UnitAction::Create, "new", "nowhere")), Err(Code::UnitUnknown));
    assert_eq!(fits(&city, body(UnitAction::Close, "city", "city")), Err(Code::StateConflict));
    let below = body(UnitAction::Move, "shangzhou", "sz-office");
    assert_eq!(fits(&city, below), Err(Code::StateConflict));
    let held = city.authority.unit("ln-office").unwrap().name.clone();
    let close = records::order::Body::Unit(UnitBody {
        action: UnitAction::Close,
        unit: "ln-office".into(),
        county: false,
        name: held,
        parent: "luonan".into(),
    });
    city.done(&close, &["officer-3", "security-1"]);
    let person = city.person_body(PersonAction::Create, "0000000000000004", "ln-office");
    assert_eq!(city.authority.fits(&person), Err(Code::UnitUnknown));
    let person = city.person_body(PersonAction::Create, "0000000000000004", "sz-office");
    assert_eq!(city.authority.fits(&person), Ok(()));
}

/// Whoever moves or closes a unit signs no new name for it, which it would not have afterwards.
#[test]
fn a_unit_keeps_what_its_order_does_not_change() {
    let city = SampleCity::found();
    let held = city.authority.unit("ln-office").unwrap().name.clone();
    for action in [UnitAction::Move, UnitAction::Close] {
        for (name, county, fits) in [
            (held.as_str(), false, Ok(())),
            ("另一个局", false, Err(Code::StateConflict)),
            (held.as_str(), true, Err(Code::StateConflict)),
        ] {
            let (unit, name, parent) = ("ln-office".into(), name.into(), "shangzhou".into());
            let body = UnitBody { action, unit, county, name, parent };
            let body = records::order::Body::Unit(body);
            assert_eq!(city.authority.fits(&body), fits, "{body:?}");
        }
    }
}

/// What officers approved of another city is no order of this one, though its registry key signs
/// the same bytes: they sign nothing but these.
#[test]
fn an_order_of_another_city_is_none() {
    let mut city = SampleCity::found();
    let held = city.authority.unit("ln-office").unwrap().name.clone();
    let close = records::order::Body::Unit(UnitBody {
        action: UnitAction::Close,
        unit: "ln-office".into(),
        county: false,
        name: held,
        parent: "luonan".into(),
    });
    let (_, event) = city.order_event(&close, &[]);
    let Event::Order { order, .. } = &event else { panic!("{event:?}") };
    let order = Order::read(&order.0).unwrap();
    assert!(order.is_of(&city.founding));
    let others =
        ["issuing-1".to_owned(), maker("issuing-1", &[9; 32]), maker("other-1", &city.founding)];
    for issuer in others {
        let other = Order { issuer, ..order.clone() };
        let signed = SignedOrder::sign(&other, Vec::new(), &city.keys.registry).unwrap();
        let SignedOrder { order, signature, .. } = signed;
        let event = Event::Order { order, signature, cancels: Vec::new() };
        assert_eq!(city.apply(event).unwrap_err().code, Code::OrderAltered, "{}", other.issuer);
    }
    city.apply(event).unwrap();
}
