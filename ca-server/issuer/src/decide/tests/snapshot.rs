//! People snapshots: what an agent is told follows from the log, and is told anew when that
//! changed.

use crate::command::{Command, NewSnapshot, Reply, Snapshots};
use crate::decide::snapshot::said;
use crate::sample::Sample;
use crate::sample::operate::{OFFICERS, SECURITY, agent, gate, person};
use crate::state::PENDING_MAX;
use records::Code;
use records::order::PersonAction;
use records::people::SignedPeople;
use records::record::Event;
use std::sync::Arc;

/// A snapshot as the publisher makes it.
fn made(sample: &Sample, number: u64) -> Arc<NewSnapshot> {
    let snapshot = sample.authority().snapshot("gate-1", number, sample.city.now).unwrap();
    let signed = SignedPeople::sign(&snapshot, &sample.context.registry).unwrap();
    let said = said(&snapshot).unwrap();
    Arc::new(NewSnapshot { snapshot, signed, said })
}

fn keep(sample: &mut Sample, new: &Arc<NewSnapshot>) -> Result<(), Code> {
    sample.decide(|reply| Command::People(alone(new), reply))
}

fn alone(new: &Arc<NewSnapshot>) -> Snapshots {
    Snapshots { new: vec![new.clone()], take_away: false }
}

fn with_gate() -> Sample {
    let mut sample = Sample::found();
    sample.done(agent(gate("register", "gate-1")), &SECURITY);
    sample
}

#[test]
fn a_snapshot_is_recorded_and_kept() {
    let mut sample = with_gate();
    let new = made(&sample, 1);
    keep(&mut sample, &new).unwrap();
    assert_eq!(sample.rows.snapshots, [("gate-1".to_owned(), 1)]);
    let Some(Event::People { number: 1, people: 2, .. }) =
        sample.recorded.last().map(|record| record.event.clone())
    else {
        panic!("{:?}", sample.recorded.last())
    };
}

/// One behind no brake delays none, however large it is and however many gates there are; and gates
/// hear from us while the log takes nothing in.
#[test]
fn a_snapshot_is_no_brake_and_is_kept_when_the_log_is_full() {
    let mut sample = with_gate();
    let new = made(&sample, 1);
    let (reply, _) = Reply::open();
    let command = Command::People(alone(&new), reply);
    assert!(!command.is_brake(Some(sample.authority())));
    sample.state.pending_count = PENDING_MAX;
    keep(&mut sample, &new).unwrap();
}

#[test]
fn whatever_changed_is_told() {
    let mut sample = with_gate();
    let (first, before) = (made(&sample, 1), sample.state.people_change);
    let id = sample.register("李丹", "sz-office");
    assert!(sample.state.people_change > before);
    assert_ne!(first.said, made(&sample, 2).said);
    assert_eq!(sample.state.people_taken, 0, "nothing was taken away");
    // Who goes is told before the tree has it.
    let leave = sample.order(person(PersonAction::Leave, &id, "", ""));
    sample.approved_by(leave, &OFFICERS);
    let before = sample.state.people_change;
    assert_eq!(sample.execute(), None);
    assert!(sample.state.people_change > before);
    assert_eq!(sample.state.people_taken, sample.state.people_change);
}

/// What an order that was carried out says is what was judged: a hand that takes its row has gates
/// told no later.
#[test]
fn what_was_taken_away_is_known_without_its_row() {
    let mut sample = with_gate();
    let id = sample.register("李丹", "sz-office");
    let leave = sample.order(person(PersonAction::Leave, &id, "", ""));
    sample.approved_by(leave, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.rows.orders.remove(&leave);
    let before = sample.state.people_change;
    sample.sequence();
    assert!(sample.state.people_change > before);
    assert_eq!(sample.state.people_taken, sample.state.people_change);
}

#[test]
fn what_a_snapshot_says_has_no_number_and_no_time() {
    let mut sample = with_gate();
    let first = made(&sample, 1);
    sample.pass(3_600);
    assert_eq!(first.said, made(&sample, 2).said);
    sample.done(person(PersonAction::Create, "", "王小明", "ln-office"), &SECURITY);
    assert_eq!(first.said, made(&sample, 3).said, "nobody of its units");
}

#[test]
fn a_snapshot_tells_of_nobody_who_left_and_a_closed_gate_of_nobody() {
    let mut sample = with_gate();
    let id = sample.register("李丹", "sz-office");
    let people = |sample: &Sample| made(sample, 1).snapshot.people.len();
    assert_eq!(people(&sample), 3);
    let leave = sample.order(person(PersonAction::Leave, &id, "", ""));
    sample.approved_by(leave, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert_eq!(people(&sample), 2, "recorded is enough");
    sample.sequence();
    assert_eq!(people(&sample), 2);
    sample.done(agent(gate("close", "gate-1")), &SECURITY);
    assert_eq!(people(&sample), 0);
}
