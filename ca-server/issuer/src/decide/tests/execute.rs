//! Carrying out: each order once, changes one after the other, judged by what holds then.

use crate::sample::operate::{OFFICERS, SECURITY, person, profile, unit};
use crate::sample::{Sample, key};
use authority::OrderDigest;
use ca_host::operator::OperatorRequest;
use keys::SoftwareSigner;
use records::Code;
use records::order::{ORDER_SECONDS, PersonAction, UnitAction};
use records::record::{Cause, Event};
use std::collections::BTreeSet;

pub(super) fn archive(sample: &mut Sample, id: &str) -> OrderDigest {
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
