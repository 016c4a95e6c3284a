//! Brakes: what only takes away is carried out first, and waits for no change, log or clock.

use super::execute::archive;
use crate::command::{Command, Reply};
use crate::decide::execute;
use crate::loaded::{opening, text};
use crate::sample::operate::{OFFICERS, SECURITY, agent, gate, person, portal, revoke, role, unit};
use crate::sample::{Sample, key};
use crate::state::{PENDING_MAX, State};
use authority::OrderDigest;
use ca_host::operator::OperatorRequest;
use records::Code;
use records::order::{NAME_PATH, PersonAction, RoleAction, UnitAction};
use records::rules::Role;
use std::collections::BTreeSet;

#[test]
fn brakes_come_first() {
    let mut sample = Sample::found();
    let (letter, certificate) = sample.official("李丹");
    let mut others = Vec::new();
    for id in ["sz-1", "sz-2", "sz-3"] {
        let order = archive(&mut sample, id);
        sample.approved_by(order, &OFFICERS);
        others.push(order);
    }
    let brake = sample.order(revoke(&letter.person, "keyCompromise"));
    sample.approved_by(brake, &OFFICERS);
    let chosen = execute::chosen(&sample.state, &BTreeSet::new(), 512);
    assert_eq!((chosen.first(), chosen.len()), (Some(&brake), 4));
    assert_eq!(execute::chosen(&sample.state, &BTreeSet::new(), 1).len(), 2, "a slow disk");
    let brakes = execute::brakes(&sample.state, &BTreeSet::new(), 512);
    assert_eq!(brakes, [brake], "in their own rounds");
    let others: BTreeSet<_> = others.into_iter().collect();
    assert_eq!(execute::chosen(&sample.state, &others, 512), [brake], "what is stuck is left out");
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&certificate.serial().to_string()));
    let kinds: Vec<_> = sample.recorded.iter().rev().map(|record| record.event.kind()).collect();
    assert_eq!(kinds[..2], ["enacted", "revoked"], "one change of three, behind the brake");
}

#[test]
fn whose_certificate_a_brake_takes_counts_no_more_in_the_same_round() {
    let (mut sample, _, order) = Sample::with_application();
    let sun = sample.appoint("sun", Role::RegistrationOfficer, "shangzhou");
    sample.approved_by(order, &["sun", "officer-1"]);
    let brake = sample.order(revoke(&sun.person, "keyCompromise"));
    sample.approved_by(brake, &OFFICERS);
    let intents = sample.count("intent");
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), intents);
    let about = format!("{} {}", sample.order_id(order), sun.person);
    let lapsed = ("execute", about.as_str(), Code::ApproverRevoked);
    assert_eq!(sample.refusals(), [lapsed]);
    sample.approved_by(order, &["officer-2"]);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), intents + 1);
    assert_eq!(sample.refusals(), [lapsed], "a lapsed approval is told once");
}

#[test]
fn a_change_is_waited_for_and_holds_no_brake() {
    let (mut sample, _, order) = Sample::with_application();
    let (letter, certificate) = sample.official("张建国");
    let change = archive(&mut sample, "sz-archive");
    sample.approved_by(change, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_changing());
    sample.approve(order, "officer-1").unwrap();
    sample.approve(order, "officer-2").unwrap();
    // What was approved in the tree, and is held back.
    let second = archive_of(&mut sample);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.became_of(second), Ok(()));
    sample.operator(revoke(&letter.person, "keyCompromise")).unwrap();
    let brake = sample.newest_order();
    sample.approve(brake, "officer-1").unwrap();
    sample.approve(brake, "officer-2").unwrap();
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&certificate.serial().to_string()), "nor for the tree");
    sample.sequence();
    assert!(!sample.authority().is_changing());
    while !sample.state.ready.is_empty() {
        assert_eq!(sample.execute(), None);
        sample.sequence();
    }
    assert_eq!(sample.became_of(second), Err(Code::OrderConsumed));
    assert_eq!(sample.became_of(order), Err(Code::OrderConsumed));
}

