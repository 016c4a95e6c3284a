//! What was told as done and only takes away: it holds, whoever takes its records out of the queue
//! before the tree has them, and they come into the log as they were.

use super::brake::takings;
use crate::sample::Sample;
use crate::sample::operate::{OFFICERS, revoke, unit};
use ca_host::operator::OperatorRequest;
use records::decline::Outcome;
use records::order::UnitAction;
use records::record::{Cause, Event};
use records::{Code, Record};

/// Everything that waits is taken away, and a round comes; gives what waited before, but for what
/// follows from a leave again and again.
fn taken_away(sample: &mut Sample) -> Vec<Record> {
    let follows =
        |one: &Record| matches!(&one.event, Event::Revoked { cause: Cause::Left { .. }, .. });
    let mut waited = sample.waiting().to_vec();
    waited.retain(|one| !follows(one));
    sample.take_away(|_| true);
    assert!(sample.waiting().is_empty());
    sample.round((&[], &[]), |_| ());
    waited
}

/// The order, its approvals and what carried it out vanish together, again and again.
#[test]
fn a_brake_of_which_every_record_is_taken_away_holds() {
    let mut sample = Sample::found();
    let (lost, certificate) = sample.official("张建国");
    let mut takings = takings(&mut sample);
    takings.push((revoke(&lost.person, "keyCompromise"), OFFICERS));
    for (request, names) in takings {
        let asked = format!("{request:?}");
        sample.operator(request).unwrap();
        let order = sample.newest_order();
        for name in names {
            sample.approve(order, name).unwrap();
        }
        assert_eq!(sample.execute(), None, "{asked}");
        for _ in 0..2 {
            let waited = taken_away(&mut sample);
            assert!(waited.len() >= 4, "order, two approvals, and that it was carried out");
            assert_eq!(sample.became_of(order), Err(Code::OrderConsumed), "{asked}");
            assert_eq!(sample.waiting(), waited, "as they were");
        }
        sample.sequence();
        assert_eq!(sample.became_of(order), Err(Code::OrderConsumed), "{asked}");
        assert!(sample.state.told.is_empty(), "the tree has all of it");
    }
    assert!(sample.authority().is_revoked(&certificate.serial().to_string()));
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

/// A letter that was voided opens nothing again, and what was declined or taken back stays so.
#[test]
fn what_was_ended_is_not_open_again() {
    let (mut sample, letter) = Sample::with_letter();
    let void = OperatorRequest::VoidLetter { reference: letter.reference.clone() };
    sample.operator(void).unwrap();
    let waited = taken_away(&mut sample);
    assert_eq!(sample.waiting(), waited);
    let submission = sample.submission(&letter, &crate::sample::key());
    assert_eq!(sample.submit(submission).err(), Some(Code::LetterVoided));

    let (mut sample, _, order) = Sample::with_application();
    sample.decline(order, "officer-1", Outcome::Returned).unwrap();
    let became = sample.became_of(order).unwrap_err();
    taken_away(&mut sample);
    assert_eq!(sample.became_of(order), Err(became));
}

/// Whoever takes something away that takes nothing back finds it gone, as before: what grants
/// waits for the tree.
#[test]
fn what_grants_is_not_kept() {
    let mut sample = Sample::found();
    let order = sample.order(unit(UnitAction::Create, "sz-1", "档案局", "shangzhou"));
    sample.approved_by(order, &OFFICERS);
    assert!(sample.state.told.is_empty());
    sample.take_away(|_| true);
    sample.round((&[], &[]), |_| ());
    assert!(sample.waiting().is_empty());
}

/// A hand has the order of a brake come behind its approvals and what carried it out, so that the
/// tree gives those no effect: the approvals that were told come again, and it is carried out.
#[test]
fn what_came_before_its_order_comes_again() {
    let mut sample = Sample::found();
    for (request, names) in takings(&mut sample) {
        let asked = format!("{request:?}");
        sample.operator(request).unwrap();
        let order = sample.newest_order();
        for name in names {
            sample.approve(order, name).unwrap();
        }
        assert_eq!(sample.execute(), None, "{asked}");
        sample.put_behind(|event| matches!(event, Event::Order { .. }));
        sample.sequence();
        assert_eq!(sample.became_of(order), Ok(()), "the log has it open: {asked}");
        assert_eq!(sample.execute(), None, "{asked}");
        assert_eq!(sample.became_of(order), Err(Code::OrderConsumed), "felt at once: {asked}");
        sample.sequence();
        assert_eq!(sample.became_of(order), Err(Code::OrderConsumed), "{asked}");
        assert!(sample.state.told.is_empty(), "the tree has all of it: {asked}");
    }
}

/// An approval that the tree gives no effect, wherever it stands, comes again a few times and not
/// for ever; one of an order that is over does not.
#[test]
fn what_has_no_effect_again_and_again_comes_a_few_times() {
    let mut sample = Sample::found();
    sample.done(unit(UnitAction::Create, "sz-1", "档案局", "shangzhou"), &OFFICERS);
    let order = sample.order(unit(UnitAction::Close, "sz-1", "", ""));
    sample.approve(order, "officer-1").unwrap();
    let came = [0; 6].map(|_| {
        sample.sequence_without_effect(|event| matches!(event, Event::Approval { .. }));
        sample.round((&[], &[]), |_| ());
        sample.waiting().len()
    });
    assert_eq!(came, [1, 1, 1, 0, 0, 0]);
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.became_of(order), Err(Code::OrderConsumed));
    let approval = |one: &Record| match &one.event {
        Event::Approval { approval, .. } => Some(approval.clone()),
        _ => None,
    };
    let approval = sample.recorded.iter().rev().find_map(approval).unwrap();
    assert!(sample.authority().is_settled_approval(&approval));
}

/// However much vanished, a round puts so much of it on its way again and ends in its time; all of
/// it holds meanwhile, and the next rounds go on.
#[test]
fn what_vanished_comes_again_in_several_rounds() {
    let mut sample = Sample::found();
    let event = sample.city.void_event("0123456789ABCDEF");
    for number in 0..1_500_u128 {
        let mut record = sample.city.record(event.clone());
        record.id = number.to_be_bytes().into();
        sample.tells(record);
    }
    sample.take_away(|_| true);
    let came = [0; 3].map(|_| {
        sample.round((&[], &[]), |_| ());
        sample.waiting().len()
    });
    assert_eq!(came, [1_000, 1_500, 1_500]);
}
