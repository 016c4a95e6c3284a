//! Who is looked at for an order: everybody who may decide about it, and few others.

use authority::{OrderDigest, PersonId};
use records::order::{BatchBody, Body, DelegateBody, PersonAction, RoleAction};
use records::rules::Role;
use sample_city::SampleCity;
use std::collections::BTreeSet;

const BOTH: [&str; 2] = ["security-1", "security-2"];
const DAY: u64 = 86_400;

/// A pool for the whole city, and a deputy who acts for officer-1.
fn with_pool_and_deputy() -> SampleCity {
    let mut city = SampleCity::found();
    city.appoint("pool-1", Role::PoolOfficer, "city");
    let deputy = city.appoint("deputy", Role::ApplicationOwner, "sz-office");
    let lent = DelegateBody {
        action: RoleAction::Grant,
        person: deputy,
        absent: city.officer("officer-1").person.clone(),
        role: Role::RegistrationOfficer,
        scope: "shangzhou".into(),
        from: records::time::seconds(city.now + DAY),
        until: records::time::seconds(city.now + 11 * DAY),
    };
    city.done(&Body::Delegate(lent), &BOTH);
    city.now += DAY;
    city
}

/// Of everybody in the city those whose roles reach an order; whoever may decide is one of them.
fn reached(city: &SampleCity, digest: OrderDigest) -> BTreeSet<PersonId> {
    let (order, body) = city.authority.open(digest, city.now).unwrap();
    let reached = city.authority.reached_by(&city.authority.officers(), &body);
    let may = |id: &PersonId| city.authority.may_decide(id, &order, &body, city.now).is_ok();
    let missed = city.authority.people().map(|(id, _)| *id).filter(|id| !reached.contains(id));
    let missed: Vec<_> = missed.filter(may).collect();
    assert!(missed.is_empty(), "{missed:?} may decide");
    assert!(reached.iter().any(may), "somebody may");
    reached
}

#[test]
fn few_are_looked_at_for_an_order_and_nobody_is_left_out() {
    let mut city = with_pool_and_deputy();
    let id = |city: &SampleCity, name: &str| PersonId::read(&city.officer(name).person).unwrap();
    let person = city.person_body(PersonAction::Create, "0000000000000001", "sz-office");
    let own = city.order(&person);
    let found = reached(&city, own);
    for name in ["officer-1", "officer-2", "deputy", "pool-1"] {
        assert!(found.contains(&id(&city, name)), "{name}");
    }
    assert!(!found.contains(&id(&city, "officer-3")), "another county's");
    let person = city.person_body(PersonAction::Create, "0000000000000002", "ln-office");
    let other = city.order(&person);
    let found = reached(&city, other);
    assert!(found.contains(&id(&city, "officer-3")) && !found.contains(&id(&city, "deputy")));

    let person = city.person_body(PersonAction::Create, "0000000000000003", "sz-office");
    let rows = [own, city.order(&person)].map(sample_city::named).to_vec();
    let (of, action) = ("person".to_owned(), "create".to_owned());
    let batch = BatchBody { of, action, rows, sample: 2, flagged: Vec::new() };
    let batch = city.order(&Body::Batch(batch));
    assert_eq!(reached(&city, batch), reached(&city, own), "of many as of each");

    let holder = city.register("sz-office");
    let grant = city.role_body(RoleAction::Grant, &holder, Role::UnitHandler, "sz-office");
    let grant = city.order(&grant);
    let found = reached(&city, grant);
    assert!(found.contains(&id(&city, "security-1")) && !found.contains(&id(&city, "pool-1")));
}