/// Orders that only take away, of each kind, with who approves them.
pub(super) fn takings(sample: &mut Sample) -> Vec<(OperatorRequest, [&'static str; 2])> {
    let sun = sample.appoint("sun", Role::RegistrationOfficer, "shangzhou").person.clone();
    let leaver = sample.register("李丹", "sz-office");
    sample.done(unit(UnitAction::Create, "sz-old", "旧局", "shangzhou"), &OFFICERS);
    sample.done(agent(gate("register", "gate-1")), &SECURITY);
    let keys = (key(), key());
    sample.done(portal("register", "portal-2", (&keys.0, &keys.1)), &SECURITY);
    let withdrawn = role(RoleAction::Withdraw, &sun, Role::RegistrationOfficer, "shangzhou");
    let closed = portal("close", "portal-2", (&keys.0, &keys.1));
    vec![
        (withdrawn, SECURITY),
        (person(PersonAction::Leave, &leaver, "", ""), OFFICERS),
        (unit(UnitAction::Close, "sz-old", "", ""), OFFICERS),
        (agent(gate("close", "gate-1")), SECURITY),
        (closed, SECURITY),
    ]
}

/// Behind a log that takes nothing in, a change on its way and a clock that moved, a captured
/// portal is closed, a gate too, and whoever goes is gone.
#[test]
fn whatever_only_takes_away_is_a_brake() {
    let mut sample = Sample::found();
    let takings = takings(&mut sample);
    let change = archive(&mut sample, "sz-archive");
    sample.approved_by(change, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_changing());
    sample.state.pending_count = PENDING_MAX;
    sample.clock = Err(Code::ClockMoved);
    for (request, names) in takings {
        let kind = format!("{request:?}");
        let (reply, _) = Reply::open();
        let command = Command::Operator(Box::new(request.clone()), "operator:0".into(), reply);
        assert!(command.is_brake(None), "{kind}");
        sample.operator(request).unwrap();
        let order = sample.newest_order();
        for name in names {
            sample.approve(order, name).unwrap();
        }
        assert_eq!(execute::brakes(&sample.state, &BTreeSet::new(), 512), [order], "{kind}");
        assert_eq!(sample.execute(), None, "{kind}");
        assert_eq!(sample.became_of(order), Err(Code::OrderConsumed), "{kind}");
    }
    let (sun, authority) = (sample.person("sun"), sample.authority());
    assert!(!authority.holds(&sun, Role::RegistrationOfficer, "shangzhou"), "felt at once");
    assert!(!authority.serves("gate-1"));
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    let authority = sample.authority();
    assert!(!authority.portal("portal-2").unwrap().open);
    assert!(!authority.unit("sz-old").unwrap().open && !authority.serves("gate-1"));
    assert_eq!(authority.people().filter(|(_, person)| person.left).count(), 1);
    // Nothing that gives goes that way.
    let grant = role(RoleAction::Grant, &sun, Role::RegistrationOfficer, "shangzhou");
    assert_eq!(sample.operator(grant).unwrap_err(), Code::ClockMoved);
}

/// Two orders grant the same role, and the one that waits is as good as approved for whoever starts
/// behind its withdrawal: it is over with that, told so, and carried out by no start.
#[test]
fn no_start_brings_back_what_was_taken_away() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    let of = |action| role(action, &id, Role::UnitHandler, "sz-office");
    let both = [(); 2].map(|()| sample.order(of(RoleAction::Grant)));
    for order in both {
        sample.approved_by(order, &SECURITY);
    }
    while !sample.state.ready.is_empty() {
        assert_eq!(sample.execute(), None);
        sample.sequence();
    }
    let waits: Vec<_> = both.into_iter().filter(|one| sample.became_of(*one).is_ok()).collect();
    let [waits] = waits[..] else { panic!("one of two") };
    sample.done(of(RoleAction::Withdraw), &SECURITY);
    assert_eq!(sample.became_of(waits), Err(Code::OrderCancelled));
    assert_eq!(sample.rows.order_states.get(&waits), Some(&"cancelled"));
    sample.state = State::at(sample.state.followed.clone());
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert!(!sample.authority().holds(&id, Role::UnitHandler, "sz-office"));
}

