//! What follows from a unit that moves, and from somebody who goes while in charge of systems, is
//! signed with the order; it is carried out while that is so.

use super::operator::bundle;
use crate::sample::Sample;
use crate::sample::operate::{OFFICERS, SECURITY, agent, gate, person, role, site, system, unit};
use authority::OrderDigest;
use ca_host::operator::OperatorRequest;
use records::Code;
use records::order::{
    DelegateBody, LedSystem, MovedUnit, NamingRule, PersonAction, PersonBefore, PriorState,
    ReachingDeputy, ReachingRole, RoleAction, UnitAction,
};
use records::rules::Role;

const DAY: u64 = 86_400;

/// Tunnels for people of two counties and of the city, and what only auditors of the office may.
const NAMING: &str = r#"
@id("ln-tunnel") @zh("洛南县人员可建立隧道。") @en("People of Luonan may open a tunnel.")
permit (principal in Unit::"luonan", action == Action::"connect", resource);
@id("sz-tunnel") @zh("商州区人员可建立隧道。") @en("People of Shangzhou may open a tunnel.")
permit (principal, action == Action::"connect", resource)
when { principal in [Unit::"shangzhou"] };
@id("anybody") @zh("全市人员可建立隧道。") @en("People of the city may open a tunnel.")
permit (principal in Unit::"city", action == Action::"connect", resource);
@id("sealed") @zh("办公室的隧道仅限审计员。") @en("Only auditors of the office may do so there.")
forbid (principal, action == Action::"connect", resource in Unit::"sz-office")
unless { principal in Role::"auditor@sz-office" };
"#;

fn before(sample: &Sample, order: OrderDigest) -> PriorState {
    let (order, _) = sample.authority().open(order, sample.city.now).unwrap();
    order.parts().unwrap().1.unwrap()
}

fn moved(sample: &Sample, order: OrderDigest) -> MovedUnit {
    let PriorState::Unit(held) = before(sample, order) else { panic!("no unit") };
    held.moved.unwrap()
}

fn led(sample: &Sample, order: OrderDigest) -> PersonBefore {
    let PriorState::Person(held) = before(sample, order) else { panic!("no person") };
    held
}

fn to_luonan() -> OperatorRequest {
    unit(UnitAction::Move, "sz-office", "", "luonan")
}

/// The officers of the county that gets the office gain a say over it, those of the other one lose
/// theirs, and whoever approves it reads who they are, by names that are opened.
#[test]
fn whoever_moves_a_unit_reads_who_gets_a_say_over_it() {
    let mut sample = Sample::found();
    sample.registered_system(site("register", "site"));
    sample.done(agent(gate("register", "gate-1")), &SECURITY);
    let order = sample.order(to_luonan());
    let told = moved(&sample, order);
    let reaching = |name: &str, scope: &str| ReachingRole {
        person: sample.person(name),
        role: Role::RegistrationOfficer,
        scope: scope.into(),
    };
    assert_eq!(told.gains, [reaching("officer-3", "luonan")]);
    let loses = ["officer-1", "officer-2"].map(|name| reaching(name, "shangzhou"));
    assert_eq!(told.loses, loses);
    // Both officers are of the office, and their certificates say the county that it leaves.
    assert_eq!((told.units, told.people, told.certificates, told.systems), (0, 2, 2, 1));
    assert_eq!((told.enters.len(), told.leaves), (0, vec!["exchange".to_owned()]));
    let (read, _) = sample.authority().open(order, sample.city.now).unwrap();
    for one in told.gains.iter().chain(&told.loses) {
        assert!(read.basis.person(&one.person).is_some(), "{one:?}");
    }
    read.check_disclosures(&sample.rows.orders[&order].disclosures).unwrap();
    // A county keeps what its certificates say below it, and takes its office along.
    let county = sample.order(unit(UnitAction::Move, "luonan", "", "shangzhou"));
    let told = moved(&sample, county);
    assert_eq!((told.units, told.people, told.certificates), (1, 1, 0));
    assert_eq!((told.gains.len(), told.loses.len()), (2, 0));
    assert_eq!((told.enters, told.leaves.len()), (vec!["exchange".to_owned()], 0));
}

