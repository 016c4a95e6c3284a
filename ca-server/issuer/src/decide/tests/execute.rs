//! Carrying out: brakes first, each order once, changes one after the other, judged by what holds
//! then.

use crate::command::{Command, Reply};
use crate::decide::execute;
use crate::sample::operate::{
    OFFICERS, SECURITY, agent, gate, person, portal, profile, revoke, role, unit,
};
use crate::sample::{Sample, key};
use crate::state::PENDING_MAX;
use authority::OrderDigest;
use ca_host::operator::OperatorRequest;
use keys::SoftwareSigner;
use records::Code;
use records::order::{ORDER_SECONDS, PersonAction, RoleAction, UnitAction};
use records::record::{Cause, Event};
use records::rules::Role;
use std::collections::BTreeSet;

fn archive(sample: &mut Sample, id: &str) -> OrderDigest {
    sample.order(unit(UnitAction::Create, id, "档案局", "shangzhou"))
}

#[test]
fn an_order_is_carried_out_once() {
    let (mut sample, _, order) = Sample::with_application();
    sample.approved_by(order, &OFFICERS);
    for _ in 0..3 {
        assert_eq!(sample.execute(), None);
        sample.state.ready.insert(order);
    }
    assert_eq!(sample.count("intent"), 1);
    sample.sequence();
    sample.state.ready.insert(order);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 1);
    let by: Vec<String> = OFFICERS.iter().map(|name| sample.person(name)).collect();
    let consumed: BTreeSet<_> = by.into_iter().map(|person| (order, person)).collect();
    assert!(consumed.is_subset(&sample.rows.consumed));
}

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

/// A change that stands before it in the tree may be in a brake's way: then it is judged again, and
/// told what it lacks, as nothing that was felt may vanish in silence.
#[test]
fn a_brake_that_a_change_overtook_is_judged_again() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    let moves = sample.order(person(PersonAction::Move, &id, "", "shangzhou"));
    let leave = sample.order(person(PersonAction::Leave, &id, "", ""));
    for order in [moves, leave] {
        sample.approved_by(order, &OFFICERS);
    }
    let brakes = execute::brakes(&sample.state, &BTreeSet::new(), 512);
    for orders in [vec![moves], brakes] {
        let failed = sample.round((&[], &orders), |round| execute::execute(round, orders.clone()));
        assert!(failed.is_none());
    }
    assert!(sample.authority().has_left(&id), "felt at once");
    sample.sequence();
    assert!(sample.state.ready.contains(&leave), "{:?}", sample.unsigned);
    assert_eq!(sample.execute(), None);
    let about = sample.order_id(leave);
    assert!(sample.refusals().contains(&("execute", about.as_str(), Code::PersonChanged)));
    sample.done(person(PersonAction::Leave, &id, "", ""), &OFFICERS);
    assert!(sample.authority().has_left(&id));
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

#[test]
fn a_leaver_loses_every_certificate() {
    let mut sample = Sample::found();
    let (letter, first) = sample.official("李丹");
    let again = sample.letter(&letter.person, "official");
    let second = sample.certify(&again, &key());
    let third = sample.letter(&letter.person, "official");
    let waits = sample.applied(&third, &key());
    sample.approved_by(waits, &OFFICERS);
    let leave = sample.order(person(PersonAction::Leave, &letter.person, "", ""));
    // Its own approvals come while an intent is only recorded.
    sample.approved_by(leave, &OFFICERS);
    assert_eq!(sample.execute(), None);
    while !sample.state.ready.is_empty() {
        sample.sequence();
        assert_eq!(sample.execute(), None);
    }
    sample.sequence();
    assert!(sample.sign().is_empty(), "nothing is signed for who left");
    sample.sequence();
    for certificate in [first, second] {
        let revoked = sample.authority().revoked_as(&certificate.serial().to_string());
        assert_eq!(revoked.unwrap().reason, "cessationOfOperation");
    }
    let all = sample.authority().serials_of(&letter.person);
    assert!(all.iter().all(|serial| sample.authority().is_revoked(&serial.to_string())));
    assert!(sample.authority().unfinished_intents().next().is_none());
}

/// The record that revokes is taken away from beside the one that they left by, before the tree has
/// it or by its order there: the departure itself revokes.
#[test]
fn a_departure_revokes_whatever_became_of_its_record() {
    let mut sample = Sample::found();
    let (letter, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    assert!(!sample.leave(), "nobody left");
    let leave = sample.order(person(PersonAction::Leave, &letter.person, "", ""));
    sample.approved_by(leave, &OFFICERS);
    assert_eq!(sample.execute(), None);
    let left = |event: &Event| matches!(event, Event::Revoked { cause: Cause::Left { .. }, .. });
    sample.take_away(left);
    sample.sequence();
    assert!(!sample.authority().is_revoked(&serial));
    assert!(sample.leave() && sample.authority().is_revoked(&serial), "recorded is enough");
    assert!(!sample.leave(), "once");
    sample.take_away(left);
    assert!(sample.leave(), "as often as it is taken away");
    sample.sequence();
    assert!(!sample.leave() && sample.authority().is_revoked(&serial));
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn a_refused_order_is_recorded_once() {
    let (mut sample, _, order) = Sample::with_application();
    let extras = sample.rows.orders.remove(&order).unwrap();
    sample.approved_by(order, &OFFICERS);
    let consumed = sample.rows.consumed.len();
    for _ in 0..2 {
        assert_eq!(sample.execute(), None);
        sample.state.ready.insert(order);
    }
    let id = sample.order_id(order);
    assert_eq!(sample.refusals(), [("execute", id.as_str(), Code::OrderIncomplete)]);
    assert_eq!(sample.rows.consumed.len(), consumed, "a refusal goes back");
    sample.rows.orders.insert(order, extras);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 1);
}

#[test]
fn one_order_that_is_refused_holds_no_other_up() {
    let (mut sample, letter, order) = Sample::with_application();
    let other = sample.letter(&letter.person, "official");
    let other = sample.applied(&other, &key());
    for order in [order, other] {
        sample.approved_by(order, &OFFICERS);
    }
    sample.rows.orders.remove(&order);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.became_of(order), Ok(()));
    assert_eq!(sample.became_of(other), Err(Code::OrderConsumed));
}