/// A change that stands before it in the tree may be in a brake's way: then it is judged again, and
/// told what it lacks, as nothing that was felt may vanish in silence.
#[test]
fn a_brake_that_a_change_overtook_is_judged_again() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    let leave = overtaken(&mut sample, &id, person(PersonAction::Move, &id, "", "shangzhou"));
    assert!(sample.state.ready.contains(&leave), "{:?}", sample.unsigned);
    assert_eq!(sample.execute(), None);
    let about = sample.order_id(leave);
    assert!(sample.refusals().contains(&("execute", about.as_str(), Code::PersonChanged)));
    sample.done(person(PersonAction::Leave, &id, "", ""), &OFFICERS);
    assert!(sample.authority().has_left(&id));
}

/// An order by which somebody leaves, felt before the tree has a change that stands before it.
fn overtaken(sample: &mut Sample, id: &str, change: OperatorRequest) -> OrderDigest {
    let change = sample.order(change);
    let leave = sample.order(person(PersonAction::Leave, id, "", ""));
    for order in [change, leave] {
        sample.approved_by(order, &OFFICERS);
    }
    let brakes = execute::brakes(&sample.state, &BTreeSet::new(), 512);
    for orders in [vec![change], brakes] {
        let failed = sample.round((&[], &orders), |round| execute::execute(round, orders.clone()));
        assert!(failed.is_none());
    }
    assert!(sample.authority().has_left(id), "felt at once");
    sample.sequence();
    leave
}

/// What somebody is called, as rows open what authority holds.
fn name_of(sample: &Sample, id: &str) -> Option<String> {
    let held = sample.authority().person(id)?;
    text(opening(held, sample.rows.people.get(id)?)?, NAME_PATH)
}

/// What is corrected between one signature and the next, or is on its way as somebody leaves, keeps
/// nobody in office, has nobody sign anew, and stands.
#[test]
fn a_correction_in_between_keeps_nobody_in_office() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    let leave = sample.order(person(PersonAction::Leave, &id, "", ""));
    sample.approved_by(leave, &["officer-1"]);
    for name in ["李晓丹", "李小丹"] {
        sample.done(person(PersonAction::Move, &id, name, ""), &OFFICERS);
    }
    sample.approved_by(leave, &["officer-2"]);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.became_of(leave), Err(Code::OrderConsumed));
    assert!(sample.authority().person(&id).unwrap().left);
    assert_eq!(name_of(&sample, &id).as_deref(), Some("李小丹"));

    let id = sample.register("王小红", "sz-office");
    let leave = overtaken(&mut sample, &id, person(PersonAction::Move, &id, "王小虹", ""));
    assert_eq!(sample.became_of(leave), Err(Code::OrderConsumed));
    assert!(sample.authority().person(&id).unwrap().left);
    assert_eq!(name_of(&sample, &id).as_deref(), Some("王小虹"));
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert!(sample.refusals().is_empty(), "{:?}", sample.refusals());
}

fn archive_of(sample: &mut Sample) -> OrderDigest {
    sample.operator(unit(UnitAction::Create, "sz-2", "档案局", "shangzhou")).unwrap();
    let order = sample.newest_order();
    for name in OFFICERS {
        sample.approve(order, name).unwrap();
    }
    order
}

#[test]
fn a_clock_that_moved_stops_all_but_brakes() {
    let (mut sample, _, order) = Sample::with_application();
    let (letter, certificate) = sample.official("张建国");
    let brake = sample.order(revoke(&letter.person, "keyCompromise"));
    for order in [order, brake] {
        sample.approved_by(order, &OFFICERS);
    }
    sample.clock = Err(Code::ClockMoved);
    let intents = sample.count("intent");
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&certificate.serial().to_string()));
    assert_eq!(sample.count("intent"), intents);
    assert!(sample.refusals().is_empty(), "our own fault is nobody's refusal");
    sample.clock = Ok(());
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), intents + 1);
}
