//! What only takes away ends the orders that would give just that back, approved as they are.

use crate::services::gate;
use crate::systems::site;
use authority::{Authority, OrderDigest};
use records::Bytes;
use records::code::Code;
use records::order::{
    AccessMode, Body, DelegateBody, EmergencyBody, EmergencyReviewBody, ModeBody, RoleAction,
};
use records::record::Event;
use records::rules::Role;
use sample_city::SampleCity;

const SECURITY: [&str; 2] = ["security-1", "security-2"];
const OFFICERS: [&str; 2] = ["officer-1", "officer-2"];
const DAY: u64 = 86_400;

/// An order with all approvals that it needs.
fn approved(city: &mut SampleCity, body: &Body, officers: &[&str]) -> OrderDigest {
    let order = city.order(body);
    officers.iter().for_each(|officer| city.approve(order, officer).unwrap());
    order
}

/// Two orders of this body that were approved together, of which one was carried out; the other
/// one, and the record by which a hand would carry it out.
fn one_waits(city: &mut SampleCity, body: &Body, officers: &[&str]) -> ([OrderDigest; 2], Event) {
    let [first, second] = [(); 2].map(|()| approved(city, body, officers));
    let event = city.enacted_event(second, &[]).unwrap();
    city.enact(first, &[]).unwrap();
    ([first, second], event)
}

fn is_over(authority: &Authority, order: OrderDigest, now: u64) -> bool {
    authority.open(order, now).err() == Some(Code::OrderCancelled)
}

/// Two orders grant the same role, one is carried out. Once that is withdrawn the other one, whose
/// approvals are as good as ever, brings it back to nobody.
#[test]
fn what_was_taken_away_comes_back_by_no_order_that_waits() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let role = |city: &SampleCity, action, scope| {
        city.role_body(action, &person, Role::UnitHandler, scope)
    };
    let grant = role(&city, RoleAction::Grant, "sz-office");
    let elsewhere = role(&city, RoleAction::Grant, "luonan");
    let other = approved(&mut city, &elsewhere, &SECURITY);
    let ([_, waits], again) = one_waits(&mut city, &grant, &SECURITY);
    assert_eq!(city.enact(waits, &[]), Err(Code::StateConflict), "they have it");
    let mut kept = Authority::from_parts(&city.founding, &city.authority.parts()).unwrap();
    let before = city.log.len();
    let withdraw = role(&city, RoleAction::Withdraw, "sz-office");
    city.done(&withdraw, &SECURITY);
    for record in &city.log[before..] {
        kept.apply(record).unwrap();
    }
    for authority in [&city.authority, &kept] {
        assert!(is_over(authority, waits, city.now));
        assert!(authority.open(other, city.now).is_ok(), "it gives something else");
    }
    assert_eq!(city.apply(again).unwrap_err().code, Code::OrderCancelled);
    assert!(!city.authority.holds(&person, Role::UnitHandler, "sz-office"));
    // Whoever wants it back asks anew.
    city.done(&grant, &SECURITY);
    assert!(city.authority.holds(&person, Role::UnitHandler, "sz-office"));
}

/// The same of what is lent, of gates, systems and emergencies.
#[test]
fn whatever_is_taken_away_comes_back_by_no_order_that_waits() {
    let mut city = SampleCity::found();
    let deputy = city.appoint("deputy", Role::ApplicationOwner, "sz-office");
    let lends = DelegateBody {
        action: RoleAction::Grant,
        person: deputy,
        absent: city.officer("officer-1").person.clone(),
        role: Role::RegistrationOfficer,
        scope: "shangzhou".into(),
        from: records::time::seconds(city.now),
        until: records::time::seconds(city.now + DAY),
    };
    let ends = DelegateBody { action: RoleAction::Withdraw, ..lends.clone() };
    let role = Role::RegistrationOfficer;
    let withdraw = city.role_body(RoleAction::Withdraw, &lends.absent, role, "shangzhou");
    let lends = Body::Delegate(lends);
    let pairs: [(Body, Body, [&str; 2]); 4] = [
        (lends.clone(), Body::Delegate(ends), SECURITY),
        (lends, withdraw, SECURITY),
        (gate("register"), gate("close"), SECURITY),
        (site("register"), site("close"), OFFICERS),
    ];
    for (gives, takes, officers) in pairs {
        let mut city = city.clone();
        let ([_, waits], again) = one_waits(&mut city, &gives, &officers);
        city.done(&takes, &officers);
        assert!(is_over(&city.authority, waits, city.now), "{takes:?}");
        assert_eq!(city.apply(again).unwrap_err().code, Code::OrderCancelled, "{takes:?}");
    }
    let person = city.register("sz-office");
    let emergency = Body::Emergency(EmergencyBody {
        application: "exchange".into(),
        people: vec![person],
        from: records::time::seconds(city.now),
        until: records::time::seconds(city.now + 3_600),
        evidence: Bytes::from([7; 32]),
    });
    let ([first, waits], again) = one_waits(&mut city, &emergency, &SECURITY);
    let about = city.authority.emergencies().next().unwrap().1.about.clone();
    let review = EmergencyReviewBody {
        order: first.into(),
        application: "exchange".into(),
        about,
        evidence: Bytes::from([8; 32]),
    };
    city.done(&Body::EmergencyReview(review), &OFFICERS[..1]);
    assert!(is_over(&city.authority, waits, city.now));
    assert_eq!(city.apply(again).unwrap_err().code, Code::OrderCancelled);
}

/// What was carried out a moment before an application is suspended, and is put behind that while
/// the log stands, opens it to nobody.
#[test]
fn a_suspension_is_lifted_by_nothing_that_was_approved_before_it() {
    let mut city = SampleCity::found();
    let mode =
        |mode, until: String| Body::Mode(ModeBody { application: "exchange".into(), mode, until });
    let until = records::time::seconds(city.now + DAY);
    let observe = approved(&mut city, &mode(AccessMode::Observe, until), &SECURITY);
    let suspended = mode(AccessMode::Suspended, String::new());
    let [suspend, also] = [(); 2].map(|()| approved(&mut city, &suspended, &SECURITY));
    let [observed, stops] = [observe, suspend].map(|order| city.enacted_event(order, &[]).unwrap());
    let is_suspended = |city: &SampleCity| {
        let mode = city.authority.mode_of("exchange");
        mode.is_some_and(|ordered| ordered.mode == AccessMode::Suspended)
    };
    let mut first = city.clone();
    city.pending(stops.clone());
    assert!(is_over(&city.authority, observe, city.now), "felt at once");
    assert!(city.authority.open(also, city.now).is_ok(), "no brake ends another one");
    city.pending(observed.clone());
    assert!(is_suspended(&city));
    city.authority.forget_pending();
    city.apply(stops.clone()).unwrap();
    assert_eq!(city.apply(observed.clone()).unwrap_err().code, Code::OrderCancelled);
    assert!(is_suspended(&city));
    // In their order both had their effect.
    first.apply(observed).unwrap();
    first.apply(stops).unwrap();
    assert!(is_suspended(&first));
    assert_eq!(first.authority.open(observe, first.now).err(), Some(Code::OrderConsumed));
}