#[test]
fn an_order_is_judged_by_what_holds_when_it_is_carried_out() {
    type Change = fn(&mut Sample, &crate::sample::enrol::SampleLetter);
    let changes: [(Code, Change); 5] = [
        (Code::LetterLost, |sample, letter| sample.lose(letter)),
        (Code::OrderExpired, |sample, _| sample.pass(ORDER_SECONDS + 1)),
        (Code::ProfileChanged, |sample, _| {
            sample.done(profile(2, ""), &SECURITY);
        }),
        (Code::PersonChanged, |sample, letter| {
            sample.done(person(PersonAction::Move, &letter.person, "", "shangzhou"), &OFFICERS);
        }),
        (Code::PersonLeft, |sample, letter| {
            sample.done(person(PersonAction::Leave, &letter.person, "", ""), &OFFICERS);
        }),
    ];
    for (code, change) in changes {
        let (mut sample, letter, order) = Sample::with_application();
        sample.approved_by(order, &OFFICERS);
        sample.state.ready.remove(&order);
        change(&mut sample, &letter);
        sample.state.ready.insert(order);
        assert_eq!(sample.execute(), None);
        assert_eq!(sample.count("intent"), 0, "{code}");
        let id = sample.order_id(order);
        assert!(sample.refusals().contains(&("execute", id.as_str(), code)), "{code}");
        assert!(!sample.state.ready.contains(&order), "{code}");
    }
}

#[test]
fn a_key_that_two_applied_with_goes_to_one() {
    let mut sample = Sample::found();
    let shared = key();
    let mut orders = Vec::new();
    for name in ["李丹", "王小明"] {
        let id = sample.register(name, "sz-office");
        let letter = sample.letter(&id, "official");
        let copy = SoftwareSigner::from_pkcs8(shared.pkcs8()).unwrap();
        orders.push(sample.applied(&letter, &copy));
    }
    for order in &orders {
        sample.approved_by(*order, &OFFICERS);
    }
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 1);
    let codes: Vec<Code> = sample.refusals().iter().map(|refusal| refusal.2).collect();
    assert_eq!(codes, [Code::KeyForeign]);
}

#[test]
fn a_key_is_issued_to_only_as_its_code_bound_it() {
    let (mut sample, letter, order) = Sample::with_application();
    sample.approved_by(order, &OFFICERS);
    let other = sample.letter(&letter.person, "official");
    let other = sample.applied(&other, &key());
    let theirs = sample.rows.orders[&other].binding.clone();
    let own = std::mem::replace(&mut sample.rows.orders.get_mut(&order).unwrap().binding, theirs);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 0);
    let id = sample.order_id(order);
    assert_eq!(sample.refusals(), [("execute", id.as_str(), Code::BindMismatch)]);
    sample.rows.orders.get_mut(&order).unwrap().binding = own;
    sample.state.ready.insert(order);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 1);
}

#[test]
fn what_the_lint_objects_to_is_not_intended() {
    let mut sample = Sample::found();
    let OperatorRequest::Profile { content } = profile(2, "") else { unreachable!() };
    // Longer than the issuing certificate lives.
    let content = content.replace("validity_days = 365", "validity_days = 5000");
    sample.done(OperatorRequest::Profile { content }, &SECURITY);
    let id = sample.register("李丹", "sz-office");
    let letter = sample.letter(&id, "official");
    let order = sample.applied(&letter, &key());
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 0);
    assert!(sample.refusals().is_empty(), "our own fault is nobody's refusal");
    assert_eq!(sample.became_of(order), Ok(()));
}

#[test]
fn an_order_to_revoke_revokes_what_it_names() {
    let mut sample = Sample::found();
    let (letter, first) = sample.official("李丹");
    let again = sample.letter(&letter.person, "official");
    let second = sample.certify(&again, &key());
    let serial = first.serial().to_string();
    sample.revoke("officer-1", &serial, "superseded").unwrap();
    let order = sample.newest_order();
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    let revoked = |record: &records::Record| match &record.event {
        Event::Revoked { certificates, cause: Cause::Order { .. }, reason, .. } => {
            Some((certificates.len(), reason.clone()))
        }
        _ => None,
    };
    assert_eq!(sample.recorded.last().and_then(revoked), Some((1, "superseded".into())));
    assert!(sample.state.list_due);
    sample.sequence();
    assert!(sample.authority().is_revoked(&serial));
    assert!(!sample.authority().is_revoked(&second.serial().to_string()));
    assert_eq!(sample.became_of(order), Err(Code::OrderConsumed));
}

#[test]
fn a_change_is_in_force_when_the_tree_holds_it() {
    let mut sample = Sample::found();
    let order = archive(&mut sample, "sz-archive");
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().unit("sz-archive").is_none());
    assert_eq!(sample.rows.order_states[&order], "open");
    sample.sequence();
    assert!(sample.authority().unit("sz-archive").is_some());
    assert_eq!(sample.rows.order_states[&order], "done");
    assert_eq!(sample.became_of(order), Err(Code::OrderConsumed));
}
