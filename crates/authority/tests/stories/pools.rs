//! A pool of officers for units that have one of their own, or none: they give the second approval.

use records::code::Code;
use records::order::{PersonAction, RoleAction};
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
}
