//! People snapshots: what an agent is told follows from the log, and is told anew when that
//! changed.

use crate::command::{Command, NewSnapshot};
use crate::decide::snapshot::said;
use crate::sample::Sample;
use crate::sample::operate::{OFFICERS, SECURITY, agent, gate, person};
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

fn keep(sample: &mut Sample, new: &Arc<NewSnapshot>, as_of: u64) -> Result<(), Code> {
    let made = vec![new.clone()];
    sample.decide(|reply| Command::People(made, as_of, reply))
}

fn with_gate() -> Sample {
    let mut sample = Sample::found();
    sample.done(agent(gate("register", "gate-1")), &SECURITY);
    sample
}

#[test]
fn a_snapshot_is_recorded_and_kept() {
    let mut sample = with_gate();
    let (new, as_of) = (made(&sample, 1), sample.state.followed.edge.size());
    keep(&mut sample, &new, as_of).unwrap();
    assert_eq!(sample.rows.snapshots, [("gate-1".to_owned(), 1)]);
    let Some(Event::People { number: 1, people: 2, .. }) =
        sample.recorded.last().map(|record| record.event.clone())
    else {
        panic!("{:?}", sample.recorded.last())
    };
    assert!(!sample.state.people_due);
}

#[test]
fn who_changed_since_asks_for_the_next() {
    let mut sample = with_gate();
    let (new, as_of) = (made(&sample, 1), sample.state.followed.edge.size());
    sample.register("李丹", "sz-office");
    keep(&mut sample, &new, as_of).unwrap();
    assert!(sample.state.people_due);
    let (next, as_of) = (made(&sample, 2), sample.state.followed.edge.size());
    assert_ne!(new.said, next.said);
    keep(&mut sample, &next, as_of).unwrap();
    assert!(!sample.state.people_due);
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
