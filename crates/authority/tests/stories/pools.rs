//! A pool of officers for units that have one of their own, or none: they give the second approval.

use authority::OrderDigest;
use records::code::Code;
use records::order::{BatchBody, Body, PersonAction, RoleAction};
use records::rules::Role;
use sample_city::SampleCity;

const BOTH: [&str; 2] = ["security-1", "security-2"];

/// Luonan has one officer; two others are in the pool of the whole city.
fn with_pool() -> SampleCity {
    let mut city = SampleCity::found();
    for name in ["pool-1", "pool-2"] {
        city.appoint(name, Role::PoolOfficer, "city");
    }
    city
}

fn new_person(city: &mut SampleCity, id: &str) -> authority::OrderDigest {
    let body = city.person_body(PersonAction::Create, id, "ln-office");
    city.order(&body)
}

#[test]
fn the_units_own_officer_is_first_and_the_pool_second() {
    let mut city = with_pool();
    let order = new_person(&mut city, "0000000000000001");
    assert_eq!(city.approve(order, "pool-1"), Err(Code::PoolAlone));
    city.approve(order, "officer-3").unwrap();
    city.approve(order, "pool-1").unwrap();
    city.enact(order, &[]).unwrap();
    // Who decides for the whole city is no officer of the county.
    let order = new_person(&mut city, "0000000000000002");
    city.approve(order, "security-1").unwrap();
    assert_eq!(city.approve(order, "pool-1"), Err(Code::PoolAlone));
    city.approve(order, "officer-3").unwrap();
    city.enact(order, &[]).unwrap();
}

/// Whoever is in two pools counts by neither past an officer below one of them, and who is in a
/// wider pool waits for those below it, whoever of a narrower one decided first.
#[test]
fn each_pool_asks_for_the_officer_below_it() {
    let mut city = SampleCity::found();
    city.appoint("own", Role::RegistrationOfficer, "sz-office");
    for name in ["pool-1", "pool-2"] {
        let person = city.appoint(name, Role::PoolOfficer, "luonan");
        let more = city.role_body(RoleAction::Grant, &person, Role::PoolOfficer, "shangzhou");
        city.done(&more, &BOTH);
    }
    let body = city.person_body(PersonAction::Create, "0000000000000001", "sz-office");
    let order = city.order(&body);
    for name in ["pool-1", "pool-2"] {
        assert_eq!(city.approve(order, name), Err(Code::PoolAlone));
    }
    city.approve(order, "own").unwrap();
    city.approve(order, "pool-2").unwrap();
    city.enact(order, &[]).unwrap();
    // Of Luonan nobody is below its own pool, and its officer is below that of the city.
    city.appoint("city-pool", Role::PoolOfficer, "city");
    let order = new_person(&mut city, "0000000000000002");
    city.approve(order, "pool-1").unwrap();
    assert_eq!(city.approve(order, "city-pool"), Err(Code::PoolAlone));
    city.approve(order, "officer-3").unwrap();
    city.enact(order, &[]).unwrap();
}

#[test]
fn a_unit_without_an_officer_of_its_own_is_served_by_the_pool() {
    let mut city = with_pool();
    let own = city.officer("officer-3").person.clone();
    // About their own officer nobody else of the unit could decide.
    let moved = city.person_body(PersonAction::Move, &own, "ln-office");
    city.done(&moved, &["pool-1", "pool-2"]);
    let role = Role::RegistrationOfficer;
    let withdrawn = city.role_body(RoleAction::Withdraw, &own, role, "luonan");
    let order = new_person(&mut city, "0000000000000001");
    city.done(&withdrawn, &BOTH);
    city.approve(order, "pool-1").unwrap();
    city.approve(order, "pool-2").unwrap();
    city.enact(order, &[]).unwrap();
}

#[test]
fn a_pool_gives_no_right_that_the_rules_do_not_name() {
    let mut city = with_pool();
    let person = city.register("sz-office");
    let grant = city.role_body(RoleAction::Grant, &person, Role::UnitHandler, "sz-office");
    let order = city.order(&grant);
    assert_eq!(city.approve(order, "pool-1"), Err(Code::ApproverRole));
    for name in BOTH {
        city.approve(order, name).unwrap();
    }
    city.enact(order, &[]).unwrap();
}

/// One row that waits for its unit's officer keeps the pool from the batch, and from no other row.
#[test]
fn a_row_that_waits_for_its_unit_closes_no_other() {
    let mut city = with_pool();
    let rows: [OrderDigest; 2] =
        ["0000000000000001", "0000000000000002"].map(|id| new_person(&mut city, id));
    let names = rows.map(sample_city::named).to_vec();
    let (of, action) = ("person".to_owned(), "create".to_owned());
    let body = BatchBody { of, action, rows: names, sample: 2, flagged: Vec::new() };
    let batch = city.order(&Body::Batch(body));
    city.approve(rows[0], "officer-3").unwrap();
    let pool = city.officer("pool-1").person.clone();
    let joins = |city: &SampleCity, order| city.authority.may_join(&pool, order, city.now);
    assert_eq!(joins(&city, batch), Err(Code::PoolAlone));
    assert_eq!(joins(&city, rows[1]), Err(Code::PoolAlone));
    assert_eq!(joins(&city, rows[0]), Ok(()), "it is listed by itself");
    let mut other = city.clone();
    other.approve(rows[0], "pool-1").unwrap();
    other.enact(rows[0], &[]).unwrap();
    city.approve(rows[1], "officer-3").unwrap();
    assert_eq!(joins(&city, batch), Ok(()));
}