/// How many people go with it may change while the order waits; who gets a say may not.
#[test]
fn a_unit_moves_while_those_have_a_say_whom_approvers_read_of() {
    let mut sample = Sample::found();
    let (first, second) = (sample.order(to_luonan()), sample.order(to_luonan()));
    let id = sample.register("李丹", "sz-office");
    sample.registered_system(site("register", "site"));
    assert_eq!(sample.approve(first, SECURITY[0]).map(drop), Ok(()));
    sample.done(role(RoleAction::Grant, &id, Role::UnitHandler, "luonan"), &SECURITY);
    assert_eq!(sample.approve(first, SECURITY[1]).map(drop), Err(Code::StateConflict));
    assert_eq!(sample.approve(second, SECURITY[0]).map(drop), Err(Code::StateConflict));
    // Drafted anew it names them, and a unit that came below it meanwhile is in its way too.
    let third = sample.order(to_luonan());
    assert!(moved(&sample, third).gains.iter().any(|one| one.person == id));
    sample.done(unit(UnitAction::Create, "sz-below", "下级科", "sz-office"), &OFFICERS);
    assert_eq!(sample.approve(third, SECURITY[0]).map(drop), Err(Code::StateConflict));
    sample.done(to_luonan(), &SECURITY);
    let now_below = sample.authority().unit("sz-office").unwrap().parent.clone();
    assert_eq!(now_below.as_deref(), Some("luonan"));
}

/// Whoever gives a role reads where its unit stands; once that stands elsewhere it is declined.
#[test]
fn a_role_is_given_over_a_unit_that_stands_where_its_approvers_read() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    let over = |action, scope| role(action, &id, Role::UnitHandler, scope);
    let waits = sample.order(over(RoleAction::Grant, "sz-office"));
    let city = sample.authority().city_unit().to_owned();
    let above = ["shangzhou".to_owned(), city.clone()];
    assert_eq!(led(&sample, waits).above, above);
    let (read, _) = sample.authority().open(waits, sample.city.now).unwrap();
    assert!(above.iter().all(|unit| read.basis.unit(unit).is_some()), "each is named");
    let elsewhere = sample.order(over(RoleAction::Grant, "luonan"));
    sample.done(to_luonan(), &SECURITY);
    assert_eq!(sample.approve(waits, SECURITY[0]).map(drop), Err(Code::StateConflict));
    assert_eq!(sample.approve(elsewhere, SECURITY[0]).map(drop), Ok(()), "that stands as it did");
    let anew = sample.order(over(RoleAction::Grant, "sz-office"));
    assert_eq!(led(&sample, anew).above, ["luonan".to_owned(), city]);
    sample.approved_by(anew, &SECURITY);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    // What takes a role away says nothing of it, and waits for nobody.
    let withdraws = sample.order(over(RoleAction::Withdraw, "sz-office"));
    assert!(led(&sample, withdraws).above.is_empty());
}

/// Rules in force that name the county which gets the office, or the one that it leaves, are read
/// of by whoever moves it, and so are those that follow it; under other rules it is another order.
#[test]
fn whoever_moves_a_unit_reads_which_rules_reach_it() {
    let mut sample = Sample::found();
    let before = sample.order(to_luonan());
    let told = moved(&sample, before);
    assert!(told.begins.is_empty() && told.ends.is_empty() && told.follows.is_empty());
    let OperatorRequest::Bundle { version, mut files } = bundle(2) else { panic!("no bundle") };
    let rules = files.iter_mut().find(|file| file.name == "access/exchange.cedar").unwrap();
    rules.content.push_str(NAMING);
    sample.done(OperatorRequest::Bundle { version, files }, &SECURITY);
    assert_eq!(sample.approve(before, SECURITY[0]).map(drop), Err(Code::StateConflict));
    let order = sample.order(to_luonan());
    let told = moved(&sample, order);
    let named = |rule: &str, unit: &str| NamingRule {
        application: "exchange".into(),
        rule: rule.into(),
        unit: unit.into(),
    };
    // Whoever holds a role over a county holds it over the office.
    let sealed = named("sealed", "sz-office");
    assert_eq!(told.begins, [named("ln-tunnel", "luonan"), sealed.clone()]);
    assert_eq!(told.ends, [sealed, named("sz-tunnel", "shangzhou")]);
    let follows: Vec<&str> = told.follows.iter().map(|one| one.rule.as_str()).collect();
    assert_eq!(follows, ["handler-sends", "own-unit"]);
    let (read, _) = sample.authority().open(order, sample.city.now).unwrap();
    assert_eq!(read.basis.application("exchange").zh, "公文交换");
    sample.approved_by(order, &SECURITY);
    assert_eq!(sample.execute(), None);
}

/// Somebody acts for an officer for so many days.
fn lends(sample: &Sample, absent: &str, scope: &str, days: u64) -> OperatorRequest {
    let time = |seconds: u64| records::time::seconds(sample.city.now + seconds);
    let body = DelegateBody {
        action: RoleAction::Grant,
        person: sample.person("deputy"),
        absent: sample.person(absent),
        role: Role::RegistrationOfficer,
        scope: scope.into(),
        from: time(0),
        until: time(days * DAY),
    };
    OperatorRequest::Delegate { body: Box::new(body) }
}

/// Who acts for an officer that gains or loses a say is read of beside them. That it is over
/// meanwhile holds nothing up; that somebody else acts does.
#[test]
fn whoever_acts_for_those_who_get_a_say_is_read_of() {
    let mut sample = Sample::found();
    sample.appoint("deputy", Role::ApplicationOwner, "sz-office");
    let request = lends(&sample, "officer-1", "shangzhou", 3);
    sample.done(request, &SECURITY);
    let first = sample.order(to_luonan());
    let told = moved(&sample, first);
    let whose = |all: &[ReachingDeputy]| -> Vec<(String, String)> {
        all.iter().map(|one| (one.person.clone(), one.absent.clone())).collect()
    };
    let beside = (sample.person("deputy"), sample.person("officer-1"));
    assert_eq!((whose(&told.loses_lent), whose(&told.gains_lent)), (vec![beside], Vec::new()));
    let (read, _) = sample.authority().open(first, sample.city.now).unwrap();
    assert!(read.basis.person(&sample.person("deputy")).is_some());
    read.check_disclosures(&sample.rows.orders[&first].disclosures).unwrap();
    sample.pass(3 * DAY + 1);
    sample.register("李丹", "sz-office");
    let second = sample.order(to_luonan());
    assert!(moved(&sample, second).loses_lent.is_empty());
    assert_eq!(sample.approve(first, SECURITY[0]).map(drop), Ok(()));
    let request = lends(&sample, "officer-3", "luonan", 3);
    sample.done(request, &SECURITY);
    for order in [first, second] {
        assert_eq!(sample.approve(order, SECURITY[1]).map(drop), Err(Code::StateConflict));
    }
    let third = sample.order(to_luonan());
    let beside = (sample.person("deputy"), sample.person("officer-3"));
    assert_eq!(whose(&moved(&sample, third).gains_lent), [beside]);
    sample.approved_by(third, &SECURITY);
    assert_eq!(sample.execute(), None);
}

/// Nobody goes without that approvers read of which systems they are in charge, and stay so.
#[test]
fn whoever_goes_while_in_charge_of_systems_is_told_with_them() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    let mut own = site("register", "site");
    own.leader = id.clone();
    sample.registered_system(own);
    let named = [LedSystem { system: "site".into(), name: "门户网站".into() }];
    let moves = || person(PersonAction::Move, &id, "", "shangzhou");
    let [first, leaves] =
        [moves(), person(PersonAction::Leave, &id, "", "")].map(|request| sample.order(request));
    assert_eq!(led(&sample, first).leads, named);
    assert_eq!(led(&sample, leaves).leads, named);
    let granted = sample.order(role(RoleAction::Grant, &id, Role::UnitHandler, "sz-office"));
    assert!(led(&sample, granted).leads.is_empty(), "a role touches none of them");
    // With another system of theirs a transfer is another one; leaving is held up by nothing.
    let mut other = site("register", "other");
    other.leader = id.clone();
    sample.registered_system(other);
    assert_eq!(sample.approve(first, OFFICERS[0]).map(drop), Err(Code::StateConflict));
    let second = sample.order(moves());
    assert_eq!(led(&sample, second).leads.len(), 2);
    sample.done(system(site("close", "other")), &OFFICERS);
    let third = sample.order(moves());
    assert_eq!(led(&sample, third).leads, named);
    assert_eq!(sample.approve(third, OFFICERS[0]).map(drop), Ok(()));
    sample.approved_by(leaves, &OFFICERS);
    assert_eq!(sample.execute(), None);
}
